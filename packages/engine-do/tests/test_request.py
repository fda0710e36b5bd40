import dataclasses

import pytest

from engine_do.request import HttpRequest


def request(query: str) -> HttpRequest:
    return HttpRequest(method="GET", url=f"https://chat.example/engine.io/{query}", headers={})


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("", {}),
        ("?", {}),
        ("?a=1&b=2", {"a": "1", "b": "2"}),
        ("?a", {"a": ""}),
        ("?a=", {"a": ""}),
        ("?a=1&a=2", {"a": "1"}),
        ("?a=&a=2", {"a": ""}),
        ("?a&a=2", {"a": ""}),
        ("?b=1&a=2&b=3&a=4", {"a": "2", "b": "1"}),
        ("?a=%20+%26", {"a": "  &"}),
        ("?%61=1", {"a": "1"}),
        ("?a=%zz%", {"a": "%zz%"}),
        ("?a=%ff", {"a": "\ufffd"}),
        ("?a=1;b=2", {"a": "1;b=2"}),
        ("?=1&&", {"": "1"}),
        ("?a=1#b=2", {"a": "1"}),
        ("?a=b=c", {"a": "b=c"}),
    ],
)
def test_a_query_is_read_as_its_first_values(query: str, read: dict[str, str]) -> None:
    assert request(query).query == read


def test_a_request_is_a_value() -> None:
    assert request("?a") == request("?a")
    assert request("?a").remote_address == ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        request("?a").method = "POST"  # type: ignore[misc]
