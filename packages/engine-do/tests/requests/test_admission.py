from dataclasses import replace

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
from engine_do.http_request import HttpRequest
from engine_do.protocol.ids import EngineSid, make_engine_sid
from engine_do.requests.admission import (
    EIO3_PREFIX,
    EIO4_PREFIX,
    Handshake,
    Poll,
    Post,
    Target,
    Transport,
    Upgrade,
    actor_for,
    admit,
    is_engine_path,
)

CONFIG = EngineConfig()
OLD_TOO = EngineConfig(allow_eio3=True)
POLLING_ONLY = EngineConfig(transports=["polling"])
WEBSOCKET_ONLY = EngineConfig(transports=["websocket"])

RANDOM = "abcdefghijklmnopqrst-_"
SID = EngineSid(RANDOM + "e0")
OLD_SID = EngineSid(RANDOM + "v3-0")


def request(
    query: str = "EIO=4&transport=websocket",
    *,
    method: str = "GET",
    upgrade: str | None = None,
    origin: str | None = None,
) -> HttpRequest:
    headers = {"upgrade": upgrade, "origin": origin}
    return HttpRequest(
        method=method,
        url=f"https://chat.example/engine.io/?{query}",
        headers={name: value for name, value in headers.items() if value is not None},
    )


def socket(query: str = "EIO=4&transport=websocket", *, method: str = "GET", origin: str | None = None) -> HttpRequest:
    return request(query, method=method, origin=origin, upgrade="websocket")


def polling(query: str = "", *, method: str = "GET", upgrade: str | None = None) -> HttpRequest:
    return request(f"EIO=4&transport=polling{query}", method=method, upgrade=upgrade)


def refusal(asked: HttpRequest, config: EngineConfig = CONFIG) -> RemoteEngineError | None:
    try:
        admit(asked, config)
    except RemoteEngineError as error:
        return error
    return None


def handshake(transport: str, revision: int = 4, *, base64: bool = False) -> Handshake:
    return Handshake(Transport(transport), revision, base64)


ADMITTED: list[tuple[HttpRequest, Target]] = [
    (socket(), handshake("websocket")),
    (socket("transport=websocket&EIO=4"), handshake("websocket")),
    (socket("EIO=4&transport=websocket&token=a%26b&t=abc"), handshake("websocket")),
    (socket("EIO=%34&transport=%77ebsocket"), handshake("websocket")),
    (socket("EIO=4&transport=websocket&sid="), handshake("websocket")),
    (socket("EIO=4&transport=websocket&sid"), handshake("websocket")),
    (socket("EIO=4&transport=websocket&b64=1"), handshake("websocket", base64=True)),
    (request(upgrade="WebSocket"), handshake("websocket")),
    (polling(), handshake("polling")),
    (polling("&t=abc"), handshake("polling")),
    (polling("&b64"), handshake("polling")),
    (polling("&b64=1"), handshake("polling", base64=True)),
    (polling("&sid="), handshake("polling")),
    (polling(upgrade=""), handshake("polling")),
    (polling(upgrade="h2c"), handshake("polling")),
    (polling(f"&sid={SID}"), Poll(SID)),
    (polling(f"&sid={SID}", upgrade="h2c"), Poll(SID)),
    (polling(f"&sid={SID}", method="POST"), Post(SID)),
    (socket(f"EIO=4&transport=websocket&sid={SID}"), Upgrade(SID)),
    (socket(f"EIO=4&transport=websocket&b64=1&sid={SID}"), Upgrade(SID)),
    (request(f"transport=polling&sid={SID}"), Poll(SID)),
]


@pytest.mark.parametrize(
    ("asked", "target"), ADMITTED, ids=[f"{asked.method} {asked.url.partition('?')[2]}" for asked, _ in ADMITTED]
)
def test_a_request_says_what_it_asks_for(asked: HttpRequest, target: Target) -> None:
    assert admit(asked, CONFIG) == target


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        (socket("EIO=3&transport=websocket"), handshake("websocket", 3)),
        (socket("transport=websocket"), handshake("websocket", 3)),
        (request("EIO=3&transport=polling"), handshake("polling", 3)),
        (request("EIO=3&transport=polling&b64=1"), handshake("polling", 3, base64=True)),
        (request("transport=polling"), handshake("polling", 3)),
        (request("EIO=4&transport=polling"), handshake("polling", 4)),
        (request(f"EIO=3&transport=polling&sid={OLD_SID}"), Poll(OLD_SID)),
        (request(f"EIO=3&transport=polling&sid={OLD_SID}", method="POST"), Post(OLD_SID)),
        (socket(f"EIO=3&transport=websocket&sid={OLD_SID}"), Upgrade(OLD_SID)),
    ],
    ids=lambda case: case.url.partition("?")[2] if isinstance(case, HttpRequest) else "",
)
def test_revision_3_is_served_where_the_server_opted_in(asked: HttpRequest, target: Target) -> None:
    assert admit(asked, OLD_TOO) == target


