import dataclasses
import json

import pytest

from engine_do.errors import BAD_REQUEST, RemoteEngineError
from engine_do.http_request import MAX_HEADERS, MAX_QUERY_FIELDS, HttpRequest, read_headers


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


def test_so_many_parameters_are_read_and_no_more() -> None:
    fields = [f"k{number}=1" for number in range(MAX_QUERY_FIELDS)]
    assert len(request("?" + "&".join(fields)).query) == MAX_QUERY_FIELDS
    for more in ([*fields, "x"], [""] * 1_000_000):
        with pytest.raises(RemoteEngineError) as refused:
            _ = request("?" + "&".join(more)).query
        assert (refused.value.code, refused.value.status) == (BAD_REQUEST, 400)


def test_so_many_headers_are_read_and_no_more() -> None:
    headers = {f"x-{number}": "v" for number in range(MAX_HEADERS)}
    assert read_headers(json.dumps(headers)) == headers
    with pytest.raises(RemoteEngineError, match="too many headers"):
        read_headers(json.dumps({**headers, "one": "more"}))


def test_headers_are_read_within_the_limits_of_any_json() -> None:
    with pytest.raises(RemoteEngineError) as refused:
        read_headers("[" * 50_000)
    assert (refused.value.code, refused.value.status) == (BAD_REQUEST, 400)


@pytest.mark.parametrize(
    ("length", "is_more"),
    [
        ("", False),
        ("0", False),
        ("10", False),
        ("0010", False),
        ("11", True),
        ("9" * 15, True),
        ("9" * 16, True),
        ("9" * 10_000, True),
        ("-11", False),
        ("1e9", False),
        ("eleven", False),
    ],
)
def test_a_declared_length_is_compared_however_many_digits_it_has(length: str, is_more: bool) -> None:
    http = HttpRequest(method="POST", url="https://chat.example/", headers={"content-length": length})
    assert http.declares_more_than(10) is is_more


def test_no_declared_length_is_none_too_long() -> None:
    assert not request("").declares_more_than(10)
