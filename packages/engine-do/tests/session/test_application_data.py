from typing import Any

import pytest

from engine_do.errors import LocalEngineError
from engine_do.session.application_data import read_data, write_data


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize("data", [{}, {"a": [1, None, 1.5, "ü"]}, nested(100)])
def test_what_is_written_is_read(data: dict[str, Any]) -> None:
    assert read_data(write_data(data)) == data


def test_nothing_stored_is_empty() -> None:
    assert read_data(None) == {}


@pytest.mark.parametrize("depth", [101, 5_000, 500_000])
def test_what_is_nested_too_deep_is_an_error_of_the_caller(depth: int) -> None:
    with pytest.raises(LocalEngineError, match="deep"):
        write_data(nested(depth))


@pytest.mark.parametrize("value", [b"", {1}, float("nan"), float("inf"), object(), [{}] * 50_001])
def test_what_could_not_be_read_again_is_not_written(value: object) -> None:
    with pytest.raises(LocalEngineError, match="cannot be stored"):
        write_data({"a": value})


@pytest.mark.parametrize("text", ["", "{", "[" * 50_000])
def test_what_was_never_written_is_an_error(text: str) -> None:
    with pytest.raises(LocalEngineError, match="save it anew"):
        read_data(text)
