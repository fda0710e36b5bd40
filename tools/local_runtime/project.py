"""From a project folder to a folder in which `wrangler dev` or plain `workerd` runs."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_runtime import config, plain_config
from local_runtime.bundle import WRAPPER_FILE, runtime_folder, workerd_binary
from local_runtime.cache import Cache, default_cache, digest, source_files, tree_digest
from local_runtime.errors import ProjectInvalid
from local_runtime.node import install, make_assets, node_command, node_env
from local_runtime.progress import Progress
from local_runtime.vendor import Vendored, all_files, project_requirements, vendor

__all__ = ["Prepared", "Project", "prepare"]

TOOLS = Path(__file__).resolve().parents[1]
"""Where `package.json` and the lock file of wrangler and pyodide lie."""

CONFIG_FILE = "wrangler.json"
PLAIN_CONFIG_FILE = "workerd.capnp"

OFFLINE = {
    "CI": "1",
    "CLOUDFLARE_CF_FETCH_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "FORCE_COLOR": "0",
    "WRANGLER_CI_DISABLE_CONFIG_WATCHING": "true",
    "WRANGLER_HIDE_BANNER": "true",
    "WRANGLER_SEND_ERROR_REPORTS": "false",
    "WRANGLER_SEND_METRICS": "false",
    "X_LOCAL_EXPLORER": "false",
}
"""No look-up of updates or of the machine's place, no telemetry, no questions."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """What to serve.

    `packages` are folders of local Python packages. `requirements` are vendored beside the
    `dependencies` of the project's own `pyproject.toml`. `overrides` are config fields merged
    over the project's (`{"vars": {...}}`, `{"main": ...}`). `files` maps a path in the
    project to a file from elsewhere that is put there in the copy. `constraints` is a file
    for uv; the hashes in it are checked.
    """

    folder: Path
    packages: tuple[Path, ...] = ()
    overrides: Mapping[str, object] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    constraints: Path | None = None
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything a server needs; `folder` is never changed by a later `prepare`.

    `workerd` is the wrapper that names the bundle, `program` is workerd itself.
    """

    folder: Path
    wrangler: tuple[str, ...]
    workerd: Path
    program: Path
    env: Mapping[str, str]
    module_sizes: Mapping[str, int]

    @property
    def vendored_bytes(self) -> int:
        """Size of all vendored modules together."""
        return sum(self.module_sizes.values())


def prepare(project: Project, *, quiet: bool = False, cache: Path | None = None) -> Prepared:
    """Prepare `project` from PyPI and npm; what is already in the cache is not made again."""
    config.read(project.folder)
    store = Cache(cache or default_cache())
    progress = Progress(quiet=quiet)
    node_modules = install(store, TOOLS, progress)
    runtime = runtime_folder(store, node_modules, progress)
    make_assets(store, project.folder, progress)
    vendored = vendor(
        store,
        packages=project.packages,
        requirements=(*project_requirements(project.folder), *project.requirements),
        constraints=project.constraints,
        progress=progress,
    )
    return Prepared(
        folder=_copy(store, project, vendored),
        wrangler=tuple(node_command(node_modules / "wrangler" / "bin" / "wrangler.js")),
        workerd=runtime / WRAPPER_FILE,
        program=workerd_binary(node_modules),
        env={**node_env(), **OFFLINE, "MINIFLARE_WORKERD_PATH": str(runtime / WRAPPER_FILE)},
        module_sizes=vendored.sizes,
    )


def _copy(store: Cache, project: Project, vendored: Vendored) -> Path:
    """A copy of the project that only a new key replaces, so that no edit reloads a server."""
    original, written = config.read(project.folder)
    settings = config.derive(written, project.overrides)
    derived = json.dumps(settings, indent=2, sort_keys=True)
    added = {name: file.read_bytes() for name, file in sorted(project.files.items())}
    sources = {_name(file, project.folder): file for file in source_files(project.folder)}
    sources.pop(original.name)
    vendored_files = (_name(file, vendored.folder) for file in all_files(vendored.folder))
    plain = plain_config.write(settings, {*sources, *added}, vendored_files)

    def build(folder: Path) -> None:
        for name, file in sources.items():
            _write(folder, name, file.read_bytes())
        for name, content in added.items():
            _write(folder, name, content)
        (folder / CONFIG_FILE).write_text(derived)
        (folder / PLAIN_CONFIG_FILE).write_text(plain)
        link = os.path.relpath(vendored.folder, store.root / "projects" / "this")
        (folder / "python_modules").symlink_to(link, target_is_directory=True)

    parts = [part for item in added.items() for part in item]
    key = digest(tree_digest(project.folder), derived, plain, vendored.folder.name, *parts)
    return store.folder("projects", project.folder.resolve().name, key, build)


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _write(folder: Path, name: str, content: bytes) -> None:
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise ProjectInvalid(f"{name} lies outside the project")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
