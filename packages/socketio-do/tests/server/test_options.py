import inspect
from typing import Any

import engineio
import pytest
import socketio
from server_fakes import World

from socketio_do.errors import ConfigError
from socketio_do.server.options import check_options

ALLOWED: dict[str, Any] = {
    "always_connect": True,
    "async_handlers": True,
    "cleanup_empty_child_namespaces": True,
    "logger": True,
    "namespaces": "*",
    "serializer": "msgpack",
}

REFUSED = [
    "allow_upgrades",
    "async_mode",
    "client_manager",
    "compression_threshold",
    "cookie",
    "cors_allowed_origins",
    "cors_credentials",
    "engineio_logger",
    "http_compression",
    "json",
    "max_http_buffer_size",
    "monitor_clients",
    "ping_interval",
    "ping_timeout",
    "transports",
]


@pytest.mark.parametrize("name", ALLOWED)
def test_an_option_that_works_passes(name: str) -> None:
    assert check_options({name: ALLOWED[name]}) is None  # type: ignore[func-returns-value]  # that it returns is the point


@pytest.mark.parametrize("name", REFUSED)
def test_an_option_that_cannot_work_is_refused_with_what_to_do_instead(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"'{name}' cannot work here: .*(leave it out|EngineConfig\(|getLogger)"):
        check_options({name: None})


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("namespace", "did you mean 'namespaces'"),
        ("alway_connect", "did you mean 'always_connect'"),
        (
            "zzz",
            "there are always_connect, .*, cleanup_empty_child_namespaces, connection_state_recovery, logger, .*, serializer",
        ),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest_one(name: str, advice: str) -> None:
    with pytest.raises(ConfigError, match=advice):
        check_options({name: 1})


def test_one_wrong_option_among_right_ones_is_refused() -> None:
    with pytest.raises(ConfigError, match="cookie"):
        check_options({**ALLOWED, "cookie": "io"})


def test_every_option_of_upstream_is_either_served_or_refused_with_advice() -> None:
    upstream = {
        name
        for owner in (socketio.AsyncServer, socketio.AsyncServer.__mro__[1], engineio.AsyncServer.__mro__[1])
        for name in inspect.signature(owner).parameters
    } - {"args", "kwargs", "self"}
    # `logger` of Engine.IO is `engineio_logger` here.
    assert upstream - {"logger", "client_manager"} <= {*ALLOWED, *REFUSED}


def test_the_server_checks_its_options() -> None:
    with pytest.raises(ConfigError, match="ping_interval"):
        World(ping_interval=5)
    assert World(always_connect=True).sio.always_connect is True
