"""The Pyodide bundle `pyodide_dev.capnp.bin` and the workerd program that reads it.

With the compatibility flag `python_workers_development` workerd looks for the bundle version
`dev` in the folder of `--pyodide-bundle-disk-cache-dir` and never downloads it.
"""

import importlib
import json
import os
import re
from pathlib import Path
from typing import Any

from local_runtime import patches
from local_runtime.cache import Cache, digest
from local_runtime.errors import ToolMissing, VersionMismatch
from local_runtime.progress import Progress

__all__ = ["BUNDLE_FILE", "WRAPPER_FILE", "runtime_folder", "workerd_wrapper"]

BUNDLE_FILE = "pyodide_dev.capnp.bin"
WRAPPER_FILE = "workerd"
SCHEMA = Path(__file__).with_name("bundle.capnp")
MODULE_PREFIX = "pyodideRuntime-internal:"

WANTED_VERSION = re.compile(rb"pythonWorkersDevPyodide\0+(\d+\.\d+\.\d+[0-9a-z.]*)\0")
"""workerd's table of bundles: the flag's name, then the Pyodide release it was built for."""

WRAPPER = """\
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
workerd="$here/{workerd}"
if [ "$1" = serve ]; then
  shift
  set -- serve "--pyodide-bundle-disk-cache-dir=$here" "$@"
fi
exec "$workerd" "$@"
"""


def runtime_folder(cache: Cache, node_modules: Path, progress: Progress) -> Path:
    """A folder with the bundle and the wrapper for the workerd and pyodide of `node_modules`."""
    workerd = workerd_binary(node_modules)
    pyodide = node_modules / "pyodide"

    def build(folder: Path) -> None:
        with progress.step(f"Pyodide bundle {package_version(pyodide)}"):
            check_versions(workerd, pyodide)
            (folder / BUNDLE_FILE).write_bytes(assemble(pyodide))
            wrapper = folder / WRAPPER_FILE
            wrapper.write_text(workerd_wrapper(workerd, cache.root / "runtime" / "this"))
            wrapper.chmod(0o755)

    return cache.folder("runtime", "pyodide", _key(cache, workerd, pyodide), build)


def workerd_wrapper(workerd: Path, folder: Path) -> str:
    """The script for MINIFLARE_WORKERD_PATH, to lie in `folder`.

    wrangler has no option for the bundle's folder, so the flag goes in here. Paths are
    relative, so that the cache may be moved.
    """
    return WRAPPER.format(workerd=os.path.relpath(workerd, folder))


def workerd_binary(node_modules: Path) -> Path:
    """The workerd program that npm installed for this machine."""
    found = sorted(node_modules.glob("@cloudflare/workerd-*/bin/workerd"))
    if not found:
        raise ToolMissing("npm installed no workerd for this kind of machine.")
    return found[0]


def package_version(package: Path) -> str:
    """The version in an npm package's own `package.json`."""
    return str(json.loads((package / "package.json").read_text())["version"])


def wanted_pyodide(workerd: bytes) -> str:
    """The Pyodide release that the program `workerd` was built for."""
    match = WANTED_VERSION.search(workerd)
    if match is None:
        raise ToolMissing("This workerd does not name the Pyodide release of its dev bundle.")
    return match.group(1).decode()


def check_versions(workerd: Path, pyodide: Path) -> None:
    """Raise VersionMismatch unless `pyodide` is the release `workerd` was built for."""
    installed = package_version(pyodide)
    wanted = wanted_pyodide(workerd.read_bytes())
    if installed != wanted:
        raise VersionMismatch(installed=installed, wanted=wanted)


def bundle_schema() -> Any:
    """The Cap'n Proto struct Bundle. pycapnp has no types, and takes its time to import."""
    return importlib.import_module("capnp").load(str(SCHEMA)).Bundle


def assemble(pyodide: Path) -> bytes:
    """The bundle: one Cap'n Proto message with the three files of the npm package."""
    source = patches.adapt((pyodide / "pyodide.asm.mjs").read_text()).encode()
    message = bundle_schema().new_message()
    modules = message.init("modules", 3)
    contents = (
        ("pyodide.asm", "src", source),
        ("pyodide.asm.wasm", "wasm", (pyodide / "pyodide.asm.wasm").read_bytes()),
        ("python_stdlib.zip", "data", (pyodide / "python_stdlib.zip").read_bytes()),
    )
    for module, (name, kind, content) in zip(modules, contents, strict=True):
        module.name = MODULE_PREFIX + name
        module.type = "internal"
        setattr(module, kind, content)
    return bytes(message.to_bytes())


def _key(cache: Cache, workerd: Path, pyodide: Path) -> str:
    recipe = (Path(__file__), Path(patches.__file__), SCHEMA)
    return digest(
        os.path.relpath(workerd, cache.root),
        package_version(pyodide),
        *(file.read_bytes() for file in recipe),
    )
