from typing import Any

import pytest

from socketio_do.errors import SessionDataError
from socketio_do.state.values import load_value, store_value


@pytest.mark.parametrize("value", [None, True, 0, -1.5, "\u00fc\ud800\0'\"\\", [], {"a": [1, {"b": None}]}])
def test_what_json_holds_is_read_as_it_was(value: Any) -> None:
    text = store_value(value, "this", 100)
    assert text.isascii()
    assert load_value(text) == value


@pytest.mark.parametrize("value", [{1}, b"x", object(), {(1,): 2}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(SessionDataError, match="this survives sleep as JSON: store text"):
        store_value(value, "this", 100)


def test_what_refers_to_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(SessionDataError, match="this survives"):
        store_value(loop, "this", 100)


def test_a_value_has_a_size_in_characters_of_json() -> None:
    assert store_value("\u00fc" * 3, "this", 20) == r'"\u00fc\u00fc\u00fc"'
    with pytest.raises(SessionDataError, match="this takes 20 characters as JSON, 19 is the most"):
        store_value("\u00fc" * 3, "this", 19)


def nested(levels: int) -> Any:
    value: Any = None
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("value", [nested(101), nested(100_000), [{}] * 50_000, float("nan"), 10**2_000])
def test_what_could_not_be_read_back_is_not_stored(value: Any) -> None:
    with pytest.raises(SessionDataError, match="this survives"):
        store_value(value, "this", 900_000)


@pytest.mark.parametrize("value", [nested(100), [None] * 99_999, [{}] * 49_998, 10**999, "[" * 5_000, ["[" * 50] * 50])
def test_what_is_stored_is_read(value: Any) -> None:
    assert load_value(store_value(value, "this", 900_000)) == value


@pytest.mark.parametrize("text", ["[" * 5_000 + "]" * 5_000, "[NaN]", ""])
def test_what_should_not_have_been_stored_is_an_error_and_not_the_end(text: str) -> None:
    with pytest.raises(SessionDataError, match=r"what was stored cannot be read .*: store another value"):
        load_value(text)
