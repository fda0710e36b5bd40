import dataclasses
import re
import warnings
from typing import Any

import pytest

from engine_do.config import ALARM_SLACK_MS, EngineConfig
from engine_do.errors import ConfigError, EngineConfigWarning

NUMBERS = ["ping_interval_ms", "ping_timeout_ms", "max_payload", "connect_timeout_ms", "actors"]

#: What a user of another server writes, and words of the answer.
RENAMED = [
    ("ping_interval", "ping_interval_ms, in milliseconds"),
    ("ping_timeout", "ping_timeout_ms, in milliseconds"),
    ("pingInterval", "ping_interval_ms"),
    ("pingTimeout", "ping_timeout_ms"),
    ("max_http_buffer_size", "max_payload"),
    ("maxHttpBufferSize", "max_payload"),
    ("connectTimeout", "connect_timeout_ms"),
    ("cors", "cors_allowed_origins"),
    ("socketio_path", "path"),
    ("transports", "websocket is the only transport yet"),
    ("allow_upgrades", "websocket is the only transport yet"),
    ("async_mode", "the runtime is the only mode"),
    ("monitor_clients", "one alarm per object watches all clients"),
]


def make(**options: Any) -> EngineConfig:
    return EngineConfig(**options)


def test_the_defaults_are_those_the_documentation_names() -> None:
    config = EngineConfig()
    assert dataclasses.asdict(config) == {
        "path": "/engine.io/",
        "ping_interval_ms": 25_000,
        "ping_timeout_ms": 85_000,
        "max_payload": 1_000_000,
        "connect_timeout_ms": 45_000,
        "actors": 1,
        "cors_allowed_origins": None,
    }


def test_the_defaults_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert EngineConfig() == EngineConfig()


def test_a_configuration_does_not_change() -> None:
    config = EngineConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.path = "/other/"  # type: ignore[misc]
    assert dataclasses.replace(config, path="/other/").path == "/other/"


@pytest.mark.parametrize(("name", "advice"), RENAMED)
def test_an_option_of_another_server_is_translated(name: str, advice: str) -> None:
    with pytest.raises(ConfigError, match=f"no option '{name}'; write .*{advice}"):
        make(**{name: 1})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ping_interval_m", "ping_interval_ms"),
        ("ping_intervall_ms", "ping_interval_ms"),
        ("max_payloads", "max_payload"),
        ("Path", "path"),
        ("connect_timeout", "connect_timeout_ms"),
        ("cors_allowed_origin", "cors_allowed_origins"),
    ],
)
def test_a_misspelt_option_is_corrected(name: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"no option '{name}'; did you mean '{meant}'"):
        make(**{name: 1})


def test_an_option_like_no_other_gets_the_list() -> None:
    with pytest.raises(ConfigError, match=r"no option 'zzz'; it has path, ping_interval_ms, .*, cors_allowed_origins"):
        make(zzz=1)


def test_an_unknown_option_is_named_before_a_wrong_value() -> None:
    with pytest.raises(ConfigError, match="no option 'zzz'"):
        make(path="wrong", zzz=1)


def test_a_replaced_option_is_checked_as_well() -> None:
    with pytest.raises(ConfigError, match="no option 'ping_interval'"):
        dataclasses.replace(EngineConfig(), ping_interval=5)  # type: ignore[call-arg]


@pytest.mark.parametrize("path", ["/", "/engine.io/", "/socket.io/", "/a/b/", "/a%20b/", "/a-b_c.d~e/"])
def test_a_path_between_slashes_is_taken(path: str) -> None:
    assert EngineConfig(path=path).path == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "engine.io",
        "/engine.io",
        "engine.io/",
        "/a/?b/",
        "/engine.io#/",
        "//",
        "//a.example/",
        "/a//b/",
        "/a b/",
        "/a/\n",
        "https://example.com/",
    ],
)
def test_another_path_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="path must begin and end with '/'"):
        EngineConfig(path=path)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [0, -1, 1.5, 25_000.0, True, "25000", None, float("nan")])
