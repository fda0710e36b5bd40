import pytest

from local_runtime.errors import PatchSiteMissing
from local_runtime.patches import RULES, WRAPPERS, Rule, adapt


def test_no_site_is_left(asm_text: str) -> None:
    adapted = adapt(asm_text)
    for gone in ("new WebAssembly.Module(", "Date.now(", "crypto.getRandomValues(", "eval("):
        assert gone not in adapted


def test_factory_is_exported_under_both_names(asm_text: str) -> None:
    assert "export default _createPyodideModule;export{_createPyodideModule};" in adapt(asm_text)


def test_wrappers_are_imported_first(asm_text: str) -> None:
    first = adapt(asm_text).splitlines()[0]
    assert first.endswith('from "pyodide-internal:builtin_wrappers";')
    assert all(name in first for name in WRAPPERS)


def test_replacements_keep_what_stands_around(asm_text: str) -> None:
    adapted = adapt(asm_text)
    assert "newWasmModule(bytes);" in adapted
    assert "new WebAssembly.Instance(module,info);" in adapted
    assert "WebAssembly.instantiateStreaming(response,imports);" in adapted
    assert "view=>getRandomValues(Module,view);" in adapted
    assert "alignMemory(Module.getMemoryPatched(Module,libName,metadata.memorySize+" in adapted
    assert "var getMemory=size=>1;" in adapted


def test_side_modules_come_from_workerd_and_honour_load_async(asm_text: str) -> None:
    adapted = adapt(asm_text)
    assert "patchedLoadLibData(Module,libName,flags.rpath)" in adapted
    assert "flags.loadAsync?Promise.resolve(libModule):libModule}function getExports" in adapted
    assert "readBinary(libFile)" not in adapted


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.site)
def test_a_missing_site_is_named(asm_text: str, rule: Rule) -> None:
    first = rule.pattern.replace("\\b", "").replace("\\", "").partition(".*?")[0]
    broken = asm_text.replace(first, "somethingElse(", 1)
    assert broken != asm_text
    with pytest.raises(PatchSiteMissing, match=f"'{rule.site}' was found") as caught:
        adapt(broken)
    assert (caught.value.expected, caught.value.found) == (rule.count, rule.count - 1)


def test_one_site_too_many_is_an_error(asm_text: str) -> None:
    with pytest.raises(PatchSiteMissing, match=r"'Date\.now' was found 23 times, expected 22"):
        adapt(asm_text + "Date.now()")


def test_an_eval_that_no_rule_covers_is_an_error(asm_text: str) -> None:
    with pytest.raises(PatchSiteMissing, match="an eval no rule covers"):
        adapt(asm_text + "eval(surprise)")
