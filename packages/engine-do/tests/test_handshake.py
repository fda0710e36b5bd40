import json
from dataclasses import replace
from urllib.parse import quote

import pytest

from engine_do.config import EngineConfig
from engine_do.errors import (
    BAD_METHOD,
    BAD_REQUEST,
    FORBIDDEN,
    UNKNOWN_SID,
    UNKNOWN_TRANSPORT,
    UNSUPPORTED_VERSION,
    RemoteEngineError,
)
from engine_do.handshake import (
    MAX_ENVIRON,
    HttpRequest,
    check_handshake,
    is_engine_path,
    make_environ,
    open_packet,
)
from engine_do.ids import EngineSid

CONFIG = EngineConfig()
LISTED = EngineConfig(cors_allowed_origins=["https://page.example", "http://localhost:3000"])
ANY = EngineConfig(cors_allowed_origins="*")
NOBODY = EngineConfig(cors_allowed_origins=[])


def request(
    query: str = "EIO=4&transport=websocket",
    *,
    method: str = "GET",
    upgrade: str | None = "websocket",
    origin: str | None = None,
    host: str = "https://chat.example",
) -> HttpRequest:
    headers = {"upgrade": upgrade, "origin": origin}
    return HttpRequest(
        method=method,
        url=f"{host}/engine.io/?{query}",
        headers={name: value for name, value in headers.items() if value is not None},
    )


def refusal(asked: HttpRequest, config: EngineConfig = CONFIG) -> RemoteEngineError | None:
    try:
        check_handshake(asked, config)
    except RemoteEngineError as error:
        return error
    return None


@pytest.mark.parametrize(
    "asked",
    [
        request(),
        request("transport=websocket&EIO=4"),
        request("EIO=4&transport=websocket&t=abc&b64=1"),
        request("EIO=4&transport=websocket&token=a%26b"),
        request(upgrade="WebSocket"),
        request("EIO=%34&transport=%77ebsocket"),
        request("EIO=4&transport=websocket&sid="),
        request("EIO=4&transport=websocket&sid"),
    ],
    ids=lambda asked: str(asked.url),
)
def test_a_handshake_over_websocket_is_let_through(asked: HttpRequest) -> None:
    assert refusal(asked) is None


REFUSED = [
    ("no transport", request("EIO=4"), UNKNOWN_TRANSPORT),
    ("nothing at all", request(""), UNKNOWN_TRANSPORT),
    ("an empty transport", request("EIO=4&transport="), UNKNOWN_TRANSPORT),
    ("an unknown transport", request("EIO=4&transport=tobi"), UNKNOWN_TRANSPORT),
    ("a transport of JavaScript's", request("EIO=4&transport=constructor"), UNKNOWN_TRANSPORT),
    ("webtransport", request("EIO=4&transport=webtransport"), UNKNOWN_TRANSPORT),
    ("another spelling", request("EIO=4&transport=WebSocket"), UNKNOWN_TRANSPORT),
    ("polling", request("EIO=4&transport=polling", upgrade=None), UNKNOWN_TRANSPORT),
    ("a sid", request("EIO=4&transport=websocket&sid=abc"), UNKNOWN_SID),
    ("a blank sid", request("EIO=4&transport=websocket&sid=+"), UNKNOWN_SID),
    ("a sid, to upgrade", request("EIO=4&transport=websocket&sid=abcdefghijklmnopqrstuve0"), UNKNOWN_SID),
    ("POST", request(method="POST"), BAD_METHOD),
    ("HEAD", request(method="HEAD"), BAD_METHOD),
    ("OPTIONS", request(method="OPTIONS"), BAD_METHOD),
    ("no upgrade", request(upgrade=None), BAD_REQUEST),
    ("an empty upgrade", request(upgrade=""), BAD_REQUEST),
    ("an upgrade to something else", request(upgrade="h2c"), BAD_REQUEST),
    ("a foreign page", request(origin="https://evil.example"), FORBIDDEN),
    ("no EIO", request("transport=websocket"), UNSUPPORTED_VERSION),
    ("an empty EIO", request("EIO=&transport=websocket"), UNSUPPORTED_VERSION),
    ("revision 3", request("EIO=3&transport=websocket"), UNSUPPORTED_VERSION),
    ("revision 5", request("EIO=5&transport=websocket"), UNSUPPORTED_VERSION),
    ("no number", request("EIO=abc&transport=websocket"), UNSUPPORTED_VERSION),
    ("a number written otherwise", request("EIO=04&transport=websocket"), UNSUPPORTED_VERSION),
    ("EIO in another spelling", request("eio=4&transport=websocket"), UNSUPPORTED_VERSION),
]


