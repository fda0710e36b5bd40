import dataclasses
import warnings
from typing import Any

import pytest
from naming import named

from engine_do.config import ALARM_SLACK_MS, EngineConfig, Origins
from engine_do.errors import ConfigError, EngineConfigWarning
from engine_do.http_request import HttpRequest

NUMBERS = [
    "ping_interval_ms",
    "ping_timeout_ms",
    "upgrade_timeout_ms",
    "connect_timeout_ms",
    "max_payload",
    "max_sessions",
    "actors",
]
NUMBERS_OR_NONE = ["max_sessions_per_address", "max_messages_per_s", "max_bytes_per_s", "compression_threshold"]
SWITCHES = ["allow_upgrades", "allow_eio3", "trust_forwarded_host", "cors_credentials", "stream"]
HOOKS = ["choose_actor", "location_hint", "allow_request", "choose_peer"]

#: What a user of another server writes, and words of the answer.
RENAMED = [
    ("ping_interval", "ping_interval_ms, in milliseconds"),
    ("ping_timeout", "ping_timeout_ms, in milliseconds"),
    ("pingInterval", "ping_interval_ms"),
    ("pingTimeout", "ping_timeout_ms"),
    ("max_http_buffer_size", "max_payload"),
    ("maxHttpBufferSize", "max_payload"),
    ("upgradeTimeout", "upgrade_timeout_ms"),
    ("connectTimeout", "connect_timeout_ms"),
    ("cors", "cors_allowed_origins"),
    ("allowRequest", "allow_request"),
    ("allowUpgrades", "allow_upgrades"),
    ("allowEIO3", "allow_eio3"),
    ("initialPacket", "initial_packet"),
    ("http_compression", "compression_threshold, None for no compression"),
    ("httpCompression", "compression_threshold, None for no compression"),
    ("perMessageDeflate", "the runtime negotiates compression of WebSockets itself"),
    ("socketio_path", "path"),
    ("async_mode", "the runtime is the only mode"),
    ("monitor_clients", "one alarm per object watches all clients"),
]


def make(**options: Any) -> EngineConfig:
    return EngineConfig(**options)


def test_the_defaults_are_those_the_documentation_names() -> None:
    config = EngineConfig()
    assert dataclasses.asdict(config) == {
        "path": "/engine.io/",
        "transports": ("polling", "websocket"),
        "allow_upgrades": True,
        "allow_eio3": False,
        "ping_interval_ms": 25_000,
        "ping_timeout_ms": 85_000,
        "upgrade_timeout_ms": 10_000,
        "connect_timeout_ms": 45_000,
        "max_payload": 1_000_000,
        "max_sessions": 30_000,
        "max_sessions_per_address": None,
        "max_messages_per_s": 1_000,
        "max_bytes_per_s": 5_000_000,
        "compression_threshold": 1_024,
        "actors": 1,
        "choose_actor": None,
        "choose_peer": None,
        "stream": True,
        "location_hint": None,
        "cors_allowed_origins": None,
        "trust_forwarded_host": False,
        "cors_credentials": False,
        "cookie": None,
        "response_headers": {},
        "allow_request": None,
        "exclude_headers": (),
        "initial_packet": None,
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
    with pytest.raises(ConfigError, match=r"no option 'zzz'; it has path, transports, .*, initial_packet"):
        make(zzz=1)


def test_an_unknown_option_is_named_before_a_wrong_value() -> None:
    with pytest.raises(ConfigError, match="no option 'zzz'"):
        make(path="wrong", zzz=1)


def test_a_replaced_option_is_checked_as_well() -> None:
    with pytest.raises(ConfigError, match="no option 'ping_interval'"):
        dataclasses.replace(EngineConfig(), ping_interval=5)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [0, -1, 1.5, 25_000.0, True, "25000", None, float("nan")])
def test_what_is_no_number_above_0_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be a whole number above 0"):
        make(**{name: value})


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


