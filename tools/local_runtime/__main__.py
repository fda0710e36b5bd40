"""The command: `python -m local_runtime prepare|serve|export PROJECT [--package FOLDER]...`."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from local_runtime.base import LocalServer, ServerOptions
from local_runtime.errors import RuntimeToolError, ServerFailed
from local_runtime.export import export
from local_runtime.plain import WorkerdServer
from local_runtime.project import Prepared, Project, prepare
from local_runtime.server import DevServer

__all__ = ["main"]

LOG_SECONDS = 0.3
"""How often the command shows what the server has printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        prepared = prepare(_project(options), quiet=options.quiet, cache=options.cache)
        if options.action == "serve":
            _serve(prepared, options)
        elif options.action == "export":
            export(prepared, options.folder)
        else:
            print(prepared.folder)
    except RuntimeToolError as error:
        print(f"local-runtime: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("local-runtime: stopped", file=sys.stderr)
    return 0


def _serve(prepared: Prepared, options: argparse.Namespace) -> None:
    with _server(prepared, options) as server:
        print(f"Serving on {server.url} (Ctrl-C ends it)", flush=True)
        shown = 0
        while server.running:
            shown = _show_log(server, shown)
            threading.Event().wait(LOG_SECONDS)
        raise ServerFailed(f"{server.program} ended.", log=server.log_text())


def _server(prepared: Prepared, options: argparse.Namespace) -> LocalServer:
    kept = ServerOptions(port=options.port, state=options.state, log=options.log)
    if options.plain:
        return WorkerdServer(prepared, **kept)
    return DevServer(prepared, trace=options.trace, **kept)


def _show_log(server: LocalServer, shown: int) -> int:
    text = server.log_text()
    sys.stderr.write(text[shown:])
    sys.stderr.flush()
    return len(text)


def _project(options: argparse.Namespace) -> Project:
    overrides: dict[str, object] = {}
    if options.var:
        overrides["vars"] = dict(options.var)
    if options.main:
        overrides["main"] = options.main
    return Project(
        folder=options.project,
        packages=tuple(options.package),
        overrides=overrides,
        requirements=tuple(options.require),
        constraints=options.constraints,
    )


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError("write NAME=VALUE")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_runtime", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    common = _common_options()
    actions.add_parser("prepare", parents=[common], help="prepare, and print the folder")
    hosted = actions.add_parser("export", parents=[common], help="prepare, and write a folder")
    hosted.add_argument("folder", type=Path, help="what plain workerd needs, and the project")
    serve = actions.add_parser("serve", parents=[common], help="prepare and serve")
    serve.add_argument("--port", type=int, default=8787, help="0 takes a free one")
    serve.add_argument("--state", type=Path, help="keep stored data here (default: nowhere)")
    serve.add_argument("--log", type=Path, help="also keep the log in this file")
    serve.add_argument("--plain", action="store_true", help="plain workerd, without wrangler")
    serve.add_argument("--trace", action="store_true", help="wrangler's tracing (slow)")
    return parser


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("project", type=Path, help="folder with wrangler.jsonc")
    many: dict[str, type] = {"--package": Path, "--require": str}
    for name, kind in many.items():
        common.add_argument(name, type=kind, action="append", default=[])
    common.add_argument("--constraints", type=Path, help="constraints for uv, hashes checked")
    common.add_argument("--var", type=_variable, action="append", help="NAME=VALUE for vars")
    common.add_argument("--main", help="another entry than the config's")
    common.add_argument("--cache", type=Path, help="another cache folder")
    common.add_argument("--quiet", action="store_true")
    return common


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
