from typing import Any

import pytest

from socketio_do.errors import SessionDataError
from socketio_do.values import load_value, store_value


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
