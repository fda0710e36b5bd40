"""The contract: what we rely on in python-socketio is there, and our overrides can be called as upstream's."""

import ast
import inspect
import logging
import operator
from collections.abc import Callable
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
import socketio
from diagrams import hold
from server_fakes import World
from socketio import packet

import socketio_do
from socketio_do.protocol import encoding
from socketio_do.server.server import DurableServer
from socketio_do.upstream import contract as upstream
from socketio_do.upstream.engine import EngineProxy
from socketio_do.upstream.manager import DurableManager

SOURCES = Path(socketio_do.__file__).parent
UPSTREAM = Path(socketio.__file__).parent

OVERRIDES = [
    *((socketio.AsyncServer, DurableServer, name, names) for name, names in upstream.OVERRIDDEN_SERVER.items()),
    *((socketio.AsyncManager, DurableManager, name, names) for name, names in upstream.OVERRIDDEN_MANAGER.items()),
]


def parameters(method: Callable[..., Any]) -> list[inspect.Parameter]:
    return [parameter for parameter in inspect.signature(method).parameters.values() if parameter.name != "self"]


def own_members(ours: type) -> dict[str, Any]:
    """Collect what our part of a class defines: its own, and that of the parts it is made of."""
    parts = [part for part in ours.__mro__ if part.__module__.startswith("socketio_do.")]
    return {name: member for part in reversed(parts) for name, member in vars(part).items()}


def stock() -> Any:
    make: Any = socketio.AsyncServer
    return make(async_mode="asgi", logger=logging.getLogger("stock"))


def stock_manager() -> Any:
    make: Any = socketio.AsyncManager
    return make()


def attributes_of_self(source: Path, *, through: str = "") -> set[str]:
    """Collect what a module uses of ``self``, or of an attribute of ``self``."""

    def is_self(node: ast.expr) -> bool:
        if through:
            return isinstance(node, ast.Attribute) and node.attr == through and isinstance(node.value, ast.Name)
        return isinstance(node, ast.Name) and node.id == "self"

    tree = ast.parse(source.read_text(encoding="utf-8"))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_self(node.value)}


def test_the_installed_release_is_in_the_declared_range() -> None:
    assert version("python-socketio").startswith("5.18.")
    assert any(line.startswith("python-socketio") for line in requires("socketio-do") or [])


@pytest.mark.parametrize(("theirs", "ours", "name", "names"), OVERRIDES)
def test_what_is_overridden_is_upstreams_and_has_these_parameters(
    theirs: type, ours: type, name: str, names: tuple[str, ...]
) -> None:
    assert tuple(parameter.name for parameter in parameters(getattr(theirs, name))) == names
    assert name in own_members(ours)


@pytest.mark.parametrize(("theirs", "ours", "name", "names"), OVERRIDES)
def test_an_override_can_be_called_as_upstreams_method(
    theirs: type, ours: type, name: str, names: tuple[str, ...]
) -> None:
    wanted, all_given = parameters(getattr(theirs, name)), parameters(getattr(ours, name))
    given = [one for one in all_given if one.kind is not one.KEYWORD_ONLY]
    assert all(one.default is not one.empty for one in all_given if one not in given), "what we add may be left out"
    assert [(one.name, one.kind) for one in given] == [(one.name, one.kind) for one in wanted]
    assert [one.default for one in given] == [one.default for one in wanted]
    assert inspect.iscoroutinefunction(getattr(ours, name)) == inspect.iscoroutinefunction(getattr(theirs, name))


@pytest.mark.parametrize(
    ("theirs", "ours", "table"),
    [
        (socketio.AsyncServer, DurableServer, upstream.OVERRIDDEN_SERVER),
        (socketio.AsyncManager, DurableManager, upstream.OVERRIDDEN_MANAGER),
    ],
)
def test_the_tables_name_every_override(theirs: type, ours: type, table: dict[str, Any]) -> None:
    shared = {name for name in own_members(ours) if hasattr(theirs, name) and not name.startswith("__")}
    assert shared == set(table)


@pytest.mark.parametrize("name", upstream.USED_SERVER)
def test_what_is_used_is_upstreams_own(name: str) -> None:
    assert hasattr(stock(), name)


def parts_of(ours: type) -> list[Path]:
    """List the modules that a class of ours is made of."""
    modules = [part.__module__ for part in ours.__mro__ if part.__module__.startswith("socketio_do.")]
    return [SOURCES / f"{module.replace('.', '/').removeprefix('socketio_do/')}.py" for module in modules]


def undocumented(names: set[str], theirs: Any, overridden: dict[str, Any]) -> set[str]:
    """Choose what is upstream's own: neither a public method, which is documented, nor one that we override."""
    own = {name for name in names if hasattr(theirs, name)} - set(overridden)
    return {name for name in own if name.startswith("_") or not inspect.isroutine(getattr(theirs, name))}


def test_the_table_names_all_that_is_used_of_upstreams_server() -> None:
    used = {name for source in parts_of(DurableServer) for name in attributes_of_self(source)}
    used |= attributes_of_self(SOURCES / "upstream" / "manager.py", through="server")
    assert undocumented(used, stock(), upstream.OVERRIDDEN_SERVER) == set(upstream.USED_SERVER)


def test_the_table_names_all_that_is_used_of_upstreams_manager() -> None:
    used = {name for source in parts_of(DurableManager) for name in attributes_of_self(source)}
    assert undocumented(used, stock_manager(), upstream.OVERRIDDEN_MANAGER) == set(upstream.USED_MANAGER)


