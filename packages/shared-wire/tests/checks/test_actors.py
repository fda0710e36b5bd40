from collections.abc import Mapping
from typing import Any

import pytest

from shared_wire.checks.actors import Classes, find_binding_faults, module_name
from shared_wire.checks.settings import Settings
from shared_wire.checks.sources import Source

IMPORTS = "from engine_do.durable import EngineActor, route\nfrom socketio_do.durable import Emitter, SocketActor\n"
ONE = IMPORTS + "class Chat(SocketActor, EngineActor): pass\n"
TWO = IMPORTS + (
    'class Engine(EngineActor):\n    peer_binding = "SOCKET"\nclass Socket(SocketActor):\n    peer_binding = "ENGINE"\n'
)


def settings(*objects: str, migrations: list[Mapping[str, Any]] | None = None) -> Settings:
    """Bind classes under their names in capitals; without more said, one migration makes them."""
    bindings = [{"name": name.upper(), "class_name": name} for name in objects]
    made = [{"tag": "v1", "new_sqlite_classes": list(objects)}] if migrations is None else migrations
    value = {"main": "src/entry.py", "durable_objects": {"bindings": bindings}, "migrations": made}
    return Settings("wrangler.jsonc", "", value)


def classes(entry: str, **modules: str) -> Classes:
    sources = {name: Source.parse(f"src/{name}.py", name, text) for name, text in modules.items()}
    sources["entry"] = Source.parse("src/entry.py", "entry", entry)
    return Classes(sources, sources["entry"])


def codes(where: Settings, what: Classes) -> list[str]:
    return [one.code for one in find_binding_faults(where, what)]


def test_what_fits_has_no_findings() -> None:
    assert codes(settings("Chat"), classes(ONE)) == []
    assert codes(settings("Engine", "Socket"), classes(TWO)) == []


def test_a_bound_class_must_be_there() -> None:
    assert codes(settings("Chat", "Gone"), classes(ONE)) == ["class-unknown", "migration-unknown"]
    assert codes(settings("Chat", "Gone"), classes(ONE + "from gone import *")) == []
    far = {"name": "X", "class_name": "X", "script_name": "y"}
    elsewhere = {**settings("Chat").value, "durable_objects": {"bindings": [far]}}
    assert "class-unknown" not in codes(Settings("wrangler.jsonc", "", elsewhere), classes(ONE))


@pytest.mark.parametrize(
    ("migrations", "found"),
    [
        ([], ["migration-missing"]),
        ([{"tag": "v1", "new_classes": ["Chat"]}], ["migration-sqlite"]),
        ([{"new_sqlite_classes": ["Chat"]}], ["migration-tag"]),
        ([{"tag": "v1", "new_sqlite_classes": ["Chat"]}, {"tag": "v1"}], ["migration-tag"]),
        ([{"tag": "v1", "new_sqlite_classes": "Chat", "renamed_classes": ["Chat"]}], ["migration-missing"]),
        ([{"tag": "v1", "new_sqlite_classes": ["Chat", "Old"]}], ["migration-unknown"]),
        ([{"tag": "v1", "new_sqlite_classes": ["Chat", "Old"]}, {"tag": "v2", "deleted_classes": ["Old"]}], []),
        (
            [
                {"tag": "v1", "new_sqlite_classes": ["Old"]},
                {"tag": "v2", "renamed_classes": [{"from": "Old", "to": "Chat"}]},
            ],
            [],
        ),
    ],
)
def test_migrations_must_leave_the_classes_that_there_are(
    migrations: list[Mapping[str, Any]], found: list[str]
) -> None:
    assert codes(settings("Chat", migrations=migrations), classes(ONE)) == found


def test_an_actor_needs_a_binding_unless_another_derives_from_it() -> None:
    assert codes(settings("Chat"), classes(ONE + "class Other(EngineActor): pass")) == ["actor-unbound"]
    based = IMPORTS + "class Base(SocketActor): pass\nclass Chat(Base, EngineActor): pass\n"
    assert codes(settings("Chat"), classes(based)) == []


@pytest.mark.parametrize(
    ("entry", "bound", "found"),
    [
        (TWO.replace('"SOCKET"', '"SOCKETS"'), ("Engine", "Socket"), ["binding-unknown"]),
        (ONE.replace(": pass", ':\n    peer_binding = "CHAT"'), ("Chat",), ["peer-binding"]),
        (IMPORTS + "class Chat(SocketActor): pass", ("Chat",), ["peer-binding"]),
        (IMPORTS + "class Chat(SocketActor):\n    peer_binding = NAME", ("Chat",), []),
        (IMPORTS + "class Chat(EngineActor): pass", ("Chat",), []),
        (ONE + "route(request, self.env.CHATS, CONFIG)", ("Chat",), ["binding-unknown"]),
        (ONE + "route(request, self.env.CHAT if x else self.env.CHATS, CONFIG)", ("Chat",), ["binding-unknown"]),
        (ONE + "Emitter(self.env.CHATS)", ("Chat",), ["binding-unknown"]),
        (ONE + "Emitter(self.env.CHAT); route(request, namespace, CONFIG); self.env.KV.get(1)", ("Chat",), []),
    ],
)
def test_what_names_a_binding_must_name_one(entry: str, bound: tuple[str, ...], found: list[str]) -> None:
    assert codes(settings(*bound), classes(entry)) == found


def test_a_class_is_found_where_it_was_imported_from() -> None:
    found = classes(
        "from actors import Chat as Talk",
        actors="from bases import Base\nclass Chat(Base): pass",
        bases=ONE + "Base = 1",
    )
    assert found.actors == {}
    found = classes(
        "from actors import Talk", actors="import bases\nfrom bases import Chat\nclass Talk(Chat): pass", bases=ONE
    )
    assert {name: (one.path, one.kinds) for name, one in found.actors.items()} == {
        "Talk": ("src/actors.py", frozenset({"engine", "application"}))
    }


def test_the_peer_of_a_base_is_that_of_its_class() -> None:
    entry = IMPORTS + 'class Base(EngineActor):\n    peer_binding = "X"\nclass Chat(Base): pass\n'
    assert classes(entry).actors["Chat"].peer_binding == "X"


@pytest.mark.parametrize(("path", "name"), [("src/a.py", "a"), ("src/a/b.py", "a.b"), ("src/a/__init__.py", "a")])
def test_the_name_of_a_module(path: str, name: str) -> None:
    assert module_name(path, "src/entry.py") == name
