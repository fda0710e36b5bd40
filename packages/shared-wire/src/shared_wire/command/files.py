"""A project read from its folder."""

import gzip
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from shared_wire.checks.project import Project, Vendored
from shared_wire.checks.settings import loads_jsonc
from shared_wire.sdk import SDK

__all__ = ["CONFIG_NAMES", "ConfigUnreadable", "read_project"]

CONFIG_NAMES: Final = ("wrangler.jsonc", "wrangler.json", "wrangler.toml")
#: Folders of a project that hold none of its own sources.
_NOT_OURS: Final = {"python_modules", "node_modules", "tests", "worker_tests"}


class ConfigUnreadable(ValueError):
    """There is no configuration, or it is not what wrangler reads; the text says what to do."""


def read_project(folder: Path, modules: Path | None = None) -> Project:
    """Read a project; raises `ConfigUnreadable`.

    ``modules`` is its folder of vendored packages, if that is not ``python_modules``; one that is not there has no size.
    """
    found = next((folder / name for name in CONFIG_NAMES if (folder / name).is_file()), None)
    if found is None:
        raise ConfigUnreadable(f"{folder} has no {' or '.join(CONFIG_NAMES)}: give the Worker's folder")
    text = found.read_text(encoding="utf-8")
    files = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in _sources(folder)}
    vendored = _read_vendored(modules or folder / "python_modules", "".join(files.values()))
    return Project(found.name, text, _loads(found, text), files, vendored)


def _loads(file: Path, text: str) -> dict[str, Any]:
    try:
        value = tomllib.loads(text) if file.suffix == ".toml" else loads_jsonc(text)
    except (ValueError, RecursionError) as error:
        raise ConfigUnreadable(f"{file} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise ConfigUnreadable(f"{file} must hold one object")
    return value


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts[:-1]
        if not any(part in _NOT_OURS or part.startswith(".") for part in parts):
            yield path


def _read_vendored(folder: Path, sources: str) -> Vendored:
    if not folder.is_dir():
        return Vendored()
    files = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    sizes: dict[str, int] = {}
    for path, content in files.items():
        name = path.relative_to(folder).parts[0]
        sizes[name] = sizes.get(name, 0) + len(content)
    compressed = len(gzip.compress(b"".join([sources.encode(), *files.values()]), mtime=0))
    return Vendored(sizes, compressed, _sdk_version(folder))


def _sdk_version(folder: Path) -> str | None:
    names = (path.name for path in folder.glob(f"{SDK.replace('-', '_')}-*.dist-info"))
    return next((found[1] for name in names if (found := re.search(r"-([\d.]+)\.dist-info$", name))), None)
