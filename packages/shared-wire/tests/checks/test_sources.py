import ast

import pytest

from shared_wire.checks.sources import Source, dotted


def calls(text: str) -> list[tuple[str, int]]:
    return [(call.name, call.node.lineno) for call in Source.parse("entry.py", "entry", text).calls_at_import()]


@pytest.mark.parametrize(
    "text",
    [
        "import time\nx = time.time()",
        "import time as t\nx = t.time()",
        "from time import time\nx = time()",
        "from time import time as now\nx = [now()]",
        "import time\nif x: y = time.time()",
        "import time\nclass A: y = time.time()",
        "import time\nclass A(base(time.time())): pass",
        "import time\ndef f(y=time.time()): pass",
        "import time\ndef f(*, y=time.time()): pass",
        "import time\nf = lambda y=time.time(): y",
        "import time\n@decorate(time.time())\ndef f(): pass",
        "import time\nx = [time.time() for _ in range(3)]",
        "import time\nx = f'{time.time()}'",
    ],
)
def test_what_runs_while_a_module_is_imported_is_seen(text: str) -> None:
    assert calls(text) == [("time.time", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "import time\ndef f(): return time.time()",
        "import time\nasync def f(): return time.time()",
        "import time\nf = lambda: time.time()",
        "import time\nclass A:\n    def f(self): return time.time()",
        "import time\nif TYPE_CHECKING: time.time()",
        "import time\nif __name__ == '__main__': time.time()",
        "time.time()",
        "from .time import time\ntime()",
        "import time\nx = time.time",
    ],
)
def test_what_does_not_is_not(text: str) -> None:
    assert calls(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time\ndef f():\n    return time.time()\nx = f()",
        "import time\ndef f(g):\n    return time.time()\n@f\ndef g(): pass",
        "import time\nclass A:\n    def __init__(self): time.time()\nx = A()",
    ],
)
def test_a_function_of_the_module_that_it_calls_is_followed(text: str) -> None:
    source = Source.parse("entry.py", "entry", text)
    assert [(call.name, call.node.lineno) for call in source.calls_at_import()] == [("time.time", 3)]
    assert [call.within for call in source.calls_at_import()] in (["f"], ["A"])


def test_it_is_followed_one_level_deep() -> None:
    assert calls("import time\ndef f():\n    return time.time()\ndef g():\n    return f()\ng()") == []


def test_names_that_a_module_binds() -> None:
    text = "import a.b\nfrom c import d as e\nif x:\n    class F: y = 1\nelse:\n    G = 1\n"
    text += "try:\n    H: int = 1\nexcept E:\n    I = 2\nfor J in (): K = 1\n"
    assert Source.parse("entry.py", "entry", text).bound == {"a.b", "e", "F", "G", "H", "I", "J", "K"}
    assert "*" in Source.parse("entry.py", "entry", "from a import *").bound


def test_what_a_name_stands_for() -> None:
    source = Source.parse("entry.py", "entry", "import a.b\nimport c as d\nfrom e import f")
    assert source.names == {"a": "a", "d": "c", "f": "e.f"}
    assert source.full_name(ast.parse("d.x.y", mode="eval").body) == "c.x.y"
    assert source.full_name(ast.parse("g.x", mode="eval").body) is None


@pytest.mark.parametrize(("text", "name"), [("a", "a"), ("a.b.c", "a.b.c"), ("a().b", None), ("1", None)])
def test_an_expression_that_is_a_name(text: str, name: str | None) -> None:
    assert dotted(ast.parse(text, mode="eval").body) == name