@pytest.mark.parametrize("version", ["", "2", "5", "abc", "04", "03", "4.0", " 4", "\u0664"])
@pytest.mark.parametrize("config", [CONFIG, OLD_TOO], ids=["4", "3 and 4"])
def test_no_other_revision_is_served_at_all(version: str, config: EngineConfig) -> None:
    """Node takes anything that is not 4 for revision 3."""
    for asked in (socket(f"EIO={version}&transport=websocket"), request(f"EIO={version}&transport=polling")):
        error = refusal(asked, config)
        assert error is not None
        assert error.code == UNSUPPORTED_VERSION


REFUSED = [
    ("no transport", socket("EIO=4"), UNKNOWN_TRANSPORT),
    ("nothing at all", socket(""), UNKNOWN_TRANSPORT),
    ("an empty transport", socket("EIO=4&transport="), UNKNOWN_TRANSPORT),
    ("an unknown transport", socket("EIO=4&transport=tobi"), UNKNOWN_TRANSPORT),
    ("a transport of JavaScript's", socket("EIO=4&transport=constructor"), UNKNOWN_TRANSPORT),
    ("webtransport", socket("EIO=4&transport=webtransport"), UNKNOWN_TRANSPORT),
    ("another spelling", socket("EIO=4&transport=WebSocket"), UNKNOWN_TRANSPORT),
    ("an unknown transport, and a sid", request(f"EIO=4&transport=x&sid={SID}"), UNKNOWN_TRANSPORT),
    ("POST", socket(method="POST"), BAD_METHOD),
    ("POST, polling", polling(method="POST"), BAD_METHOD),
    ("PUT, polling", polling(method="PUT"), BAD_METHOD),
    ("HEAD", polling(method="HEAD"), BAD_METHOD),
    ("OPTIONS", polling(method="OPTIONS"), BAD_METHOD),
    ("no upgrade", request(), BAD_REQUEST),
    ("an empty upgrade", request(upgrade=""), BAD_REQUEST),
    ("an upgrade to something else", request(upgrade="h2c"), BAD_REQUEST),
    ("polling over a WebSocket", polling(upgrade="websocket"), BAD_REQUEST),
    ("a poll over a WebSocket", polling(f"&sid={SID}", upgrade="websocket"), BAD_REQUEST),
    ("a POST over a WebSocket", polling(f"&sid={SID}", method="POST", upgrade="websocket"), BAD_REQUEST),
    ("PUT with a sid", polling(f"&sid={SID}", method="PUT"), BAD_REQUEST),
    ("HEAD with a sid", polling(f"&sid={SID}", method="HEAD"), BAD_REQUEST),
    ("DELETE with a sid", polling(f"&sid={SID}", method="DELETE"), BAD_REQUEST),
    ("a WebSocket for a sid without upgrade", request(f"EIO=4&transport=websocket&sid={SID}"), BAD_REQUEST),
    ("a WebSocket for a sid by POST", socket(f"EIO=4&transport=websocket&sid={SID}", method="POST"), BAD_REQUEST),
    ("JSONP", polling("&j=0"), BAD_REQUEST),
    ("JSONP with a sid", polling(f"&sid={SID}&j=1"), BAD_REQUEST),
    ("JSONP, empty", polling("&j"), BAD_REQUEST),
    ("a foreign page", socket(origin="https://evil.example"), FORBIDDEN),
    ("no EIO", socket("transport=websocket"), UNSUPPORTED_VERSION),
    ("no EIO, polling", request("transport=polling"), UNSUPPORTED_VERSION),
    ("revision 3", socket("EIO=3&transport=websocket"), UNSUPPORTED_VERSION),
    ("revision 3, polling", request("EIO=3&transport=polling"), UNSUPPORTED_VERSION),
    ("EIO in another spelling", socket("eio=4&transport=websocket"), UNSUPPORTED_VERSION),
]


