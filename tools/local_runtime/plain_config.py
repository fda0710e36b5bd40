"""The config with which plain `workerd` serves a project, derived from the wrangler config.

It is Cap'n Proto in text form, so that whoever hosts a Worker without Cloudflare can read it,
and it names every file relative to itself.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

__all__ = ["SOCKET", "STORAGE", "left_out", "write"]

SOCKET = "http"
STORAGE = "storage"
"""Names of the socket and of the folder, with which options of `workerd serve` replace them."""

SERVED = """\
compatibility_date compatibility_flags durable_objects main migrations name python_modules vars"""
MEANINGLESS = "account_id dev limits observability placement preview_urls route routes workers_dev"
"""What says how Cloudflare's network is to treat the Worker, and changes nothing for its code."""

TEMPLATE = """\
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = {storage}, disk = (path = {storage}, writable = true)),
  ],
  sockets = [(name = {socket}, address = "127.0.0.1:8787", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = {date},
  compatibilityFlags = [{flags}],
  durableObjectStorage = (localDisk = {storage}),
  durableObjectNamespaces = [
{namespaces}
  ],
  bindings = [
{bindings}
  ],
  modules = [
{modules}
  ],
);
"""


def write(config: Mapping[str, object], sources: Iterable[str], vendored: Iterable[str]) -> str:
    """The config for a folder with these files; `vendored` are relative to `python_modules`."""
    return TEMPLATE.format(
        storage=_text(STORAGE),
        socket=_text(SOCKET),
        date=_text(config.get("compatibility_date", "")),
        flags=", ".join(map(_text, _list(config.get("compatibility_flags")))),
        namespaces=_lines(_namespaces(config)),
        bindings=_lines(_bindings(config)),
        modules=_lines(
            [*_sources(str(config["main"]), sources), *_vendored(_not_excluded(config, vendored))]
        ),
    )


def left_out(config: Mapping[str, object]) -> list[str]:
    """The fields of a wrangler config that mean something and that `write` has no word for."""
    return sorted(set(config) - {*SERVED.split(), *MEANINGLESS.split()})


def _namespaces(config: Mapping[str, object]) -> Iterator[str]:
    """One for each class; its key decides in which folder its objects are stored."""
    sqlite = set(_migrated(config, "new_sqlite_classes"))
    bound = [str(binding["class_name"]) for binding in _durable_objects(config)]
    for name in sorted({*bound, *sqlite, *_migrated(config, "new_classes")}):
        key = _text(f"{config.get('name', 'worker')}-{name}")
        sql = ", enableSql = true" if name in sqlite else ""
        yield f"className = {_text(name)}, uniqueKey = {key}{sql}"


def _bindings(config: Mapping[str, object]) -> Iterator[str]:
    for binding in _durable_objects(config):
        target = _text(binding["class_name"])
        yield f"name = {_text(binding['name'])}, durableObjectNamespace = {target}"
    variables = config.get("vars")
    for name, value in variables.items() if isinstance(variables, Mapping) else ():
        kind, content = ("text", value) if isinstance(value, str) else ("json", json.dumps(value))
        yield f"name = {_text(name)}, {kind} = {_text(content)}"


def _sources(main: str, files: Iterable[str]) -> Iterator[str]:
    """The entry first, then the Python files beside it and below it, named as it imports them."""
    entry = PurePosixPath(main)
    found = (PurePosixPath(file) for file in files)
    beside = sorted(one for one in found if one.suffix == ".py" and one != entry)
    for file in [entry, *(one for one in beside if one.is_relative_to(entry.parent))]:
        name = _text(str(file.relative_to(entry.parent)))
        yield f"name = {name}, pythonModule = embed {_text(str(file))}"


def _not_excluded(config: Mapping[str, object], files: Iterable[str]) -> Iterator[str]:
    """The vendored files that `python_modules.exclude` leaves, matched as wrangler does."""
    modules = config.get("python_modules")
    excluded = _list(modules.get("exclude")) if isinstance(modules, Mapping) else []
    patterns = [_pattern(str(glob)) for glob in excluded]
    return (name for name in files if not any(one.fullmatch(name) for one in patterns))


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob as an expression: `**` crosses folders, `*` does not."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    parts = re.split(r"(\*\*/|\*\*|\*)", glob)
    return re.compile("".join(words.get(part) or re.escape(part) for part in parts))


def _vendored(files: Iterable[str]) -> Iterator[str]:
    """The packages; the SDK's JavaScript must be code, everything else is read as it is."""
    for name in sorted(files):
        path = PurePosixPath("python_modules", name)
        kind = "esModule" if path.match("python_modules/workers/*.js") else "data"
        yield f"name = {_text(str(path))}, {kind} = embed {_text(str(path))}"


def _migrated(config: Mapping[str, object], what: str) -> Iterator[str]:
    for step in _list(config.get("migrations")):
        yield from map(str, _list(step.get(what)) if isinstance(step, Mapping) else ())


def _durable_objects(config: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    objects = config.get("durable_objects")
    found = _list(objects.get("bindings")) if isinstance(objects, Mapping) else []
    return (binding for binding in found if isinstance(binding, Mapping))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _lines(entries: Iterable[str]) -> str:
    return "\n".join(f"    ({entry})," for entry in entries)


def _text(value: object) -> str:
    """A Cap'n Proto text literal; it is written as JSON's are."""
    return json.dumps(str(value), ensure_ascii=False)