def test_no_private_name_of_upstream_is_used_that_is_in_no_table() -> None:
    """Whatever it is an attribute of."""
    trees = [ast.parse(source.read_text(encoding="utf-8")) for source in SOURCES.rglob("*.py")]
    used = {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    private = {name for name in used if name.startswith("_") and not name.startswith("__")}
    theirs = (stock(), stock_manager(), socketio.AsyncNamespace, packet.Packet, packet, socketio)
    named = {*upstream.USED_SERVER, *upstream.OVERRIDDEN_SERVER, *upstream.OVERRIDDEN_MANAGER}
    assert {name for name in private if any(hasattr(one, name) for one in theirs)} - named == set()


@pytest.mark.parametrize("name", upstream.USED_ELSEWHERE)
def test_what_is_used_elsewhere_is_there_and_is_used(name: str) -> None:
    owner, _, last = name.rpartition(".")
    made = {"exceptions.ConnectionRefusedError": socketio.exceptions.ConnectionRefusedError("no")}
    assert hasattr(made[owner] if owner in made else operator.attrgetter(owner)(socketio), last)
    assert any(f".{last}" in source.read_text(encoding="utf-8") for source in SOURCES.rglob("*.py"))


def test_packets_of_upstream_are_known_in_one_module() -> None:
    served = [source for source in SOURCES.rglob("*.py") if source.parent.name != "testing"]
    trees = {source.stem: ast.parse(source.read_text(encoding="utf-8")) for source in served}
    imported = {
        (stem, alias.name)
        for stem, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "socketio"
        for alias in node.names
    }
    assert imported == {
        ("encoding", "packet"),
        ("encoding", "Packet"),
        ("connections", "ConnectionRefusedError"),
        ("emission", "TimeoutError"),
        ("msgpack_packets", "Packet"),
        ("serializers", "Packet"),
    }
    [packets] = [name for name in vars(encoding) if vars(encoding)[name] is packet]
    used = {
        node.attr
        for node in ast.walk(trees["encoding"])
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == packets
    }
    assert {f"packet.{name}" for name in used} <= set(upstream.USED_ELSEWHERE)


def test_the_engine_has_all_that_upstreams_server_uses_of_one() -> None:
    used = {
        name
        for module in ("async_server.py", "base_server.py")
        for name in attributes_of_self(UPSTREAM / module, through="eio")
    }
    # `send_packet` is `_send_eio_packet`'s, which only upstream's manager calls; session data is not kept in the engine.
    replaced = {"send_packet", "get_session"}
    engine = World().sio.eio
    assert isinstance(engine, EngineProxy)
    assert used - replaced == set(upstream.ENGINE)
    assert [name for name in upstream.ENGINE if not hasattr(engine, name)] == []


def architecture_table() -> str:
    """Make the table of what is relied on, for `ARCHITECTURE.md`."""
    rows = {
        "methods of `AsyncServer` that are overridden": upstream.OVERRIDDEN_SERVER,
        "attributes and private methods of `AsyncServer` that are used": upstream.USED_SERVER,
        "methods of `AsyncManager` that are overridden": upstream.OVERRIDDEN_MANAGER,
        "attributes of `AsyncManager` that are used": upstream.USED_MANAGER,
        "what `AsyncServer` asks of its engine": upstream.ENGINE,
        "elsewhere in `socketio`": upstream.USED_ELSEWHERE,
    }
    lines = [f"| {what} | {', '.join(f'`{name}`' for name in names)} |" for what, names in rows.items()]
    return "\n".join(["| what | names |", "|---|---|", *lines]) + "\n"


def test_architecture_names_all_that_is_relied_on() -> None:
    hold("upstream", "packages/socketio-do/tests/upstream/test_contract.py", architecture_table())


def test_upstreams_manager_is_not_asked_for_anything_that_is_not_overridden() -> None:
    """What is left of upstream's manager works on dictionaries that are empty here."""
    used = {
        name
        for module in ("async_server.py", "base_server.py")
        for name in attributes_of_self(UPSTREAM / module, through="manager")
    }
    assert used <= {*upstream.OVERRIDDEN_MANAGER, "set_server", "initialize"}


@pytest.mark.parametrize("name", upstream.USED_PACKET)
def test_what_is_read_of_a_packet_is_upstreams_own(name: str) -> None:
    assert hasattr(packet.Packet(packet.EVENT, data=["x"]), name)


def test_the_servers_own_events_are_the_same_upstream() -> None:
    assert stock().reserved_events == World().sio.reserved_events == ["connect", "disconnect"]


def test_the_reasons_are_upstreams() -> None:
    assert World().sio.reason.CLIENT_DISCONNECT == "client disconnect"
    assert World().sio.reason.SERVER_DISCONNECT == "server disconnect"


def test_all_other_public_methods_are_upstreams() -> None:
    added = {
        name
        for name in own_members(DurableServer)
        if not name.startswith("_") and not hasattr(socketio.AsyncServer, name)
    }
    assert added == {
        *("on_answer", "on_no_answer", "receive_alarm"),
        *("has_log", "on_recovered", "recovered", "write_log"),
        *("expire", "receive_closed", "receive_lost", "receive_message", "receive_opened"),
        *("receive_upgraded", "receive_digest", "receive_range", "receive_life"),
        *("room_size", "fetch_sockets", "sockets_join", "sockets_leave", "disconnect_sockets"),
        *("use", "use_packet", "on_any", "on_any_outgoing", "on_error", "on_room", "on_wake"),
        "emit_with_ack",
    }
