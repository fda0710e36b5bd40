"""`admission.is_origin_allowed`: which pages may connect."""

import pytest
from naming import named

from engine_do.config import EngineConfig, Origins
from engine_do.errors import FORBIDDEN, ConfigError, RemoteEngineError
from engine_do.http_request import HttpRequest
from engine_do.requests.admission import admit, advise_on_origin, is_origin_allowed

CONFIG = EngineConfig()
LISTED = EngineConfig(cors_allowed_origins=["https://page.example", "http://localhost:3000"])
ANY = EngineConfig(cors_allowed_origins="*")
JUDGED = EngineConfig(cors_allowed_origins=lambda origin: origin.endswith(".page.example"))


def request(origin: str | None, host: str = "https://chat.example") -> HttpRequest:
    headers = {} if origin is None else {"origin": origin}
    return HttpRequest(method="GET", url=f"{host}/engine.io/?EIO=4&transport=polling", headers=headers)


def refused_with(asked: HttpRequest, config: EngineConfig) -> int | None:
    try:
        admit(asked, config)
    except RemoteEngineError as error:
        return error.code
    return None


ORIGINS = [
    ("no origin passes", CONFIG, None, True),
    ("no origin passes a list", LISTED, None, True),
    ("no origin passes a function", JUDGED, None, True),
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
    ("one page", EngineConfig(cors_allowed_origins="https://page.example"), "https://page.example", True),
    ("a part of one page", EngineConfig(cors_allowed_origins="https://page.example"), "https://page", False),
    (
        "a scheme's own port",
        EngineConfig(cors_allowed_origins=["https://page.example:443"]),
        "https://page.example",
        True,
    ),
    ("another port", EngineConfig(cors_allowed_origins="http://page.example:443"), "http://page.example", False),
    ("a star", ANY, "https://evil.example", True),
    ("a star and the null origin", ANY, "null", True),
    ("a star in a list", EngineConfig(cors_allowed_origins=["https://page.example", "*"]), "https://x.example", True),
    ("an origin that is a star", LISTED, "*", False),
    ("null, when it is listed", EngineConfig(cors_allowed_origins="null"), "null", True),
    ("a function that agrees", JUDGED, "https://a.page.example", True),
    ("a function that does not", JUDGED, "https://page.example", False),
    ("a function replaces the same host", JUDGED, "https://chat.example", False),
    ("a function judges the empty origin too", JUDGED, "", False),
]


@pytest.mark.parametrize(
    ("config", "origin", "passes"), [case[1:] for case in ORIGINS], ids=[case[0] for case in ORIGINS]
)
def test_a_page_connects_only_where_the_server_says_so(config: EngineConfig, origin: str | None, passes: bool) -> None:
    assert is_origin_allowed(request(origin), config) is passes
    assert refused_with(request(origin), config) == (None if passes else FORBIDDEN)


def test_the_same_host_counts_with_its_port() -> None:
    assert is_origin_allowed(request("http://localhost:8787", "http://localhost:8787"), CONFIG)
    assert not is_origin_allowed(request("http://localhost:3000", "http://localhost:8787"), CONFIG)


@pytest.mark.parametrize("allowed", [None, ["https://page.example"], "*", lambda _: True], ids=named)
@pytest.mark.parametrize("origin", ["http://[", "https://a]b", "https://\u2100.example"])
def test_an_origin_that_cannot_be_parsed_is_judged_and_not_an_error_of_ours(origin: str, allowed: Origins) -> None:
    config = EngineConfig(cors_allowed_origins=allowed)
    assert is_origin_allowed(request(origin), config) is (allowed == "*" or callable(allowed))


def test_a_page_may_not_go_on_with_a_session_of_a_page_that_may() -> None:
    query = "EIO=4&transport=polling&sid=abcdefghijklmnopqrstuve0"
    asked = HttpRequest(
        method="POST", url=f"https://chat.example/engine.io/?{query}", headers={"origin": "https://evil.example"}
    )
    assert refused_with(asked, CONFIG) == FORBIDDEN


def test_an_origin_that_is_refused_has_an_advice() -> None:
    assert advise_on_origin(request("https://page.example"), CONFIG) == (
        "a page of 'https://page.example' may not connect: if it is yours, "
        "write EngineConfig(cors_allowed_origins=['https://page.example', ...])"
    )
    long = advise_on_origin(request("https://" + "x" * 10_000), CONFIG)
    assert long is not None
    assert len(long) < 600


@pytest.mark.parametrize("asked", [request(None), request("https://chat.example")])
def test_where_the_origin_is_right_there_is_nothing_to_advise(asked: HttpRequest) -> None:
    assert advise_on_origin(asked, CONFIG) is None


@pytest.mark.parametrize("empty", [[], ()])
def test_an_empty_list_is_refused_since_it_means_different_things_to_different_people(empty: Origins) -> None:
    with pytest.raises(ConfigError, match="python-engineio takes for any page"):
        EngineConfig(cors_allowed_origins=empty)


PROXIED = EngineConfig(trust_forwarded_host=True)
LISTED_AND_PROXIED = EngineConfig(trust_forwarded_host=True, cors_allowed_origins="https://a.example")


@pytest.mark.parametrize(
    ("config", "forwarded", "origin", "is_allowed"),
    [
        (PROXIED, "page.example", "https://page.example", True),
        (PROXIED, "Page.Example:443, inner.example", "https://page.example", True),
        (PROXIED, "page.example:8443", "https://page.example:8443", True),
        (PROXIED, "page.example", "https://evil.example", False),
        (PROXIED, "page.example", "https://chat.example", True),
        (PROXIED, "", "https://", False),
        (PROXIED, "", "null", False),
        (PROXIED, "null", "null", False),
        (CONFIG, "page.example", "https://page.example", False),
        (
            EngineConfig(trust_forwarded_host=True, cors_allowed_origins="https://a.example"),
            "b.example",
            "https://b.example",
            False,
        ),
    ],
)
def test_a_trusted_proxy_names_the_host_that_pages_come_from(
    config: EngineConfig, forwarded: str, origin: str, is_allowed: bool
) -> None:
    headers = {"origin": origin, "x-forwarded-host": forwarded}
    asked = HttpRequest(method="GET", url="https://chat.example/engine.io/?EIO=4&transport=polling", headers=headers)
    assert is_origin_allowed(asked, config) is is_allowed