@pytest.mark.parametrize("name", NUMBERS_OR_NONE)
def test_a_limit_may_be_left_out(name: str) -> None:
    assert getattr(make(**{name: None}), name) is None
    assert getattr(make(**{name: 1, "max_payload": 1}), name) == 1


def test_a_payload_nobody_may_send_at_once_is_an_error() -> None:
    assert EngineConfig(max_payload=2_000, max_bytes_per_s=1_000).max_payload == 2_000
    with pytest.raises(ConfigError, match="max_payload=2001 is more than a client may send at once"):
        EngineConfig(max_payload=2_001, max_bytes_per_s=1_000)


def test_more_sessions_than_an_object_has_sockets_are_an_error() -> None:
    assert EngineConfig(max_sessions=32_768).max_sessions == 32_768
    with pytest.raises(ConfigError, match="for more sessions raise actors"):
        EngineConfig(max_sessions=32_769)


@pytest.mark.parametrize("name", NUMBERS_OR_NONE)
@pytest.mark.parametrize("value", [0, -1, 1.5, True, False, "1", float("inf")])
def test_a_limit_is_no_other_thing(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be a whole number above 0"):
        make(**{name: value})


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_on_or_off_and_nothing_else(name: str) -> None:
    assert getattr(make(**{name: True}), name) is True
    assert getattr(make(**{name: False}), name) is False
    for value in (None, 0, 1, "yes", "False"):
        with pytest.raises(ConfigError, match=f"{name} is True or False; got {value!r}"):
            make(**{name: value})


async def soon(_: HttpRequest) -> None:
    """Let everyone in, later."""


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_a_function_or_nothing(name: str) -> None:
    for hook in (None, lambda _: 0, soon, str):
        assert getattr(make(**{name: hook}), name) is hook
    for value in ("weur", 5, False, [soon]):
        with pytest.raises(ConfigError, match=f"{name} is a function of .*, or nothing"):
            make(**{name: value})


@pytest.mark.parametrize("packet", [None, "", "hello", b"", b"\x00"])
def test_the_initial_packet_is_a_message(packet: str | bytes | None) -> None:
    assert make(initial_packet=packet).initial_packet == packet


@pytest.mark.parametrize("packet", [5, True, ["hello"], {"a": 1}, bytearray(b"x"), memoryview(b"x")], ids=named)
def test_an_initial_packet_no_client_could_get_is_refused(packet: object) -> None:
    with pytest.raises(ConfigError, match="initial_packet is a text, bytes or nothing"):
        make(initial_packet=packet)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "wrong"}, "path must begin"),
        ({"transports": "polling"}, "transports is a list"),
        ({"cors_allowed_origins": "wrong"}, "a scheme and a host"),
        ({"cookie": "a b"}, "cookie is a name"),
        ({"response_headers": {"a b": "c"}}, "response_headers: a name"),
    ],
)
def test_every_option_with_a_shape_is_checked(options: dict[str, object], message: str) -> None:
    """What shapes there are is tested in test_config_checks.py."""
    with pytest.raises(ConfigError, match=message):
        make(**options)


@pytest.mark.parametrize(
    ("options", "upgrades"),
    [
        ({}, ["websocket"]),
        ({"transports": ["websocket", "polling"]}, ["websocket"]),
        ({"transports": ["polling"]}, []),
        ({"transports": ["websocket"]}, []),
        ({"allow_upgrades": False}, []),
    ],
)
def test_the_websocket_is_offered_where_both_transports_are_served(
    options: dict[str, Any], upgrades: list[str]
) -> None:
    assert make(**options).upgrades == upgrades


@pytest.mark.parametrize("origins", ["*", ["*"], ("*",), ["https://a.example", "*"]], ids=named)
def test_cookies_from_any_page_are_refused_however_any_is_written(origins: Origins) -> None:
    with pytest.raises(ConfigError, match="name the origins"):
        EngineConfig(cors_allowed_origins=origins, cors_credentials=True)


