import json
from dataclasses import replace
from urllib.parse import quote

import pytest

from engine_do.config import EngineConfig
from engine_do.errors import BAD_REQUEST, RemoteEngineError
from engine_do.http_request import HttpRequest
from engine_do.protocol.ids import EngineSid
from engine_do.requests.admission import Transport
from engine_do.requests.handshake import MAX_ENVIRON, make_environ, open_packet

SID = EngineSid("lv_VI97HAXpY6yYWAAAC")


def request(query: str = "EIO=4&transport=websocket") -> HttpRequest:
    return HttpRequest(method="GET", url=f"https://chat.example/engine.io/?{query}", headers={"upgrade": "websocket"})


def environ_of(asked: HttpRequest) -> tuple[tuple[str, str], ...]:
    return make_environ(asked, Transport.WEBSOCKET)


def test_the_open_packet_says_what_the_protocol_asks_for() -> None:
    config = EngineConfig(ping_interval_ms=300_000, ping_timeout_ms=360_000, max_payload=500)
    packet = open_packet(SID, Transport.WEBSOCKET, config)
    assert packet[0] == "0"
    assert json.loads(packet[1:]) == {
        "sid": "lv_VI97HAXpY6yYWAAAC",
        "upgrades": [],
        "pingInterval": 300_000,
        "pingTimeout": 360_000,
        "maxPayload": 500,
    }
    assert list(json.loads(packet[1:])) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]


@pytest.mark.parametrize(
    ("transport", "config", "upgrades"),
    [
        (Transport.POLLING, EngineConfig(), ["websocket"]),
        (Transport.WEBSOCKET, EngineConfig(), []),
        (Transport.POLLING, EngineConfig(allow_upgrades=False), []),
        (Transport.POLLING, EngineConfig(transports=["polling"]), []),
        (Transport.WEBSOCKET, EngineConfig(transports=["websocket"]), []),
        (Transport.POLLING, EngineConfig(transports=["websocket", "polling"]), ["websocket"]),
    ],
)
def test_the_open_packet_offers_the_websocket_to_those_that_poll_and_may_change(
    transport: Transport, config: EngineConfig, upgrades: list[str]
) -> None:
    assert json.loads(open_packet(SID, transport, config)[1:])["upgrades"] == upgrades


def test_an_environ_has_the_names_of_wsgi() -> None:
    asked = HttpRequest(
        method="GET",
        url="https://chat.example:8443/engine.io/?EIO=4&transport=websocket&x=%20",
        headers={"user-agent": "test", "x-two-words": "a, b"},
        remote_address="192.0.2.7",
    )
    assert dict(environ_of(asked)) == {
        "engine_do.transport": "websocket",
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
WSGI = {
    "engine_do.transport",
    "REQUEST_METHOD",
    "PATH_INFO",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "SERVER_NAME",
    "wsgi.url_scheme",
}


def test_an_environ_without_an_address_says_so() -> None:
    assert dict(environ_of(request()))["REMOTE_ADDR"] == ""


def test_a_header_cannot_replace_a_fact() -> None:
    names = [name for name, _ in environ_of(HttpRequest(method="GET", url="https://a.example/", headers={}))]
    lower = [name.lower() for name in names]
    spoofed = replace(
        request(), headers=dict.fromkeys([*lower, *(name.replace("_", "-") for name in lower)], "spoofed")
    )
    assert [name for name, _ in environ_of(spoofed)][: len(names)] == names
    assert "spoofed" not in dict(environ_of(spoofed)[: len(names)]).values()


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
    environ = environ_of(replace(request(), headers=headers))
    assert [value for name, value in environ if name.startswith("HTTP_")] == ["192.0.2.7"]


def test_a_header_with_underscores_is_left_out_though_there_is_no_other_and_not_named() -> None:
    asked = replace(request(), headers={"x_one": "1", "_": "2", "x-two": "3", "x_big": "y" * MAX_ENVIRON})
    assert {name for name, _ in environ_of(asked)} == {*WSGI, "HTTP_X_TWO"}


def test_excluded_headers_are_left_out_whatever_their_case_and_not_named() -> None:
    asked = replace(request(), headers={"cookie": "secret", "x-two": "3", "authorization": "y" * MAX_ENVIRON})
    environ = make_environ(asked, Transport.POLLING, ["Cookie", "AUTHORIZATION"])
    assert {name for name, _ in environ} == {*WSGI, "HTTP_X_TWO"}
    assert dict(environ)["engine_do.transport"] == "polling"


def test_headers_that_no_longer_fit_are_named() -> None:
    asked = replace(request(), headers={"cookie": "x" * MAX_ENVIRON, "user-agent": "test", "x-big": "y" * MAX_ENVIRON})
    environ = dict(environ_of(asked))
    assert environ["HTTP_USER_AGENT"] == "test"
    assert environ["engine_do.omitted_headers"] == "cookie,x-big"
    assert "HTTP_COOKIE" not in environ
    assert "HTTP_X_BIG" not in environ


def test_the_last_header_that_fits_is_kept_and_one_character_more_is_not() -> None:
    def kept(length: int) -> bool:
        return "HTTP_COOKIE" in dict(environ_of(replace(request(), headers={"cookie": "x" * length})))

    lengths = [length for length in range(MAX_ENVIRON - 2_000, MAX_ENVIRON) if kept(length)]
    assert lengths
    assert lengths == list(range(MAX_ENVIRON - 2_000, lengths[-1] + 1))


def test_what_takes_more_room_escaped_is_counted_escaped() -> None:
    third = "\u00e9" * (MAX_ENVIRON // 3)
    assert "HTTP_X" not in dict(environ_of(replace(request(), headers={"x": third})))
    assert "HTTP_X" in dict(environ_of(replace(request(), headers={"x": "e" * len(third)})))


def test_a_query_too_long_to_keep_is_a_bad_request() -> None:
    asked = request("EIO=4&transport=websocket&x=" + quote("y" * MAX_ENVIRON))
    with pytest.raises(RemoteEngineError) as refused:
        environ_of(asked)
    assert refused.value.code == BAD_REQUEST
    assert refused.value.message == "Bad request"


def test_the_names_of_omitted_headers_are_bounded() -> None:
    headers = {f"x-{number:04}": "y" * MAX_ENVIRON for number in range(5_000)}
    assert len(dict(environ_of(replace(request(), headers=headers)))["engine_do.omitted_headers"]) == 1_000


def test_the_names_of_omitted_headers_fit_too() -> None:
    headers = {"x": "y" * (MAX_ENVIRON - 500)} | {f"x-{number:04}": "y" * 1_000 for number in range(500)}
    environ = environ_of(replace(request(), headers=headers))
    assert len(json.dumps(environ, separators=(",", ":"))) <= MAX_ENVIRON
