import re
import string

from engine_strategies import unhurried
from hypothesis import given
from hypothesis import strategies as st

from engine_do.config import EngineConfig
from engine_do.errors import RemoteEngineError
from engine_do.handshake import HttpRequest, check_handshake

CONFIG = EngineConfig()

#: Everything a client can be told at its handshake.
ANSWERS = {
    (0, "Transport unknown"),
    (0, 'Transport unknown: websocket only yet; set transports: ["websocket"] in the client'),
    (1, "Session ID unknown"),
    (2, "Bad handshake method"),
    (3, "Bad request"),
    (4, "Forbidden"),
    (5, "Unsupported protocol version"),
}

words = st.sampled_from(["EIO", "transport", "sid", "websocket", "polling", "4", "3", ""]) | st.text(max_size=10)
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
        check_handshake(request, config)
    except RemoteEngineError as error:
        return error
    return None


@unhurried
@given(
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS"]),
    queries,
    st.dictionaries(st.just("upgrade"), st.text(max_size=12) | st.just("websocket")),
    st.dictionaries(st.just("origin"), origins | st.just("https://chat.example")),
)
def test_any_request_is_let_through_or_answered_from_a_closed_list(
    method: str, query: str, upgrade: dict[str, str], origin: dict[str, str]
) -> None:
    url = "https://chat.example/engine.io/?" + query
    error = refusal(HttpRequest(method=method, url=url, headers=upgrade | origin))
    if error is not None:
        assert (error.code, error.message) in ANSWERS
    else:
        assert method == "GET"
        assert upgrade["upgrade"].lower() == "websocket"
        assert host_of(origin.get("origin", "https://chat.example")) == "chat.example"


@unhurried
@given(origins, st.lists(st.sampled_from(["https://a.example", "null", "*"]), max_size=2))
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
