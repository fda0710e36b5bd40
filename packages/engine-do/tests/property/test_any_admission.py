import re
import string
from dataclasses import replace

from engine_strategies import unhurried
from hypothesis import given
from hypothesis import strategies as st

from engine_do.config import EngineConfig
from engine_do.errors import RemoteEngineError
from engine_do.http_request import HttpRequest
from engine_do.requests.admission import (
    LOOKED_AT,
    Handshake,
    Poll,
    Post,
    Upgrade,
    actor_for,
    admit,
    advise_on_origin,
)
from engine_do.requests.headers import answer_headers, preflight_headers

CONFIG = EngineConfig()
OLD_TOO = EngineConfig(allow_eio3=True, actors=20)

#: Everything a client can be told at its handshake.
ANSWERS = {
    (0, "Transport unknown"),
    (1, "Session ID unknown"),
    (2, "Bad handshake method"),
    (3, "Bad request"),
    (3, "Bad request: JSONP is not served"),
    (4, "Forbidden"),
    (5, "Unsupported protocol version"),
}

SIDS = ["abcdefghijklmnopqrst-_" + name for name in ("e0", "e1", "e19", "e20", "v3-0", "v3-19", "e01", "x0")]
words = st.sampled_from(["EIO", "transport", "sid", "websocket", "polling", "4", "3", "b64", "j", "", *SIDS]) | st.text(
    max_size=10
)
queries = st.lists(st.builds("{}={}".format, words, words), max_size=6).map("&".join) | st.text(string.printable)
#: What a header may hold, and much that no browser sends: brackets, and characters that NFKC makes a "/" or a "." of.
origins = st.one_of(
    st.text(st.characters(exclude_categories=["Cc"]), max_size=60),
    st.text(string.ascii_letters + string.digits + ".:/@-_%&=[]?#\\\u2100\uff0f\uff0e", max_size=60),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["https://", "http://", "//", "x:"]),
        st.text(":/@[]?#.", max_size=3),
        st.sampled_from(["chat.example", "chat.example]", "[chat.example", "chat.example:443", "CHAT.example"]),
    ),
)


def host_of(origin: str) -> str:
    return re.split("[/?#]", origin.partition("//")[2])[0]


def refusal(request: HttpRequest, config: EngineConfig = CONFIG) -> RemoteEngineError | None:
    try:
        admit(request, config)
    except RemoteEngineError as error:
        return error
    return None


@unhurried
@given(
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT"]),
    queries,
    st.dictionaries(st.just("upgrade"), st.text(max_size=12) | st.just("websocket")),
    st.dictionaries(st.just("origin"), origins | st.just("https://chat.example")),
    st.sampled_from([CONFIG, OLD_TOO]),
)
def test_any_request_is_let_through_or_answered_from_a_closed_list(
    method: str, query: str, upgrade: dict[str, str], origin: dict[str, str], config: EngineConfig
) -> None:
    request = HttpRequest(method=method, url="https://chat.example/engine.io/?" + query, headers=upgrade | origin)
    error = refusal(request, config)
    if error is not None:
        assert (error.code, error.message) in ANSWERS
        return
    assert host_of(origin.get("origin", "https://chat.example")) == "chat.example"
    over_websocket = upgrade.get("upgrade", "").lower() == "websocket"
    match admit(request, config):
        case Handshake(transport, revision):
            assert method == "GET"
            assert over_websocket is (transport == "websocket")
            assert revision == 4 or config is OLD_TOO
        case Poll(engine_sid):
            assert (method, over_websocket) == ("GET", False)
            assert actor_for(engine_sid, config)
        case Post(engine_sid):
            assert (method, over_websocket) == ("POST", False)
            assert actor_for(engine_sid, config)
        case Upgrade(engine_sid):
            assert (method, over_websocket) == ("GET", True)
            assert actor_for(engine_sid, config)


@unhurried
@given(st.text() | st.sampled_from(SIDS), st.sampled_from([CONFIG, OLD_TOO]))
def test_any_sid_names_one_of_our_actors_or_none(sid: str, config: EngineConfig) -> None:
    """An object is created by asking for its name: only as many may exist as were configured."""
    names = {f"{prefix}{number}" for prefix in ("e", "v3-") for number in range(config.actors)}
    assert actor_for(sid, config) in {"", *names}


@unhurried
@given(origins, st.sampled_from(["https://a.example", "null", "*", None]))
def test_any_origin_reads_the_answer_if_and_only_if_it_may_connect(origin: str, allowed: str | None) -> None:
    config = EngineConfig(cors_allowed_origins=allowed)
    request = HttpRequest(
        method="GET", url="https://chat.example/engine.io/?EIO=4&transport=polling", headers={"origin": origin}
    )
    for headers in (answer_headers(request, config, "text/plain"), preflight_headers(request, config)):
        told = headers.get("access-control-allow-origin")
        assert told == (origin if refusal(request, config) is None else None)


@unhurried
@given(origins, st.lists(st.sampled_from(["https://a.example", "null", "*"]), min_size=1, max_size=2))
def test_any_origin_is_compared_with_a_list_letter_by_letter(origin: str, listed: list[str]) -> None:
    request = HttpRequest(
        method="GET",
        url="https://chat.example/engine.io/?EIO=4&transport=websocket",
        headers={"upgrade": "websocket", "origin": origin},
    )
    error = refusal(request, EngineConfig(cors_allowed_origins=listed))
    assert (error is None) is (origin in listed or "*" in listed)


@unhurried
@given(origins)
def test_a_page_of_another_host_never_passes_by_default(origin: str) -> None:
    request = HttpRequest(
        method="GET",
        url="https://chat.example/engine.io/?EIO=4&transport=websocket",
        headers={"upgrade": "websocket", "origin": origin},
    )
    error = refusal(request)
    if error is not None:
        assert error.code == 4
    else:
        assert host_of(origin) == "chat.example"


@unhurried
@given(
    st.sampled_from(["GET", "POST", "OPTIONS"]),
    queries,
    st.dictionaries(
        st.sampled_from([*LOOKED_AT, "host", "cookie", "accept-encoding", "content-length"]),
        origins | st.sampled_from(["websocket", "https://chat.example", "chat.example"]),
    ),
    st.sampled_from(
        [CONFIG, EngineConfig(trust_forwarded_host=True), EngineConfig(cors_allowed_origins="https://a.example")]
    ),
)
def test_what_the_entrypoint_does_depends_on_a_few_headers_only(
    method: str, query: str, headers: dict[str, str], config: EngineConfig
) -> None:
    whole = HttpRequest(method=method, url="https://chat.example/engine.io/?" + query, headers=headers)
    some = replace(whole, headers={name: value for name, value in headers.items() if name in LOOKED_AT})

    def seen(request: HttpRequest) -> tuple[object, ...]:
        try:
            found: object = admit(request, config)
        except RemoteEngineError as error:
            found = (error.code, error.message)
        answers = answer_headers(request, config, "application/json"), preflight_headers(request, config)
        return found, answers, advise_on_origin(request, config)

    assert seen(some) == seen(whole)
