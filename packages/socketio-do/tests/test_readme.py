"""The README stands on its own, so it repeats things: they must stay true. Its chat is run."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import socketio
from server_fakes import World, socket_sid
from server_readme import NAMED_PAGES, PAGES, README, names, table

import socketio_do
from socketio_do import limits
from socketio_do.server.options import KNOWN, check_options

PACKAGE = Path(__file__).parent.parent
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_example_is_python(block: str) -> None:
    assert compile(block, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).co_code


@pytest.mark.parametrize(
    ("file", "begin"),
    [
        ("chat/src/chat.py", "import"),
        ("chat/src/entry.py", "from"),
        ("chat/tests/test_chat.py", '"""'),
        ("news/src/news.py", '"""'),
        ("news/src/entry.py", "class Socket("),
        ("rooms/src/clock.py", '"""'),
        ("news/wrangler.jsonc", '  "vars"'),
    ],
)
def test_what_is_shown_of_an_example_is_the_example(file: str, begin: str) -> None:
    text = (PACKAGE / "examples" / file).read_text(encoding="utf-8").removesuffix("}\n")
    assert text[text.index(begin) :] in README


def test_every_page_is_named() -> None:
    assert sorted(NAMED_PAGES) == sorted(page.name for page in PAGES.glob("*.md"))


def test_every_example_is_named() -> None:
    folders = sorted(folder.name for folder in (PACKAGE / "examples").iterdir())
    assert sorted(names(row[0])[0] for row in table("`examples/`", "shows")) == folders


def test_the_chat_chats() -> None:
    module: dict[str, Any] = {}
    exec(BLOCKS[0], module)
    world = World(module["register"])
    world.open("e1")
    world.open("e2")
    world.receive("e1", '0{"nick":"Ada"}', '2["join","lobby"]')
    world.reset()
    world.receive("e2", "0", '0{"nick":"Bo"}', '2["join","lobby"]')
    world.reset()
    world.receive("e1", '21["say",{"room":"lobby","text":"hi"}]')
    world.close("e1")
    assert world.take("e1") == [f'0{{"sid":"{socket_sid(1)}"}}', '31["ok"]']
    assert world.take("e2") == [
        '4{"message":"tell us your nick"}',
        f'0{{"sid":"{socket_sid(3)}"}}',
        '2["said",{"from":"Ada","text":"hi"}]',
        '2["left","Ada"]',
    ]


def test_the_options_that_work_are_those_named() -> None:
    named = [names(row[0])[0] for row in table("option", "default")]
    for name in named:
        assert check_options({name: None}) is None  # type: ignore[func-returns-value]  # that it returns is the point
    assert sorted(named) == sorted(KNOWN)


@pytest.mark.parametrize("name", limits.__all__)
def test_every_limit_is_named_with_its_value(name: str) -> None:
    rows = [row for row in table("limit", "value") if row[0].startswith(f"`{name}`")]
    assert [row[1].replace(",", "") for row in rows] == [str(getattr(limits, name))]


@pytest.mark.parametrize("name", socketio_do.__all__)
def test_every_public_name_is_explained(name: str) -> None:
    assert f"{name}`" in README


@pytest.mark.parametrize(("first", "second"), [("method", "what it does"), ("decorator", "called with")])
def test_every_method_named_is_the_servers_and_what_we_add_is_named(first: str, second: str) -> None:
    named = {name for row in table(first, second) for name in names(row[0])} - {"disconnecting"}
    assert named
    assert [name for name in named if not hasattr(World().sio, name) or hasattr(socketio.AsyncServer, name)] == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if "@sio" in block and "def register" not in block])
def test_an_example_of_ours_registers(block: str) -> None:
    """What stands alone is registered; the calls, which wait for a client, are only read above."""
    world = World()
    alone = re.sub(r"^await .*$", "", block, flags=re.MULTILINE)
    exec(alone, {"sio": world.sio, "re": re, "EventRefusedError": socketio_do.EventRefusedError})
    assert world.sio.handlers or world.sio._hooks._hooks or world.sio._answer_handlers
