"""Rewrites Pyodide's `pyodide.asm.mjs` into the module that workerd loads.

workerd forbids code generation, has its own clock and entropy rules, and keeps files of the
Worker in a read-only file system, so the stock module cannot run in it. Each rule below is one
place to rewrite; `adapt` raises PatchSiteMissing for a rule that does not fit exactly.
"""

import re
from dataclasses import dataclass

from local_runtime.errors import PatchSiteMissing

__all__ = ["RULES", "Rule", "adapt"]

WRAPPERS = (
    "addEventListener",
    "getRandomValues",
    "location",
    "monotonicDateNow",
    "newWasmModule",
    "patchedLoadLibData",
    "wasmInstantiate",
)
"""What workerd's own module offers in place of the web's globals."""

IMPORTS = f'import {{ {", ".join(WRAPPERS)} }} from "pyodide-internal:builtin_wrappers";\n'

REFUSED_EVAL = '(()=>{throw new Error("eval is not available in workerd")})()'

SIDE_MODULE = (
    "function loadLibData(){"
    "var libModule=patchedLoadLibData(Module,libName,flags.rpath);"
    "return flags.loadAsync?Promise.resolve(libModule):libModule}"
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`pattern` must match exactly `count` times; each match becomes `replacement`, as is."""

    site: str
    pattern: str
    replacement: str
    count: int


RULES = (
    Rule(
        site="export of the factory",
        pattern=r"export default _createPyodideModule;",
        replacement="export default _createPyodideModule;export{_createPyodideModule};",
        count=1,
    ),
    Rule(
        site="new WebAssembly.Module",
        pattern=r"new WebAssembly\.Module\(",
        replacement="newWasmModule(",
        count=4,
    ),
    Rule(
        site="WebAssembly.instantiate",
        pattern=r"\bWebAssembly\.instantiate\(",
        replacement="wasmInstantiate(",
        count=2,
    ),
    Rule(
        site="Date.now",
        pattern=r"\bDate\.now\(",
        replacement="monotonicDateNow(",
        count=22,
    ),
    Rule(
        site="crypto.getRandomValues",
        pattern=r"\bcrypto\.getRandomValues\(",
        replacement="getRandomValues(Module,",
        count=1,
    ),
    Rule(
        site="eval of a function's text",
        pattern=r"\beval\(func\)",
        replacement=REFUSED_EVAL,
        count=2,
    ),
    Rule(
        site="eval of emscripten_run_script",
        pattern=r"\beval\(UTF8ToString\(ptr\)\)",
        replacement=REFUSED_EVAL,
        count=3,
    ),
    Rule(
        site="eval of a downloaded script",
        pattern=r"\beval\(data\)",
        replacement=REFUSED_EVAL,
        count=1,
    ),
    Rule(
        site="body of loadLibData",
        pattern=r"function loadLibData\(\)\{.*?return readBinary\(libFile\)\}",
        replacement=SIDE_MODULE,
        count=1,
    ),
    Rule(
        site="memory of a side module",
        pattern=r"\bgetMemory\(metadata\.memorySize",
        replacement="Module.getMemoryPatched(Module,libName,metadata.memorySize",
        count=1,
    ),
)


def adapt(source: str) -> str:
    """The text of `pyodide.asm.mjs` for workerd; raises PatchSiteMissing, naming the site."""
    for rule in RULES:
        source = _apply(rule, source)
    _check_no_eval(source)
    return IMPORTS + source


def _apply(rule: Rule, source: str) -> str:
    changed, found = re.subn(rule.pattern, lambda _: rule.replacement, source, flags=re.DOTALL)
    if found != rule.count:
        raise PatchSiteMissing(rule.site, expected=rule.count, found=found)
    return changed


def _check_no_eval(source: str) -> None:
    left = len(re.findall(r"\beval\(", source))
    if left:
        raise PatchSiteMissing("an eval no rule covers", expected=0, found=left)
