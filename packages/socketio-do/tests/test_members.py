"""Every public member and option of the installed python-socketio is in the parity table, and the table tells the truth.

``SOCKETIO_DO_WRITE_README=1 pytest packages/socketio-do/tests/test_members.py`` writes the table into its page.
"""

import inspect
import logging
import re
from pathlib import Path
from typing import Any

import engineio
import pytest
import socketio
from diagrams import hold
from server_fakes import World, finish
from server_members import ATTRIBUTES, METHODS, NAMESPACE, OPTIONS, REFUSED_OPTIONS, Member
from server_readme import PAGES
from socketio import packet

from socketio_do.errors import ConfigError
from socketio_do.server.options import check_options

README = PAGES / "parity.md"
ENGINE_CONFIG = Path(__file__).parents[2] / "engine-do" / "src" / "engine_do" / "config.py"

SERVER = METHODS | ATTRIBUTES


def public(thing: Any) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def stock_server() -> Any:
    make: Any = socketio.AsyncServer
    return make(async_mode="asgi", logger=logging.getLogger("stock"))


def stock_namespace() -> Any:
    make: Any = socketio.AsyncNamespace
    return make("/")


def refusal(option: str) -> str:
    with pytest.raises(ConfigError) as caught:
        check_options({option: None})
    return str(caught.value).partition("cannot work here: ")[2]


def options() -> dict[str, Member]:
    return OPTIONS | {name: Member("refused", f"`ConfigError`: {refusal(name)}") for name in REFUSED_OPTIONS}


def rows() -> list[tuple[str, str, str]]:
    """List the whole table: member, status, how."""
    tables = [
        (METHODS, "`{}()`"),
        (ATTRIBUTES, "`sio.{}`"),
        (options(), "option `{}`"),
        (NAMESPACE, "`AsyncNamespace.{}`"),
    ]
    return [
        (form.format(name), table[name].status, table[name].how) for table, form in tables for name in sorted(table)
    ]


def text() -> str:
    lines = ["| python-socketio | here | how |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows())]
    return "\n".join(lines) + "\n"


def test_the_table_has_every_public_member_of_a_server_and_no_other() -> None:
    server = stock_server()
    assert set(SERVER) == public(server)
    assert {name for name in SERVER if inspect.isroutine(getattr(server, name))} == set(METHODS)


def test_the_table_has_every_public_member_of_a_namespace_and_no_other() -> None:
    assert set(NAMESPACE) == public(stock_namespace())


def test_the_table_has_every_option_and_no_other() -> None:
    owners = (socketio.AsyncServer, socketio.AsyncServer.__mro__[1], engineio.AsyncServer.__mro__[1])
    upstream = {name for owner in owners for name in inspect.signature(owner).parameters}
    # `async_handlers` and `logger` are Engine.IO's as well; `kwargs` are its options.
    assert {*options(), "args", "kwargs"} - {"engineio_logger"} == (upstream | {"args"}) - {"self"}


@pytest.mark.parametrize("name", [name for name, member in SERVER.items() if member.status != "refused"])
def test_what_works_is_there(name: str) -> None:
    assert hasattr(World().sio, name)


@pytest.mark.parametrize("name", [name for name, member in METHODS.items() if member.status == "refused"])
def test_what_is_refused_raises_and_says_what_there_is_instead(name: str) -> None:
    method = getattr(World().sio, name)
    needed = [one for one in inspect.signature(method).parameters.values() if one.default is one.empty]
    args = [None for one in needed if one.kind is one.POSITIONAL_OR_KEYWORD]
    with pytest.raises(ConfigError, match=r"route|fetch_sockets"):
        finish(method(*args))


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_that_works_is_taken(name: str) -> None:
    values: dict[str, Any] = {"logger": logging.getLogger("mine"), "namespaces": ["/a"], "serializer": packet.Packet}
    value = values.get(name, True)
    given: dict[str, Any] = {name: value}
    attribute = "packet_class" if name == "serializer" else name
    assert getattr(World(**given).sio, attribute) == value


@pytest.mark.parametrize("name", REFUSED_OPTIONS)
def test_an_option_of_the_engine_that_is_named_exists_there(name: str) -> None:
    named = re.findall(r"EngineConfig\((\w+)=", refusal(name))
    config = ENGINE_CONFIG.read_text(encoding="utf-8")
    assert [option for option in named if f"\n    {option}: " not in config] == []


def test_no_cell_is_empty() -> None:
    assert [row for row in rows() if not all(cell.strip() for cell in row)] == []
    assert len(rows()) > 60


def test_what_is_not_as_upstream_says_why() -> None:
    assert [row for row in rows() if row[1] != "works" and len(row[2]) < 10] == []


def test_the_readme_has_the_table() -> None:
    hold("parity", "packages/socketio-do/tests/test_members.py", text(), README)
