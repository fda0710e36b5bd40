"""`python_modules`: the local packages as wheels, and what they depend on, for Pyodide.

The local packages are named to uv by the path of their wheel. A requirement on one of them,
from another local package or from the project, is then met by that file or not at all.
"""

import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_runtime.cache import Cache, digest, tree_digest
from local_runtime.commands import run
from local_runtime.errors import ProjectInvalid
from local_runtime.progress import Progress

__all__ = ["Vendored", "all_files", "module_sizes", "sdk_requirement", "vendor"]

PLATFORM = ("--python-platform", "wasm32-pyodide2025", "--python-version", "3.14")
SDK = "workers-runtime-sdk==1.9.5"
"""The `workers` module, which wrangler expects among the vendored modules."""

USELESS = ("**/__pycache__", "**/*.pyc", "bin", ".lock")


@dataclass(frozen=True, kw_only=True)
class Vendored:
    """A finished `python_modules` folder, and its size in bytes by top-level name."""

    folder: Path
    sizes: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class LocalPackage:
    """A Python package of this working tree."""

    folder: Path
    name: str
    dependencies: frozenset[str]

    @classmethod
    def read(cls, folder: Path) -> "LocalPackage":
        """Read name and dependencies; raises ProjectInvalid where there is no package."""
        project = _project_table(folder / "pyproject.toml")
        if project is None:
            raise ProjectInvalid(f"{folder} has no pyproject.toml with a [project] table")
        return cls(
            folder=folder.resolve(),
            name=_canonical(str(project["name"])),
            dependencies=_names(project.get("dependencies", ())),
        )


def vendor(
    cache: Cache,
    *,
    packages: Sequence[Path],
    requirements: Sequence[str],
    constraints: Path | None,
    progress: Progress,
) -> Vendored:
    """Build the packages, install them with their dependencies, and return the folder.

    The SDK comes in the release of `SDK`, unless a requirement names another one.
    """
    local = [LocalPackage.read(folder) for folder in packages]
    _check_complete(local, requirements)
    wheels = [_wheel(cache, package, progress) for package in local]
    sdk = sdk_requirement(requirements)

    def build(folder: Path) -> None:
        with progress.step("Python modules for the Worker"):
            options = () if constraints is None else ("--constraints", str(constraints.resolve()))
            _install(folder, [*map(str, wheels), *requirements, *sdk], options)

    pins = "" if constraints is None else constraints.read_bytes()
    names = [wheel.parent.name for wheel in wheels]
    key = digest(*names, "|", *requirements, "|", *sdk, *PLATFORM, pins)
    folder = cache.folder("python_modules", "modules", key, build)
    return Vendored(folder=folder, sizes=module_sizes(folder))


def sdk_requirement(requirements: Sequence[str]) -> tuple[str, ...]:
    """The release of the SDK that is vendored besides the requirements, if these name none."""
    return () if _names([SDK]) <= _names(requirements) else (SDK,)


def module_sizes(folder: Path) -> dict[str, int]:
    """Bytes of each package or module in `folder`, metadata folders included."""
    return {entry.name: _size(entry) for entry in sorted(folder.iterdir())}


def _size(entry: Path) -> int:
    return sum(file.stat().st_size for file in (all_files(entry) if entry.is_dir() else [entry]))


def all_files(folder: Path) -> list[Path]:
    """The files of a vendored folder."""
    return [file for file in folder.rglob("*") if file.is_file()]


def project_requirements(folder: Path) -> tuple[str, ...]:
    """What the project's own `pyproject.toml` depends on, as `pywrangler` would vendor it."""
    project = _project_table(folder / "pyproject.toml") or {}
    dependencies = project.get("dependencies", ())
    return tuple(map(str, dependencies)) if isinstance(dependencies, list) else ()


def _check_complete(local: Sequence[LocalPackage], requirements: Sequence[str]) -> None:
    """A neighbour folder that is needed but was not given would come from PyPI: refuse that."""
    given = {package.name for package in local}
    needed = _names(requirements).union(*(package.dependencies for package in local))
    for name, folder in sorted(_neighbours(local).items()):
        if name in needed and name not in given:
            raise ProjectInvalid(f"{name} is needed: give its folder {folder} as a package too.")


def _neighbours(local: Sequence[LocalPackage]) -> dict[str, Path]:
    parents = {package.folder.parent for package in local}
    found: dict[str, Path] = {}
    for file in (file for parent in parents for file in parent.glob("*/pyproject.toml")):
        project = _project_table(file)
        if project is not None:
            found[_canonical(str(project["name"]))] = file.parent
    return found


def _wheel(cache: Cache, package: LocalPackage, progress: Progress) -> Path:
    def build(folder: Path) -> None:
        with progress.step(f"wheel of {package.name}"):
            command = [*_uv(), "build", "--wheel", "--out-dir", str(folder)]
            run([*command, "--no-create-gitignore", str(package.folder)], cwd=folder)

    key = tree_digest(package.folder)
    folder = cache.folder("wheels", package.name, key, build)
    return next(folder.glob("*.whl"))


def _install(target: Path, what: Sequence[str], options: Sequence[str]) -> None:
    command = [*_uv(), "pip", "install", "--python", sys.executable, "--target", str(target)]
    run([*command, "--only-binary", ":all:", *PLATFORM, *options, *what], cwd=target)
    for pattern in USELESS:
        for path in list(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _uv() -> list[str]:
    return [sys.executable, "-m", "uv", "--no-progress", "--color", "never"]


def _project_table(file: Path) -> dict[str, object] | None:
    if not file.is_file():
        return None
    table = tomllib.loads(file.read_text()).get("project")
    return table if isinstance(table, dict) else None


def _names(requirements: object) -> frozenset[str]:
    texts = requirements if isinstance(requirements, Iterable) else ()
    return frozenset(
        _canonical(re.split(r"[^A-Za-z0-9._-]", str(text), maxsplit=1)[0]) for text in texts
    )


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
