from typing import Any

import pytest

from engine_do.config import EngineConfig
from engine_do.http_request import HttpRequest
from engine_do.protocol.ids import EngineSid
from engine_do.requests.headers import (
    answer_headers,
    choose_encoding,
    cookie_header,
    preflight_headers,
    upgrade_headers,
)

SID = EngineSid("abcdefghijklmnopqrst-_e0")
PAGE = "https://page.example"
LISTED = EngineConfig(cors_allowed_origins=[PAGE])
WITH_COOKIES = EngineConfig(cors_allowed_origins=[PAGE], cors_credentials=True)
CORS = ("access-control-allow-origin", "access-control-allow-credentials")


def request(origin: str | None = None, **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest(
        method="GET",
        url="https://chat.example/engine.io/?EIO=4&transport=polling",
        headers=named if origin is None else {"origin": origin, **named},
    )


def test_an_answer_says_its_type_and_that_no_cache_may_keep_it() -> None:
    assert answer_headers(request(), EngineConfig(), "text/html") == {
        "content-type": "text/html",
        "cache-control": "no-store",
        "vary": "origin",
    }


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "gzip"),
        ("deflate", "deflate"),
        ("deflate, gzip;q=0.5", "gzip"),
        ("GZIP;q=1.0", "gzip"),
        ("gzip; q=0, deflate", "deflate"),
        ("gzip;q=0.000,deflate;q=0", None),
        ("br, identity", None),
        ("xgzip", None),
        ("", None),
    ],
)
def test_an_answer_is_compressed_as_the_client_takes_it(accepted: str, encoding: str | None) -> None:
    assert choose_encoding(request(accept_encoding=accepted), 1_024, EngineConfig()) == encoding


def test_names_of_encodings_nobody_knows_are_passed_over() -> None:
    names = ",".join(f"name-{number};q=1" for number in range(10_000))
    assert choose_encoding(request(accept_encoding=names), 10**6, EngineConfig()) is None
    assert choose_encoding(request(accept_encoding=names[:900] + ",deflate"), 10**6, EngineConfig()) == "deflate"
    assert choose_encoding(request(accept_encoding=names + ",deflate"), 10**6, EngineConfig()) is None


def test_a_small_answer_is_not_compressed_and_none_is_where_that_is_turned_off() -> None:
    client = request(accept_encoding="gzip")
    assert choose_encoding(client, 1_023, EngineConfig()) is None
    assert choose_encoding(client, 10**6, EngineConfig(compression_threshold=None)) is None
    assert choose_encoding(client, 10, EngineConfig(compression_threshold=10)) == "gzip"
    assert choose_encoding(request(), 10**6, EngineConfig()) is None


@pytest.mark.parametrize(
    ("config", "origin", "allowed"),
    [
        (LISTED, PAGE, {CORS[0]: PAGE}),
        (WITH_COOKIES, PAGE, {CORS[0]: PAGE, CORS[1]: "true"}),
        (LISTED, "https://evil.example", {}),
        (WITH_COOKIES, "https://evil.example", {}),
        (WITH_COOKIES, "null", {}),
        (LISTED, None, {}),
        (WITH_COOKIES, None, {}),
        (EngineConfig(cors_allowed_origins="*"), PAGE, {CORS[0]: PAGE}),
        (EngineConfig(cors_allowed_origins="*"), "null", {CORS[0]: "null"}),
        (EngineConfig(), "https://chat.example", {CORS[0]: "https://chat.example"}),
        (EngineConfig(), PAGE, {}),
        (EngineConfig(cors_allowed_origins=lambda origin: origin == PAGE), PAGE, {CORS[0]: PAGE}),
    ],
)
def test_a_page_that_may_connect_may_read_the_answer_and_no_other_may(
    config: EngineConfig, origin: str | None, allowed: dict[str, str]
) -> None:
    for headers in (answer_headers(request(origin), config, "text/plain"), preflight_headers(request(origin), config)):
        assert {name: value for name, value in headers.items() if name in CORS} == allowed
        assert headers["vary"] == "origin", "whoever asked, a cache must not give it to another page"


def test_a_preflight_says_what_a_page_may_send() -> None:
    assert preflight_headers(request(PAGE), LISTED) == {
        "access-control-allow-origin": PAGE,
        "vary": "origin",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "600",
    }


def test_a_preflight_allows_the_headers_it_asks_for() -> None:
    asked = request(PAGE, access_control_request_headers="content-type,x-token")
    assert preflight_headers(asked, LISTED)["access-control-allow-headers"] == "content-type,x-token"


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
def test_a_preflight_of_a_page_that_may_not_connect_allows_nothing(origin: str | None) -> None:
    asked = request(origin, access_control_request_headers="x-token")
    assert preflight_headers(asked, LISTED) == {"vary": "origin"}


def test_the_configurations_headers_are_on_every_answer_and_come_last() -> None:
    config = EngineConfig(
        cors_allowed_origins=[PAGE], response_headers={"X-Frame-Options": "DENY", "Cache-Control": "private"}
    )
    answered = answer_headers(request(PAGE), config, "text/plain")
    assert answered["x-frame-options"] == "DENY"
    assert answered["cache-control"] == "private"
    assert preflight_headers(request(PAGE), config)["x-frame-options"] == "DENY"
    for name in answered:
        assert name == name.lower(), "a header that is there twice in two spellings would be sent twice"


@pytest.mark.parametrize(
    ("cookie", "written"),
    [
        (None, None),
        ("io", f"io={SID}; Path=/; SameSite=Lax; HttpOnly"),
        ({"name": "io"}, f"io={SID}; Path=/; SameSite=Lax; HttpOnly"),
        ({"name": "io", "http_only": False}, f"io={SID}; Path=/; SameSite=Lax"),
        ({"name": "io", "max_age": 0}, f"io={SID}; Path=/; Max-Age=0; SameSite=Lax; HttpOnly"),
        ({"name": "io", "secure": False}, f"io={SID}; Path=/; SameSite=Lax; HttpOnly"),
        (
            {
                "secure": True,
                "same_site": "None",
                "max_age": 3600,
                "domain": "a.example",
                "path": "/socket.io/",
                "name": "__Secure-io",
            },
            f"__Secure-io={SID}; Path=/socket.io/; Domain=a.example; Max-Age=3600; SameSite=None; HttpOnly; Secure",
        ),
    ],
    ids=str,
)
def test_a_cookie_is_written_as_browsers_read_it(cookie: Any, written: str | None) -> None:
    assert cookie_header(SID, EngineConfig(cookie=cookie)) == written


def test_writing_a_cookie_leaves_the_configuration_as_it_was() -> None:
    config = EngineConfig(cookie={"name": "io", "secure": True})
    assert cookie_header(SID, config) == cookie_header(SID, config)


@pytest.mark.parametrize(
    ("offered", "named"),
    [
        ("chat", "chat"),
        ("chat, superchat", "chat"),
        (" chat ,other", "chat"),
        ("graphql-ws", "graphql-ws"),
        ("", None),
        (",chat", None),
        ("a b", None),
        ("a;b, chat", None),
        ("ü", None),
        ("a\r\nset-cookie: x", None),
    ],
)
def test_the_first_subprotocol_is_named(offered: str, named: str | None) -> None:
    assert upgrade_headers(request(sec_websocket_protocol=offered)).get("sec-websocket-protocol") == named


def test_no_subprotocol_is_named_where_none_is_offered() -> None:
    assert upgrade_headers(request()) == {}
