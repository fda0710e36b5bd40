import pytest

from shared_wire.testing.http import Headers, Request, Response


def test_names_of_headers_have_no_case() -> None:
    headers = Headers([["X-One", "1"], ("x-two", 2)])
    headers.set("X-ONE", "3")
    assert dict(headers.items()) == {"x-one": "3", "x-two": "2"}
    assert (headers.get("X-Two"), headers.get("x-three")) == ("2", None)
    assert [[*pair] for pair in Headers.new(headers)] == [["x-one", "3"], ["x-two", "2"]]


def test_a_request_is_made_of_another() -> None:
    asked = Request("http://worker.test/", method="POST", headers={"A": "1"}, body="text")
    again = Request.new(asked, {"headers": Headers({"B": "2"})})
    assert (again.url, again.method, dict(again.headers.items())) == (asked.url, "POST", {"b": "2"})
    assert again.body is not None
    assert Request.new("http://worker.test/", {"method": "PUT"}).method == "PUT"


@pytest.mark.parametrize(
    ("response", "data", "status"),
    [
        (Response("ü"), "ü".encode(), 200),
        (Response.new(None, {"status": 204}), b"", 204),
        (Response.new(b"\x00", status=201, headers={"A": "1"}), b"\x00", 201),
        (Response.from_json({"a": 1}, status=400), b'{"a": 1}', 400),
    ],
)
def test_a_response_holds_its_bytes(response: Response, data: bytes, status: int) -> None:
    assert (response.data, response.status) == (data, status)
