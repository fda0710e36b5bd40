from typing import Any

import pytest
from server_fakes import FakeDatabase

from socketio_do.errors import SessionDataError
from socketio_do.limits import MAX_CONTEXT
from socketio_do.state import callbacks as module
from socketio_do.state import tables
from socketio_do.state.callbacks import Callbacks, Expected
from socketio_do.state.tables import Storage


class Setup:
    """Callbacks over rows that survive them."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        Storage(self.database).create_tables()

    def begin(self) -> Callbacks:
        return Callbacks(Storage(self.database))


@pytest.fixture
def setup() -> Setup:
    return Setup()


def add(callbacks: Callbacks, asked: dict[str, int], due_ms: int = 1_000, context: Any = None) -> list[Expected]:
    return callbacks.add(asked, "paid", callbacks.write_context(context), due_ms)


@pytest.mark.parametrize("context", [None, 0, "ü'\"", {"order": [1, {"a": None}]}, []])
def test_an_answer_is_taken_once_in_any_life_with_its_context(setup: Setup, context: Any) -> None:
    add(setup.begin(), {"s1": 2**53 - 1}, context=context)
    assert setup.begin().take("s1", 2**53 - 1) == Expected("s1", "paid", context)
    assert setup.begin().take("s1", 2**53 - 1) is None
    assert setup.database.rows("sio_callbacks") == []


def test_an_answer_of_another_socket_or_another_id_takes_nothing(setup: Setup) -> None:
    callbacks = setup.begin()
    add(callbacks, {"s1": 7, "s2": 7})
    assert callbacks.take("s3", 7) is None
    assert callbacks.take("s1", 8) is None
    assert callbacks.take("s2", 7) == Expected("s2", "paid", None)
    assert callbacks.take("s1", 7) == Expected("s1", "paid", None)


@pytest.mark.parametrize("context", [object(), b"bytes", {1, 2}])
def test_a_context_that_is_not_json_is_refused(setup: Setup, context: Any) -> None:
    with pytest.raises(SessionDataError, match="JSON"):
        setup.begin().write_context(context)


def test_what_is_due_is_taken_and_the_rest_tells_the_next_deadline(setup: Setup) -> None:
    callbacks = setup.begin()
    assert callbacks.next_ms() is None
    add(callbacks, {"s1": 1}, due_ms=300)
    add(callbacks, {"s1": 2, "s2": 3}, due_ms=200)
    assert setup.begin().next_ms() == 200
    assert callbacks.due(199) == []
    assert sorted(one.socket_sid for one in callbacks.due(200)) == ["s1", "s2"]
    assert callbacks.next_ms() == 300
    assert [one.socket_sid for one in callbacks.due(10**15)] == ["s1"]
    assert callbacks.next_ms() is None


def test_so_many_are_taken_at_once_the_earliest_first(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    monkeypatch.setattr(tables, "_CONTEXTS", 1)
    callbacks = setup.begin()
    for number in (3, 1, 2):
        add(callbacks, {f"s{number}": number}, due_ms=number)
    assert [one.socket_sid for one in callbacks.due(100)] == ["s1", "s2"]
    assert callbacks.next_ms() == 3


def test_a_socket_that_goes_takes_its_own_with_it(setup: Setup) -> None:
    callbacks = setup.begin()
    add(callbacks, {"s1": 1, "s2": 1})
    add(callbacks, {"s1": 2})
    assert callbacks.drop("s1") == [Expected("s1", "paid", None)] * 2
    assert callbacks.drop("s1") == []
    assert len(setup.database.rows("sio_callbacks")) == 1


def test_of_too_many_those_are_given_up_whose_time_would_come_first(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ACKS", 2)
    callbacks = setup.begin()
    for number, due_ms in ((1, 300), (2, 100), (3, 200)):
        given_up = add(callbacks, {"s1": number, "s2": 1}, due_ms, context=number)
    assert given_up == [Expected("s1", "paid", 2)]
    assert [callbacks.take("s1", number) is not None for number in (1, 2, 3)] == [True, False, True]


@pytest.mark.parametrize(("length", "is_taken"), [(MAX_CONTEXT - 2, True), (MAX_CONTEXT - 1, False)])
def test_a_context_has_a_size(setup: Setup, length: int, is_taken: bool) -> None:
    if is_taken:
        assert len(setup.begin().write_context("c" * length)) == MAX_CONTEXT
        return
    with pytest.raises(
        SessionDataError, match="a callback's context takes 16,001 characters as JSON, 16,000 is the most"
    ):
        setup.begin().write_context("c" * length)


def test_answers_of_many_are_few_statements(setup: Setup) -> None:
    callbacks = setup.begin()
    setup.database.take()
    add(callbacks, {f"s{number}": 7 for number in range(300)})
    assert len(setup.database.take("INSERT")) == 1
    setup.database.take()
    assert len(callbacks.due(10**15)) == 300
    assert len(setup.database.take()) == 300 // 25 * 2 + 1