def test_what_is_no_number_above_0_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be a whole number above 0"):
        make(**{name: value})


@pytest.mark.parametrize("path", [None, b"/engine.io/", 5, ["/engine.io/"]], ids=str)
def test_a_path_that_is_no_text_is_refused(path: object) -> None:
    with pytest.raises(ConfigError, match="path must begin and end with '/'"):
        make(path=path)


@pytest.mark.parametrize(
    "origins",
    [
        5,
        True,
        b"https://a.example",
        [None],
        ["https://a.example", 5],
        [["https://a.example"]],
        [b"https://a.example"],
        {"https://a.example"},
        {"https://a.example": True},
        iter(["https://a.example"]),
        object,
    ],
    ids=str,
)
def test_origins_that_are_no_texts_in_an_order_are_refused(origins: object) -> None:
    with pytest.raises(ConfigError, match="cors_allowed_origins is an origin, a list of origins"):
        make(cors_allowed_origins=origins)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "a.example",
        "//a.example",
        "https://",
        "https:a.example",
        "https://*.example",
        "https://Example.com",
        "https://user@a.example",
        "https://a.example/",
        "https://a.example/chat",
        "HTTPS://a.example",
        " https://a.example",
        "https://a.example ",
        "https://a.example\n",
        "https://a.example, https://b.example",
        "**",
        "NULL",
    ],
)
@pytest.mark.parametrize("listed", [False, True], ids=["one", "in a list"])
def test_what_no_browser_sends_as_an_origin_is_refused_and_named(origin: str, listed: bool) -> None:
    with pytest.raises(ConfigError, match=f"with nothing behind; got {re.escape(repr(origin))}"):
        EngineConfig(cors_allowed_origins=["https://b.example", origin] if listed else origin)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "http://localhost:3000",
        "https://a.example:8443",
        "http://[::1]:8787",
        "https://xn--bcher-kva.example",
        "capacitor://localhost",
        "chrome-extension://abcdefghijklmnop",
        "ms-appx+x.1://a",
    ],
)
def test_what_clients_send_as_an_origin_is_taken(origin: str) -> None:
    for origins in (origin, [origin], (origin,)):
        assert EngineConfig(cors_allowed_origins=origins).allowed_origins == frozenset([origin])


def test_a_replaced_list_of_origins_is_checked_as_well() -> None:
    with pytest.raises(ConfigError, match="a scheme and a host"):
        dataclasses.replace(EngineConfig(), cors_allowed_origins=["a.example"])


@pytest.mark.parametrize(
    ("interval", "timeout"), [(25_000, 84_999), (25_000, 20_000), (300_000, 359_999), (1, 60_000), (10**9, 1)]
)
def test_a_timeout_an_alarm_may_miss_warns_and_works(interval: int, timeout: int) -> None:
    with pytest.warns(EngineConfigWarning, match=f"ping_timeout_ms={timeout} is below") as caught:
        config = EngineConfig(ping_interval_ms=interval, ping_timeout_ms=timeout)
    assert (config.ping_interval_ms, config.ping_timeout_ms) == (interval, timeout)
    assert len(caught) == 1
    assert caught[0].filename == __file__, "the warning points at the line that configures"


@pytest.mark.parametrize(("interval", "timeout"), [(25_000, 85_000), (300_000, 360_000), (1, 60_001)])
def test_a_timeout_with_a_minute_to_spare_does_not_warn(interval: int, timeout: int) -> None:
    assert timeout >= interval + ALARM_SLACK_MS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert EngineConfig(ping_interval_ms=interval, ping_timeout_ms=timeout).ping_timeout_ms == timeout


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        (None, None),
        ("*", {"*"}),
        ("https://a.example", {"https://a.example"}),
        (["https://a.example", "https://b.example"], {"https://a.example", "https://b.example"}),
        (("*",), {"*"}),
        ([], set()),
    ],
)
def test_origins_are_one_or_many(given: str | list[str] | None, allowed: set[str] | None) -> None:
    assert EngineConfig(cors_allowed_origins=given).allowed_origins == allowed
