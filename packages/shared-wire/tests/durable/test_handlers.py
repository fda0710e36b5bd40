"""The short way to handlers, in the model of the runtime; `tests-e2e/test_way_in.py` has it on real workerd."""

from typing import Any
from weakref import ref

import pytest

from shared_wire.testing.modules import install

install()

from shared_wire.durable.handlers import shorten_way_to  # noqa: E402 - it imports what the line before puts in place


class Object:
    def __init__(self) -> None:
        self.noted: list[object] = []
        shorten_way_to(self, "receive", "fail")

    def receive(self, *args: object) -> int:
        self.noted += args
        return len(args)

    def fail(self) -> None:
        raise ValueError("a fault")


class Derived(Object):
    def receive(self, *args: object) -> int:
        return super().receive("derived", *args)


class Curt(Object):
    def receive(self, socket: object) -> int:  # type: ignore[override]
        return super().receive(socket)


def test_a_method_is_called_with_what_the_runtime_gives_it() -> None:
    made = Object()
    assert made.receive("socket", "frame") == 2
    assert vars(made).keys() >= {"receive", "fail"}
    assert made.noted == ["socket", "frame"]


def test_a_derived_class_has_its_own_method_called_once() -> None:
    made = Derived()
    made.receive("frame")
    assert made.noted == ["derived", "frame"]


def test_a_method_is_called_with_no_more_than_it_takes() -> None:
    made: Any = Curt()
    made.receive("socket", "frame")
    assert made.noted == ["socket"]


def test_what_a_method_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="a fault"):
        Object().fail()


def test_an_object_whose_life_is_over_is_not_kept() -> None:
    made = Object()
    found = ref(made)
    del made
    assert found() is None
