"""Which namespaces are served, over real rows. What clients see of it is in `test_connections.py`."""

import functools
import re
from typing import Any

import pytest
from server_fakes import FakeDatabase, finish

from socketio_do.state import namespaces as module
from socketio_do.state.namespaces import Namespaces
from socketio_do.state.tables import Storage

ROOM, OTHER = re.compile(r"/room-\d+"), re.compile(r"/.*")


class Door:
    """A predicate that writes down what it is asked."""

    def __init__(self, answer: Any = True) -> None:
        self.answer = answer
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, *args: Any) -> Any:
        self.asked.append(args)
        return self.answer


class Setup:
    """Namespaces over rows that survive them."""

    def __init__(self) -> None:
        self.storage = Storage(FakeDatabase())
        self.storage.create_tables()

    def begin(
        self, handlers: Any = None, classes: Any = None, served: Any = ("/",), *, cleanup: bool = False
    ) -> Namespaces:
        return Namespaces(self.storage, {name: {} for name in handlers or ()}, classes or {}, served, cleanup=cleanup)


@pytest.fixture
def setup() -> Setup:
    return Setup()


def admit(made: Namespaces, name: str, auth: Any = None) -> bool:
    return finish(made.admit(name, {"PATH": "/"}, auth))


@pytest.mark.parametrize(
    ("name", "served"),
    [("/", True), ("/handled", True), ("/class", True), ("/room-7", True), ("/room-7x", False), ("/x/room-7", False)],
)
def test_a_name_is_let_in_by_a_list_a_handler_a_class_or_a_pattern_of_the_whole_name(
    setup: Setup, name: str, served: bool
) -> None:
    assert admit(setup.begin(["/handled", ROOM], {"/class": object()}), name) == served


def test_with_a_star_everything_is_let_in(setup: Setup) -> None:
    assert admit(setup.begin(served="*"), "/anything")
    assert not admit(setup.begin(served=["/a"]), "/anything")


def test_a_predicate_is_asked_with_name_environ_and_auth(setup: Setup) -> None:
    door = Door()
    assert admit(setup.begin([door]), "/a", {"token": 1})
    assert door.asked == [("/a", {"PATH": "/"}, {"token": 1})]


@pytest.mark.parametrize("answer", [None, False, 0, ""])
def test_what_is_not_true_lets_nobody_in(setup: Setup, answer: Any) -> None:
    assert not admit(setup.begin([Door(answer)]), "/a")


def test_a_predicate_may_be_a_coroutine_function(setup: Setup) -> None:
    async def door(name: str, environ: Any, auth: Any) -> bool:
        return name == "/a"

    made = setup.begin([door])
    assert admit(made, "/a")
    assert not admit(made, "/b")
    assert made.parent("/a") is door


def test_nobody_is_asked_about_a_name_that_is_known(setup: Setup) -> None:
    door = Door()
    made = setup.begin([door, "/static"])
    for name in ("/static", "/a", "/a"):
        assert admit(made, name)
    assert [args[0] for args in door.asked] == ["/a"]


def test_the_first_that_lets_a_name_in_is_its_parent(setup: Setup) -> None:
    no, yes, late = Door(False), Door(), Door()
    made = setup.begin([no, yes, late])
    admit(made, "/a")
    assert made.parent("/a") is yes
    assert (len(no.asked), len(late.asked)) == (1, 0)


def test_a_pattern_comes_before_predicates_and_patterns_in_their_order(setup: Setup) -> None:
    door = Door()
    made = setup.begin([door, ROOM, OTHER])
    admit(made, "/room-1")
    assert made.parent("/room-1") is ROOM
    assert made.parent("/x") is OTHER
    assert door.asked == []


def test_a_name_of_its_own_has_no_parent(setup: Setup) -> None:
    made = setup.begin([OTHER, "/a"], {"/b": object()})
    assert [made.parent(name) for name in ("/a", "/b", "/")] == [None] * 3


def test_what_was_kept_is_known_in_the_next_life_without_asking(setup: Setup) -> None:
    door = Door()
    made = setup.begin([door])
    admit(made, "/kept")
    made.keep("/kept")
    admit(made, "/forgotten")
    again: Any = setup.begin([door])
    door.asked.clear()
    assert again.parent("/kept") is door
    assert again.parent("/forgotten") is None
    assert admit(again, "/kept")
    assert door.asked == []


def test_predicates_of_the_same_name_are_told_apart_after_a_reset(setup: Setup) -> None:
    one, two = Door(False), Door()
    made = setup.begin([one, two])
    admit(made, "/a")
    made.keep("/a")
    assert setup.begin([one, two]).parent("/a") is two


def test_a_predicate_without_a_name_may_be_kept_too(setup: Setup) -> None:
    partial = functools.partial(Door())
    made = setup.begin([partial])
    admit(made, "/a")
    made.keep("/a")
    assert setup.begin([partial]).parent("/a") is partial


def test_a_child_of_a_predicate_that_is_gone_has_no_parent(setup: Setup) -> None:
    made = setup.begin([Door()])
    admit(made, "/a")
    made.keep("/a")
    assert setup.begin([lambda name, environ, auth: True]).parent("/a") is None


def test_what_a_pattern_lets_in_is_not_kept(setup: Setup) -> None:
    made = setup.begin([ROOM])
    admit(made, "/room-1")
    made.keep("/room-1")
    assert setup.storage.count_namespaces() == 0