@pytest.mark.parametrize("origins", [None, "https://a.example", ["https://a.example"], lambda _: True], ids=named)
def test_cookies_from_named_pages_are_taken(origins: Origins) -> None:
    assert EngineConfig(cors_allowed_origins=origins, cors_credentials=True).cors_credentials


def test_a_cookie_that_no_handshake_would_set_is_refused() -> None:
    with pytest.raises(ConfigError, match="cookie is set by handshakes over polling only"):
        EngineConfig(cookie="io", transports=["websocket"])
    assert EngineConfig(cookie="io", transports=["polling"]).cookie == "io"


def test_economy_wakes_twelve_times_less_often_and_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        economy = EngineConfig.economy()
    assert (economy.ping_interval_ms, economy.ping_timeout_ms) == (300_000, 360_000)
    assert economy.ping_interval_ms == 12 * EngineConfig().ping_interval_ms
    assert dataclasses.replace(economy, ping_interval_ms=25_000, ping_timeout_ms=85_000) == EngineConfig()


def test_economy_takes_all_options_and_its_own_can_be_told_otherwise() -> None:
    economy = EngineConfig.economy(path="/socket.io/", ping_timeout_ms=500_000)
    assert (economy.path, economy.ping_interval_ms, economy.ping_timeout_ms) == ("/socket.io/", 300_000, 500_000)
    with pytest.raises(ConfigError, match="no option 'zzz'"):
        EngineConfig.economy(zzz=1)


@pytest.mark.parametrize(
    ("options", "has_peer", "message"),
    [
        ({"allow_eio3": True}, True, "allow_eio3 is for an engine alone, and Chat serves Socket.IO"),
        ({"choose_peer": lambda state, message: ("", "a")}, False, "choose_peer needs Chat.peer_binding"),
        ({"allow_eio3": True}, False, None),
        ({"choose_peer": lambda state, message: ("", "a")}, True, None),
        ({}, True, None),
        ({}, False, None),
    ],
)
def test_what_goes_with_a_peer_and_what_without(options: dict[str, Any], has_peer: bool, message: str | None) -> None:
    config = EngineConfig(**options)
    if message is None:
        config.check_peer("Chat", has_peer=has_peer)
    else:
        with pytest.raises(ConfigError, match=message):
            config.check_peer("Chat", has_peer=has_peer)


class Chooser:
    """A hook that is an object."""

    def __call__(self, request: HttpRequest) -> int:
        return 0


def test_what_differs_between_two_configurations_is_named() -> None:
    one = EngineConfig(path="/chat/", ping_interval_ms=20_000, cors_allowed_origins=["https://a.example"])
    same = EngineConfig(path="/chat/", ping_interval_ms=20_000, cors_allowed_origins=["https://a.example"])
    assert same.differing(one.describe()) == []
    assert EngineConfig().differing(one.describe()) == ["cors_allowed_origins", "path", "ping_interval_ms"]


def test_functions_are_compared_by_their_names_and_options_of_another_release_are_left_out() -> None:
    def choose(request: HttpRequest) -> int:
        return 0

    chosen = EngineConfig(choose_actor=choose)
    assert chosen.describe()["choose_actor"].endswith("<locals>.choose")
    assert EngineConfig(choose_actor=Chooser()).describe()["choose_actor"] == "a Chooser"
    assert "0x" not in "".join(chosen.describe().values()), "no address in memory: it is another one in each process"
    assert chosen.differing(EngineConfig().describe()) == ["choose_actor"]
    assert EngineConfig().differing({**EngineConfig().describe(), "invented": "1"}) == []
    assert EngineConfig().differing({"path": repr("/engine.io/")}) == []


def test_what_clients_set_one_timer_to_fits_into_it() -> None:
    """JavaScript's timers ring at once when they are set to more."""
    assert make(ping_interval_ms=2**29, ping_timeout_ms=3 * 2**29 - 1).ping_interval_ms == 2**29
    with pytest.raises(ConfigError, match="what clients set a timer to"):
        make(ping_interval_ms=2**29, ping_timeout_ms=3 * 2**29)
