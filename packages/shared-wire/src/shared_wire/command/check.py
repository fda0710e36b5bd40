"""``engine-do check`` and ``socketio-do check``."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shared_wire.checks.findings import Finding
from shared_wire.checks.project import Project
from shared_wire.command.files import ConfigUnreadable, read_project
from shared_wire.command.snapshot import Snapshot, find_snapshot_fault

__all__ = ["main"]

#: Where the program lies that npm installs with wrangler, from a project's folder or one above it.
_INSTALLED: Final = "node_modules/@cloudflare/workerd-*/bin/workerd"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 1 where there are errors, 2 where nothing could be checked, and 0 otherwise."""
    options = _parser().parse_args(arguments)
    codes = [_check(folder, options) for folder in options.project]
    return max(codes)


def _check(folder: Path, options: argparse.Namespace) -> int:
    modules = options.modules or folder / "python_modules"
    try:
        project = read_project(folder, modules)
    except ConfigUnreadable as error:
        _say(f"error: {error}")
        return 2
    findings = project.check()
    errors = [one for one in findings if one.is_error]
    if not errors:
        gate = _snapshot(folder, project, modules, options)
        findings, errors = [*findings, *gate], [*errors, *gate]
    for one in findings:
        sys.stdout.write(f"{'' if one.is_error else 'warning: '}{folder / one.path}{str(one).removeprefix(one.path)}\n")
    _say(f"{folder}: {len(errors)} errors, {len(findings) - len(errors)} warnings")
    return 1 if errors else 0


def _snapshot(folder: Path, project: Project, modules: Path, options: argparse.Namespace) -> list[Finding]:
    """Go through the snapshot gate, where there is a workerd; says why it does not."""
    workerd = None if options.no_snapshot else options.workerd or _find_workerd(folder)
    if workerd is None or not modules.is_dir():
        missing = "it was not asked for" if options.no_snapshot else "there is no workerd"
        _say(f"{folder}: the snapshot was not tried: {missing if workerd is None else f'there is no {modules}'}")
        return []
    flags = ["python_workers_development"] if options.development_bundle else []
    with Snapshot(folder, project, workerd, modules, flags) as snapshot:
        return list(find_snapshot_fault(snapshot, project))


def _find_workerd(folder: Path) -> Path | None:
    """Find the program: of the environment, else of the project or a folder above it, else of the search path."""
    beside = [found for one in (folder.resolve(), *folder.resolve().parents) for found in sorted(one.glob(_INSTALLED))]
    found = os.environ.get("MINIFLARE_WORKERD_PATH") or next(iter(beside), None) or shutil.which("workerd")
    return None if found is None else Path(found)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Say what would fail a Worker's deploy, or bite in production.")
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="check a Worker's sources and configuration, and its snapshot")
    check.add_argument("project", type=Path, nargs="*", default=[Path()], help="folder with the wrangler configuration")
    check.add_argument("--workerd", type=Path, help="the workerd program (default: what npm has installed)")
    check.add_argument("--no-snapshot", action="store_true", help="read only, and start nothing")
    check.add_argument("--modules", type=Path, help="the vendored packages (default: python_modules)")
    check.add_argument(
        "--development-bundle", action="store_true", help="the workerd has a Python runtime on disk and downloads none"
    )
    return parser
