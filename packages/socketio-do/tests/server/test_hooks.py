import re

from socketio_do.server.hooks import Hooks
from socketio_do.state.namespaces import Owner

PATTERN = re.compile(r"/room-\d+")
OWNERS: list[Owner] = [("/room-1", ()), (PATTERN, ("/room-1",)), ("*", ("/room-1",))]


def one() -> None: ...
def two() -> None: ...
def three() -> None: ...


def test_they_come_in_the_order_of_registration_whatever_they_are_registered_for() -> None:
    hooks = Hooks()
    hooks.add("use", "*", one)
    hooks.add("use", "/room-1", two)
    hooks.add("use", PATTERN, three)
    assert [handler for handler, _ in hooks.of("use", OWNERS)] == [one, two, three]


def test_those_for_several_namespaces_are_told_which() -> None:
    hooks = Hooks()
    for name in ("*", "/room-1", PATTERN):
        hooks.add("any", name, one)
    assert [prefix for _, prefix in hooks.of("any", OWNERS)] == [("/room-1",), (), ("/room-1",)]


def test_those_of_other_namespaces_and_kinds_are_left_out() -> None:
    hooks = Hooks()
    hooks.add("use", "/", one)
    hooks.add("any", "/room-1", one)
    hooks.add("use", re.compile("/other"), one)
    assert list(hooks.of("use", OWNERS)) == []


def test_one_function_may_be_registered_twice_and_is_called_twice() -> None:
    hooks = Hooks()
    hooks.add("use", "*", one)
    hooks.add("use", "*", one)
    assert len(list(hooks.of("use", OWNERS))) == 2


def test_whether_there_is_any_of_some_kinds() -> None:
    hooks = Hooks()
    assert not hooks.has("any")
    hooks.add("any", "/", one)
    assert hooks.has("any")
    assert not hooks.has("use")
