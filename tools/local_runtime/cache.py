"""A cache of folders, each named by what it was made from.

Rules: a folder's name holds a digest of everything that decides its content, so a folder is
never changed after it appeared; it is made under a temporary name and renamed when complete,
so an interrupted run leaves no half of one; one process builds at a time.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Cache", "default_cache", "digest", "source_files", "tree_digest"]

NAME_LENGTH = 16
"""Hex digits of a digest in a folder name: 64 bits, and paths stay readable."""

HALF_MADE = ".half-"
"""Begins the name of a folder being built. Whoever holds the lock may remove what has it."""

ALWAYS_KEPT = 3
"""The newest folders of one name are never removed ..."""

KEPT_SECONDS = 24 * 3600
"""... nor is one that was used within a day: a server may be running in it."""

SKIPPED_ANYWHERE = frozenset({"__pycache__", "node_modules"})
SKIPPED_AT_TOP = frozenset({"build", "dist", "python_modules", "tests", "venv"})
"""Folders that never reach a wheel or a Worker: what tools leave behind, and tests."""

SHOWN_DOT_NAMES = frozenset({".assetsignore", ".dev.vars", ".well-known"})
"""Dot names that are part of a Worker; every other one is somebody else's."""


def default_cache() -> Path:
    """The ignored folder of the repository that this tool lies in."""
    return Path(__file__).resolve().parents[2] / ".cache" / "local-runtime"


def digest(*parts: str | bytes) -> str:
    """A short digest of the parts; their borders count."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()[:NAME_LENGTH]


def source_files(folder: Path) -> list[Path]:
    """All files below `folder` that can matter, sorted; see SKIPPED_AT_TOP."""
    found: list[Path] = []
    for current, folders, files in os.walk(folder):
        skipped = SKIPPED_ANYWHERE | (SKIPPED_AT_TOP if Path(current) == folder else set())
        folders[:] = sorted(name for name in folders if name not in skipped and _is_shown(name))
        found += [Path(current, name) for name in files if _is_shown(name)]
    return sorted(found)


def tree_digest(folder: Path, *extra: str) -> str:
    """A digest of the names and the content of `source_files(folder)`."""
    parts: list[str | bytes] = list(extra)
    for file in source_files(folder):
        parts += [file.relative_to(folder).as_posix(), file.read_bytes()]
    return digest(*parts)


def _is_shown(name: str) -> bool:
    if name.endswith((".egg-info", ".pyc")):
        return False
    return name in SHOWN_DOT_NAMES or not name.startswith(".")


class Cache:
    """Finished folders below one root. Share the root freely between processes."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")

    def folder(self, kind: str, name: str, key: str, build: Callable[[Path], None]) -> Path:
        """The folder `<kind>/<name>-<key>`, made by `build(temporary folder)` where absent."""
        target = self.root / kind / f"{name}-{key}"
        if not target.is_dir():
            self._build(target, build)
        os.utime(target)
        self._prune(target.parent, f"{name}-")
        return target

    def _build(self, target: Path, build: Callable[[Path], None]) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.alone():
            if target.is_dir():
                return
            for left in target.parent.glob(f"{HALF_MADE}*"):
                shutil.rmtree(left, ignore_errors=True)
            half_made = Path(tempfile.mkdtemp(prefix=HALF_MADE, dir=target.parent))
            try:
                half_made.chmod(0o755)
                build(half_made)
                half_made.rename(target)
            finally:
                shutil.rmtree(half_made, ignore_errors=True)

    def _prune(self, kind: Path, prefix: str) -> None:
        by_age = sorted(_matching(kind, prefix), key=_used_at, reverse=True)
        for folder in by_age[ALWAYS_KEPT:]:
            if time.time() - _used_at(folder) > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes that share the root out for the length of the block."""
        with (self.root / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _matching(kind: Path, prefix: str) -> Iterable[Path]:
    return (path for path in kind.iterdir() if path.name[:-NAME_LENGTH] == prefix and path.is_dir())


def _used_at(folder: Path) -> float:
    return folder.stat().st_mtime
