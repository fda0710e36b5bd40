"""A prepared project as a folder of its own, which plain workerd serves on a machine that has nothing else."""

import shutil
from pathlib import Path

from local_runtime.bundle import BUNDLE_FILE
from local_runtime.project import CONFIG_FILE, Prepared

__all__ = ["export"]

PROGRAM, BUNDLE, APP = "workerd", "bundle", "app"
"""What the folder holds: the program, Python for it, and what it serves."""


def export(prepared: Prepared, folder: Path) -> None:
    """Write or renew these three in `folder`; everything else in it stays as it is.

    Each is put in place whole, so a server that runs from the folder goes on until it is started
    again.
    """
    (folder / BUNDLE).mkdir(parents=True, exist_ok=True)
    _put_file(prepared.program, folder / PROGRAM)
    _put_file(prepared.workerd.parent / BUNDLE_FILE, folder / BUNDLE / BUNDLE_FILE)
    _put_folder(prepared.folder, folder / APP)


def _put_file(source: Path, target: Path) -> None:
    fresh = target.with_name(target.name + ".new")
    shutil.copy(source, fresh)
    fresh.replace(target)


def _put_folder(source: Path, target: Path) -> None:
    """The content of links is copied: the cache they lead into may be removed."""
    fresh, old = (target.with_name(target.name + suffix) for suffix in (".new", ".old"))
    for left in (fresh, old):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(source, fresh, ignore=shutil.ignore_patterns(CONFIG_FILE))
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
