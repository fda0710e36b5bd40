import json
import subprocess
from pathlib import Path

import pytest

from local_runtime.bundle import (
    assemble,
    bundle_schema,
    check_versions,
    wanted_pyodide,
    workerd_binary,
    workerd_wrapper,
)
from local_runtime.errors import ToolMissing, VersionMismatch

BINARY = (
    b"\x7fELF..pythonWorkers314\x00314.0.6\x00sha..pythonWorkersDevPyodide\x00314.0.7\x00sha256-x"
)


def pyodide_package(folder: Path, version: str, asm_text: str = "") -> Path:
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"version": version}))
    (folder / "pyodide.asm.mjs").write_text(asm_text)
    (folder / "pyodide.asm.wasm").write_bytes(b"\0asm")
    (folder / "python_stdlib.zip").write_bytes(b"PK")
    return folder


def test_wanted_version_stands_beside_the_flag() -> None:
    assert wanted_pyodide(BINARY) == "314.0.7"


def test_a_binary_that_names_no_version_is_an_error() -> None:
    with pytest.raises(ToolMissing, match="does not name the Pyodide release"):
        wanted_pyodide(b"something else")


def test_mismatch_names_both_versions_and_what_to_change(tmp_path: Path) -> None:
    workerd = tmp_path / "workerd"
    workerd.write_bytes(BINARY)
    pyodide = pyodide_package(tmp_path / "pyodide", "314.0.6")
    with pytest.raises(VersionMismatch) as caught:
        check_versions(workerd, pyodide)
    text = str(caught.value)
    assert "pyodide is 314.0.6" in text
    assert "built for 314.0.7" in text
    assert '"pyodide": "314.0.7" in tools/package.json' in text


def test_matching_versions_pass(tmp_path: Path) -> None:
    workerd = tmp_path / "workerd"
    workerd.write_bytes(BINARY)
    check_versions(workerd, pyodide_package(tmp_path / "pyodide", "314.0.7"))


def test_bundle_holds_three_internal_modules(tmp_path: Path, asm_text: str) -> None:
    data = assemble(pyodide_package(tmp_path / "pyodide", "1", asm_text))
    with bundle_schema().from_bytes(data) as bundle:
        found = [(str(m.name), m.which(), str(m.type)) for m in bundle.modules]
        source = bytes(bundle.modules[0].src)
        wasm = bytes(bundle.modules[1].wasm)
    prefix = "pyodideRuntime-internal:"
    assert found == [
        (prefix + "pyodide.asm", "src", "internal"),
        (prefix + "pyodide.asm.wasm", "wasm", "internal"),
        (prefix + "python_stdlib.zip", "data", "internal"),
    ]
    assert source.startswith(b"import {")
    assert wasm == b"\0asm"


def wrapper_output(tmp_path: Path, *args: str) -> tuple[Path, list[str]]:
    workerd = tmp_path / "npm" / "workerd"
    workerd.parent.mkdir()
    workerd.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    workerd.chmod(0o755)
    folder = tmp_path / "run time" / "pyodide-0"
    folder.mkdir(parents=True)
    wrapper = folder / "workerd"
    wrapper.write_text(workerd_wrapper(workerd, folder))
    wrapper.chmod(0o755)
    done = subprocess.run([wrapper, *args], capture_output=True, text=True, check=True)
    return folder, done.stdout.splitlines()


def test_wrapper_adds_the_flag_after_serve(tmp_path: Path) -> None:
    folder, args = wrapper_output(tmp_path, "serve", "--binary", "a b")
    assert args == ["serve", f"--pyodide-bundle-disk-cache-dir={folder}", "--binary", "a b"]


def test_wrapper_passes_everything_else_on(tmp_path: Path) -> None:
    _, args = wrapper_output(tmp_path, "--version")
    assert args == ["--version"]


def test_wrapper_names_no_absolute_path(tmp_path: Path) -> None:
    text = workerd_wrapper(tmp_path / "npm" / "workerd", tmp_path / "runtime" / "x")
    assert str(tmp_path) not in text
    assert "$here/../../npm/workerd" in text


def test_workerd_of_another_machine_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="no workerd"):
        workerd_binary(tmp_path)