@pytest.mark.parametrize(("asked", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_any_other_request_is_refused_with_nodes_code(asked: HttpRequest, code: int) -> None:
    error = refusal(asked)
    assert error is not None
    assert error.code == code
    assert error.status == (403 if code == FORBIDDEN else 400)


#: Texts that are no sid of ours, whatever asks with them.
FOREIGN = [
    "abc",
    "+",
    "%00",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "toString",
    RANDOM,
    RANDOM + "e",
    RANDOM + "e1",
    RANDOM + "e00",
    RANDOM + "e01",
    RANDOM + "e-1",
    RANDOM + "e%2B0",
    RANDOM + "e0%20",
    RANDOM + "e0%0A",
    RANDOM + "e%D9%A0",
    RANDOM + "e%EF%BC%90",
    RANDOM + "e%C2%B2",
    RANDOM + "E0",
    RANDOM + "x0",
    RANDOM + "0",
    RANDOM + "ee0",
    RANDOM + "v3-0",
    RANDOM + "v3-",
    RANDOM + "socket",
    RANDOM + "__proto__",
    RANDOM + "e" + "9" * 63,
    RANDOM + "e" + "0" * 63,
    RANDOM + "e0" + "x" * 5_000,
    "?" * 22 + "e0",
]


@pytest.mark.parametrize("sid", FOREIGN, ids=lambda sid: str(sid)[:40])
def test_a_sid_that_names_no_actor_of_ours_is_unknown_and_wakes_none(sid: str) -> None:
    for asked in (
        polling(f"&sid={sid}"),
        polling(f"&sid={sid}", method="POST"),
        polling(f"&sid={sid}", method="PUT"),
        socket(f"EIO=4&transport=websocket&sid={sid}"),
        request(f"EIO=9&transport=polling&sid={sid}"),
    ):
        error = refusal(asked)
        assert error is not None
        assert error.code == UNKNOWN_SID


def test_the_names_of_the_two_revisions_never_meet() -> None:
    assert not EIO3_PREFIX.startswith(EIO4_PREFIX)
    assert not EIO4_PREFIX.startswith(EIO3_PREFIX)


@pytest.mark.parametrize(
    ("name", "config", "known"),
    [
        ("e0", CONFIG, True),
        ("e0", OLD_TOO, True),
        ("v3-0", CONFIG, False),
        ("v3-0", OLD_TOO, True),
        ("v3-1", OLD_TOO, False),
        ("v3-00", OLD_TOO, False),
        ("v3-e0", OLD_TOO, False),
        ("v3--0", OLD_TOO, False),
        ("ev3-0", OLD_TOO, False),
        ("v3-9", EngineConfig(allow_eio3=True, actors=10), True),
        ("v3-10", EngineConfig(allow_eio3=True, actors=10), False),
    ],
)
def test_an_actor_is_known_by_its_whole_name(name: str, config: EngineConfig, known: bool) -> None:
    assert actor_for(make_engine_sid(RANDOM, name), config) == (name if known else "")


def test_raising_the_number_of_actors_keeps_every_sid_there_is() -> None:
    few, many = (EngineConfig(actors=actors, allow_eio3=True) for actors in (3, 40))
    names = [f"{prefix}{number}" for prefix in (EIO4_PREFIX, EIO3_PREFIX) for number in range(40)]
    of_few = {name for name in names if actor_for(RANDOM + name, few)}
    assert of_few == {f"{prefix}{number}" for prefix in (EIO4_PREFIX, EIO3_PREFIX) for number in range(3)}
    assert [actor_for(RANDOM + name, many) for name in names] == names


@pytest.mark.parametrize("actors", [1, 9, 10, 11, 100])
def test_the_number_of_actors_is_where_their_names_end(actors: int) -> None:
    config = EngineConfig(actors=actors)
    assert actor_for(f"{RANDOM}e{actors - 1}", config) == f"e{actors - 1}"
    assert actor_for(f"{RANDOM}e{actors}", config) == ""


@pytest.mark.parametrize(
    ("config", "transport", "code"),
    [
        (POLLING_ONLY, "websocket", UNKNOWN_TRANSPORT),
        (POLLING_ONLY, "polling", None),
        (WEBSOCKET_ONLY, "polling", UNKNOWN_TRANSPORT),
        (WEBSOCKET_ONLY, "websocket", None),
    ],
)
def test_a_transport_that_is_not_served_is_unknown(config: EngineConfig, transport: str, code: int | None) -> None:
    for sid in ("", f"&sid={SID}"):
        upgrade = "websocket" if transport == "websocket" else None
        error = refusal(request(f"EIO=4&transport={transport}{sid}", upgrade=upgrade), config)
        assert (None if error is None else error.code) == code


@pytest.mark.parametrize(("first", "second", "passes"), [("4", "3", True), ("3", "4", False)])
def test_of_two_values_the_first_counts(first: str, second: str, passes: bool) -> None:
    """As in python-engineio; Node takes the last."""
    assert (refusal(socket(f"EIO={first}&EIO={second}&transport=websocket")) is None) is passes


def test_jsonp_gets_a_hint_for_the_developer_and_no_other_refusal_does() -> None:
    hints = {error.message for _, asked, _ in REFUSED if (error := refusal(asked)) is not None and ":" in error.message}
    assert hints == {"Bad request: JSONP is not served"}


@pytest.mark.parametrize("asked", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_refusal_tells_nothing_about_us_and_repeats_nothing_the_client_sent(asked: HttpRequest) -> None:
    error = refusal(asked)
    assert error is not None
    for word in ("engine_do", "actor", "durable", "config", "sid=", "evil", "chat.example", "tobi", "Traceback"):
        assert word not in error.message


def codes(*asked: HttpRequest, config: EngineConfig = CONFIG) -> list[int | None]:
    return [None if (error := refusal(one, config)) is None else error.code for one in asked]


def test_the_checks_of_a_handshake_come_in_their_order() -> None:
    """A request with everything wrong, one thing put right after the other."""
    wrong = request("EIO=3&transport=x&sid=abc&j=1", method="POST", origin="https://evil.example")
    no_transport = replace(wrong, url=wrong.url.replace("transport=x", "transport=websocket"))
    no_origin = replace(no_transport, headers={})
    no_jsonp = replace(no_origin, url=no_origin.url.replace("&j=1", ""))
    no_sid = replace(no_jsonp, url=no_jsonp.url.replace("&sid=abc", ""))
    no_method = replace(no_sid, method="GET")
    no_upgrade = replace(no_method, headers={"upgrade": "websocket"})
    right = replace(no_upgrade, url=no_upgrade.url.replace("EIO=3", "EIO=4"))
    assert codes(wrong, no_transport, no_origin, no_jsonp, no_sid, no_method, no_upgrade, right) == [
        UNKNOWN_TRANSPORT,
        FORBIDDEN,
        BAD_REQUEST,
        UNKNOWN_SID,
        BAD_METHOD,
        BAD_REQUEST,
        UNSUPPORTED_VERSION,
        None,
    ]


def test_the_checks_of_a_sessions_request_come_in_the_same_order() -> None:
    wrong = request("EIO=4&transport=x&sid=abc", method="PUT", origin="https://evil.example")
    no_transport = replace(wrong, url=wrong.url.replace("transport=x", "transport=polling"))
    no_origin = replace(no_transport, headers={})
    no_sid = replace(no_origin, url=no_origin.url.replace("sid=abc", f"sid={SID}"))
    right = replace(no_sid, method="POST")
    assert codes(wrong, no_transport, no_origin, no_sid, right) == [
        UNKNOWN_TRANSPORT,
        FORBIDDEN,
        UNKNOWN_SID,
        BAD_REQUEST,
        None,
    ]


def test_the_revision_is_the_handshakes_and_later_requests_need_not_name_it() -> None:
    for query in ("", "EIO=3&", "EIO=4&", "EIO=x&"):
        assert admit(request(f"{query}transport=polling&sid={SID}"), CONFIG) == Poll(SID)


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
        ("https://[a.example/engine.io/", "/engine.io/", False),
    ],
)
def test_the_engine_has_one_path(url: str, path: str, ours: bool) -> None:
    assert is_engine_path(url, EngineConfig(path=path)) is ours