@pytest.mark.parametrize(("asked", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_any_other_request_is_refused_with_nodes_code(asked: HttpRequest, code: int) -> None:
    error = refusal(asked)
    assert error is not None
    assert error.code == code
    assert error.status == (403 if code == FORBIDDEN else 400)


@pytest.mark.parametrize(("first", "second", "passes"), [("4", "3", True), ("3", "4", False)])
def test_of_two_values_the_first_counts(first: str, second: str, passes: bool) -> None:
    """As in python-engineio; Node takes the last."""
    assert (refusal(request(f"EIO={first}&EIO={second}&transport=websocket")) is None) is passes


def test_polling_gets_a_hint_for_the_developer_and_no_other_refusal_does() -> None:
    polling = [error for _, asked, _ in REFUSED if (error := refusal(asked)) is not None and ":" in error.message]
    assert [error.message for error in polling] == [
        'Transport unknown: websocket only yet; set transports: ["websocket"] in the client'
    ]


@pytest.mark.parametrize("asked", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_refusal_tells_nothing_about_us_and_repeats_nothing_the_client_sent(asked: HttpRequest) -> None:
    error = refusal(asked)
    assert error is not None
    for word in ("engine_do", "actor", "durable", "config", "sid=", "evil", "chat.example", "tobi", "Traceback"):
        assert word not in error.message


def test_the_checks_come_in_their_order() -> None:
    """A request with everything wrong, one thing put right after the other."""
    wrong = request("EIO=3&transport=x&sid=abc", method="POST", upgrade=None, origin="https://evil.example")
    no_transport = replace(wrong, url=wrong.url.replace("transport=x", "transport=websocket"))
    no_origin = replace(no_transport, headers={})
    no_sid = replace(no_origin, url=no_origin.url.replace("&sid=abc", ""))
    no_method = replace(no_sid, method="GET")
    no_upgrade = replace(no_method, headers={"upgrade": "websocket"})
    right = replace(no_upgrade, url=no_upgrade.url.replace("EIO=3", "EIO=4"))
    codes = [
        error.code if (error := refusal(asked)) else None
        for asked in (wrong, no_transport, no_origin, no_sid, no_method, no_upgrade, right)
    ]
    assert codes == [UNKNOWN_TRANSPORT, FORBIDDEN, UNKNOWN_SID, BAD_METHOD, BAD_REQUEST, UNSUPPORTED_VERSION, None]


ORIGINS = [
    ("no origin passes", CONFIG, None, True),
    ("no origin passes a list", LISTED, None, True),
    ("no origin passes an empty list", NOBODY, None, True),
    ("the same host passes", CONFIG, "https://chat.example", True),
    ("the same host passes by another scheme", CONFIG, "http://chat.example", True),
    ("another port is another host", CONFIG, "https://chat.example:8443", False),
    ("a host below is another host", CONFIG, "https://sub.chat.example", False),
    ("a host that only begins alike", CONFIG, "https://chat.example.evil.example", False),
    ("a host that only ends alike", CONFIG, "https://evil-chat.example", False),
    ("the host as a user name", CONFIG, "https://chat.example@evil.example", False),
    ("the host as a path", CONFIG, "https://evil.example/chat.example", False),
    ("the null origin", CONFIG, "null", False),
    ("an empty origin", CONFIG, "", False),
    ("no URL at all", CONFIG, "chat.example", False),
    ("a listed page", LISTED, "https://page.example", True),
    ("a second listed page", LISTED, "http://localhost:3000", True),
    ("a listed host by another scheme", LISTED, "http://page.example", False),
    ("a list replaces the same host", LISTED, "https://chat.example", False),
    ("the null origin and a list", LISTED, "null", False),
    ("a star", ANY, "https://evil.example", True),
    ("a star and the null origin", ANY, "null", True),
    ("a star in a list", EngineConfig(cors_allowed_origins=["https://page.example", "*"]), "https://x.example", True),
    ("an empty list", NOBODY, "https://page.example", False),
    ("an empty list and the same host", NOBODY, "https://chat.example", False),
    ("null, when it is listed", EngineConfig(cors_allowed_origins="null"), "null", True),
]


@pytest.mark.parametrize(
    ("config", "origin", "passes"), [case[1:] for case in ORIGINS], ids=[case[0] for case in ORIGINS]
)
def test_a_page_connects_only_where_the_server_says_so(config: EngineConfig, origin: str | None, passes: bool) -> None:
    error = refusal(request(origin=origin), config)
    assert (None if error is None else error.code) == (None if passes else FORBIDDEN)


def test_the_same_host_counts_with_its_port() -> None:
    assert refusal(request(origin="http://localhost:8787", host="http://localhost:8787")) is None
    error = refusal(request(origin="http://localhost:3000", host="http://localhost:8787"))
    assert error is not None
    assert error.code == FORBIDDEN


@pytest.mark.parametrize("config", [CONFIG, LISTED, ANY], ids=["same host", "list", "star"])
@pytest.mark.parametrize("origin", ["http://[", "https://a]b", "https://\u2100.example"])
def test_an_origin_that_cannot_be_parsed_is_judged_and_not_an_error_of_ours(origin: str, config: EngineConfig) -> None:
    error = refusal(request(origin=origin), config)
    assert (None if error is None else error.code) == (None if config is ANY else FORBIDDEN)


@pytest.mark.parametrize(
    ("url", "path", "ours"),
    [
        ("https://a.example/engine.io/", "/engine.io/", True),
        ("https://a.example/engine.io/?EIO=4", "/engine.io/", True),
        ("https://a.example/engine.io?EIO=4", "/engine.io/", True),
        ("https://a.example/engine.io/x", "/engine.io/", False),
        ("https://a.example/engine.iox", "/engine.io/", False),
        ("https://a.example/x/engine.io/", "/engine.io/", False),
        ("https://a.example/Engine.io/", "/engine.io/", False),
        ("https://a.example/?path=/engine.io/", "/engine.io/", False),
        ("https://a.example/socket.io/", "/engine.io/", False),
        ("https://a.example/socket.io/", "/socket.io/", True),
        ("https://a.example/", "/", True),
        ("https://a.example", "/", True),
        ("https://a.example/x", "/", False),
        ("https://a.example/a/b/?c", "/a/b/", True),
    ],
)
def test_the_engine_has_one_path(url: str, path: str, ours: bool) -> None:
    assert is_engine_path(url, EngineConfig(path=path)) is ours


def test_the_open_packet_says_what_the_protocol_asks_for() -> None:
    config = EngineConfig(ping_interval_ms=300_000, ping_timeout_ms=360_000, max_payload=500)
    packet = open_packet(EngineSid("lv_VI97HAXpY6yYWAAAC"), config)
    assert packet[0] == "0"
    assert json.loads(packet[1:]) == {
        "sid": "lv_VI97HAXpY6yYWAAAC",
        "upgrades": [],
        "pingInterval": 300_000,
        "pingTimeout": 360_000,
        "maxPayload": 500,
    }
    assert list(json.loads(packet[1:])) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]


def test_an_environ_has_the_names_of_wsgi() -> None:
    asked = HttpRequest(
        method="GET",
        url="https://chat.example:8443/engine.io/?EIO=4&transport=websocket&x=%20",
        headers={"user-agent": "test", "x-two-words": "a, b"},
        remote_address="192.0.2.7",
    )
    assert dict(make_environ(asked)) == {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/engine.io/",
        "QUERY_STRING": "EIO=4&transport=websocket&x=%20",
        "REMOTE_ADDR": "192.0.2.7",
        "SERVER_NAME": "chat.example",
        "wsgi.url_scheme": "https",
        "HTTP_USER_AGENT": "test",
        "HTTP_X_TWO_WORDS": "a, b",
    }


#: The facts every handshake has, whatever its headers.
WSGI = {"REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "SERVER_NAME", "wsgi.url_scheme"}


def test_an_environ_without_an_address_says_so() -> None:
    assert dict(make_environ(request()))["REMOTE_ADDR"] == ""


def test_a_header_cannot_replace_a_fact() -> None:
    names = [name for name, _ in make_environ(HttpRequest(method="GET", url="https://a.example/", headers={}))]
    lower = [name.lower() for name in names]
    spoofed = replace(
        request(), headers=dict.fromkeys([*lower, *(name.replace("_", "-") for name in lower)], "spoofed")
    )
    assert [name for name, _ in make_environ(spoofed)][: len(names)] == names
    assert "spoofed" not in dict(make_environ(spoofed)[: len(names)]).values()


@pytest.mark.parametrize(
    "headers",
    [
        {"cf-connecting-ip": "192.0.2.7", "cf_connecting_ip": "198.51.100.1"},
        {"cf_connecting_ip": "198.51.100.1", "cf-connecting-ip": "192.0.2.7"},
        {"cf_connecting-ip": "198.51.100.1", "cf-connecting_ip": "198.51.100.1", "cf-connecting-ip": "192.0.2.7"},
    ],
    ids=["behind", "before", "mixed"],
)
def test_a_header_with_underscores_cannot_pass_for_the_one_with_hyphens(headers: dict[str, str]) -> None:
    environ = make_environ(replace(request(), headers=headers))
    assert [value for name, value in environ if name.startswith("HTTP_")] == ["192.0.2.7"]


def test_a_header_with_underscores_is_left_out_though_there_is_no_other_and_not_named() -> None:
    asked = replace(request(), headers={"x_one": "1", "_": "2", "x-two": "3", "x_big": "y" * MAX_ENVIRON})
    assert {name for name, _ in make_environ(asked)} == {*WSGI, "HTTP_X_TWO"}


def test_headers_that_no_longer_fit_are_named() -> None:
    asked = replace(request(), headers={"cookie": "x" * MAX_ENVIRON, "user-agent": "test", "x-big": "y" * MAX_ENVIRON})
    environ = dict(make_environ(asked))
    assert environ["HTTP_USER_AGENT"] == "test"
    assert environ["engine_do.omitted_headers"] == "cookie,x-big"
    assert "HTTP_COOKIE" not in environ
    assert "HTTP_X_BIG" not in environ


def test_the_last_header_that_fits_is_kept_and_one_character_more_is_not() -> None:
    def kept(length: int) -> bool:
        return "HTTP_COOKIE" in dict(make_environ(replace(request(), headers={"cookie": "x" * length})))

    lengths = [length for length in range(MAX_ENVIRON - 2_000, MAX_ENVIRON) if kept(length)]
    assert lengths
    assert lengths == list(range(MAX_ENVIRON - 2_000, lengths[-1] + 1))


def test_what_takes_more_room_escaped_is_counted_escaped() -> None:
    third = "\u00e9" * (MAX_ENVIRON // 3)
    assert "HTTP_X" not in dict(make_environ(replace(request(), headers={"x": third})))
    assert "HTTP_X" in dict(make_environ(replace(request(), headers={"x": "e" * len(third)})))


def test_a_query_too_long_to_keep_is_a_bad_request() -> None:
    asked = request("EIO=4&transport=websocket&x=" + quote("y" * MAX_ENVIRON))
    with pytest.raises(RemoteEngineError) as refused:
        make_environ(asked)
    assert refused.value.code == BAD_REQUEST
    assert refused.value.message == "Bad request"


def test_the_names_of_omitted_headers_are_bounded() -> None:
    headers = {f"x-{number:04}": "y" * MAX_ENVIRON for number in range(5_000)}
    assert len(dict(make_environ(replace(request(), headers=headers)))["engine_do.omitted_headers"]) == 1_000


def test_the_names_of_omitted_headers_fit_too() -> None:
    headers = {"x": "y" * (MAX_ENVIRON - 500)} | {f"x-{number:04}": "y" * 1_000 for number in range(500)}
    environ = make_environ(replace(request(), headers=headers))
    assert len(json.dumps(environ, separators=(",", ":"))) <= MAX_ENVIRON