def test_a_child_that_never_had_a_socket_is_forgotten(setup: Setup) -> None:
    door = Door()
    made = setup.begin([door])
    admit(made, "/a")
    made.release("/a", lambda: False)
    assert made.parent("/a") is door
    made.release("/a", lambda: True)
    assert made.parent("/a") is None


@pytest.mark.parametrize("cleanup", [False, True])
def test_an_empty_child_is_forgotten_when_that_is_asked_for(setup: Setup, cleanup: bool) -> None:
    made = setup.begin([Door()], cleanup=cleanup)
    admit(made, "/a")
    made.keep("/a")
    made.release("/a", lambda: False)
    assert setup.storage.count_namespaces() == 1
    made.release("/a", lambda: True)
    assert (made.parent("/a") is None) == cleanup
    assert setup.storage.count_namespaces() == (not cleanup)


def test_nothing_is_released_that_no_predicate_let_in(setup: Setup) -> None:
    def is_empty() -> bool:
        raise AssertionError

    made = setup.begin([ROOM], cleanup=True)
    admit(made, "/room-1")
    for name in ("/room-1", "/", "/unknown"):
        made.release(name, is_empty)
    assert made.parent("/room-1") is ROOM


def test_predicates_let_in_so_many_and_no_more(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHILDREN", 2)
    made = setup.begin([Door()])
    for name in ("/a", "/b"):
        assert admit(made, name)
        made.keep(name)
    assert not admit(made, "/c")
    assert admit(made, "/a")
    assert made.parent("/c") is None


def test_namespaces_whose_first_socket_is_still_connecting_count(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHILDREN", 2)
    made = setup.begin([Door()])
    assert [admit(made, name) for name in ("/a", "/b", "/c")] == [True, True, False]
    made.release("/a", lambda: True)
    assert admit(made, "/c")


def test_memory_holds_some_children_and_all_are_known(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_HELD_CHILDREN", 3)
    door = Door()
    made = setup.begin([door], cleanup=True)
    names = [f"/{number}" for number in range(10)]
    for name in names:
        admit(made, name)
        made.keep(name)
    assert len(made._held) == 3
    assert made._fresh == {}
    assert [made.parent(name) for name in names] == [door] * 10
    assert len(made._held) == 3
    for name in names:
        made.release(name, lambda: True)
    assert [made.parent(name) for name in names] == [None] * 10
    assert setup.storage.count_namespaces() == 0


def test_a_kept_child_is_not_written_again(setup: Setup) -> None:
    database: Any = setup.storage.database
    made = setup.begin([Door()])
    admit(made, "/a")
    made.keep("/a")
    database.take()
    made.keep("/a")
    assert database.take() == []


def test_without_predicates_nothing_is_read(setup: Setup) -> None:
    database: Any = setup.storage.database
    made = setup.begin([ROOM, "/a"], served="*")
    database.take()
    for name in ("/room-1", "/a", "/x"):
        admit(made, name)
        made.owners(name)
    assert database.take() == []


def test_whose_handlers_may_serve_a_namespace(setup: Setup) -> None:
    made = setup.begin([ROOM, "/a"])
    assert made.owners("/a") == [("/a", ()), ("*", ("/a",))]
    assert made.owners("/room-1") == [("/room-1", ()), (ROOM, ("/room-1",)), ("*", ("/room-1",))]


def test_a_child_is_in_its_parent_and_in_itself(setup: Setup) -> None:
    made = setup.begin([ROOM])
    assert made.is_in("/room-1", "/room-1")
    assert made.is_in("/room-1", ROOM)
    assert not made.is_in("/room-1", "/room-2")
    assert not made.is_in("/room-1", OTHER)
    assert not made.is_in("/", ROOM)


def test_the_nearest_handler_is_found_with_what_it_does_not_know(setup: Setup) -> None:
    handlers: Any = {"*": {"x": 1, "*": 2}, ROOM: {"y": 3, "z": 4}, "/a": {"*": 5}}
    made = Namespaces(setup.storage, handlers, {}, ("/",), cleanup=False)
    assert made.handler("x", "/a") == (5, ("x",))
    assert made.handler("y", "/room-1") == (3, ("/room-1",))
    assert made.handler("x", "/room-1") == (1, ("/room-1",))
    assert made.handler("w", "/room-1") == (2, ("w", "/room-1"))
    assert made.handler("*", "/a") == (5, ("*",))


@pytest.mark.parametrize("event", ["connect", "disconnect", "disconnecting"])
def test_a_catch_all_handler_is_not_for_the_servers_own_events(setup: Setup, event: str) -> None:
    made = Namespaces(setup.storage, {"/": {"*": 1}}, {}, ("/",), cleanup=False)
    assert made.handler(event, "/") is None
    assert made.handler("other", "/") == (1, ("other",))


def test_the_nearest_class_is_found(setup: Setup) -> None:
    made = Namespaces(setup.storage, {}, {ROOM: 1, "*": 2, "/a": 3}, ("/",), cleanup=False)
    assert made.handler_class("/a") == (3, ())
    assert made.handler_class("/room-1") == (1, ("/room-1",))
    assert made.handler_class("/b") == (2, ("/b",))
    assert setup.begin().handler_class("/b") is None
