"""What a request asks for, and whether it may: the checks of Node's `Server.verify`, in its order.

A request without a sid is a handshake. One with a sid belongs to that session's actor, and asks for a poll, brings a payload, or
brings the WebSocket the session wants to move to. https://socket.io/docs/v4/engine-io-protocol/
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from engine_do.config import EngineConfig
from engine_do.config_checks import without_own_port
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
from engine_do.protocol.ids import EngineSid, actor_of

__all__ = [
    "EIO3_PREFIX",
    "EIO4_PREFIX",
    "LOOKED_AT",
    "Handshake",
    "Poll",
    "Post",
    "Target",
    "Transport",
    "Upgrade",
    "actor_for",
    "admit",
    "advise_on_origin",
    "is_engine_path",
    "is_origin_allowed",
    "shows_requests",
]

#: Names of engine actors: these, and a number below `EngineConfig.actors`. Sockets of the two revisions need different automatic
#: answers, of which an object has one.
EIO4_PREFIX: Final = "e"
EIO3_PREFIX: Final = "v3-"

#: The headers on which it depends whether a request may come in, and what the entrypoint itself answers.
LOOKED_AT: Final = ("origin", "upgrade", "x-forwarded-host", "access-control-request-headers")

#: Digits of an actor's number.
_MAX_ACTOR_DIGITS: Final = 15

#: Characters of an origin that are logged.
_SHOWN: Final = 200


class Transport(enum.StrEnum):
    """How a session's packets travel."""

    POLLING = "polling"
    WEBSOCKET = "websocket"


@dataclass(frozen=True, slots=True)
class Handshake:
    """Open a session. ``base64``: the client takes no binary, so binary comes to it as text."""

    transport: Transport
    revision: int
    base64: bool


@dataclass(frozen=True, slots=True)
class Poll:
    """Wait for packets."""

    engine_sid: EngineSid


@dataclass(frozen=True, slots=True)
class Post:
    """Bring packets."""

    engine_sid: EngineSid


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Bring a WebSocket for a session that polls."""

    engine_sid: EngineSid


Target: TypeAlias = Handshake | Poll | Post | Upgrade


def is_engine_path(url: str, config: EngineConfig) -> bool:
    """Return whether a URL is the engine's; the slash at the end may be missing."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return False
    return path == config.path or path + "/" == config.path


def shows_requests(config: EngineConfig) -> bool:
    """Return whether a hook of the entrypoint is shown requests: it may look at all of their headers, not only at `LOOKED_AT`."""
    return bool(config.allow_request or config.choose_actor or config.location_hint)


def admit(request: HttpRequest, config: EngineConfig) -> Target:
    """Return what ``request`` asks for; raises `RemoteEngineError` when it may not."""
    query = request.query
    if query.get("transport") not in config.transports:
        raise RemoteEngineError(UNKNOWN_TRANSPORT)
    transport = Transport(query["transport"])
    if "origin" in request.headers and not is_origin_allowed(request, config):
        raise RemoteEngineError(FORBIDDEN)
    if "j" in query:
        raise RemoteEngineError(BAD_REQUEST, "JSONP is not served")
    upgrades = request.headers.get("upgrade", "").lower() == "websocket"
    if query.get("sid"):
        if not actor_for(query["sid"], config):
            raise RemoteEngineError(UNKNOWN_SID)
        return _continue(request.method, transport, EngineSid(query["sid"]), upgrades)
    if request.method != "GET":
        raise RemoteEngineError(BAD_METHOD)
    if upgrades != (transport is Transport.WEBSOCKET):
        raise RemoteEngineError(BAD_REQUEST)
    revision = 4 if query.get("EIO") == "4" else _old_revision(query.get("EIO"), config)
    return Handshake(transport, revision, bool(query.get("b64")))


def _continue(method: str, transport: Transport, engine_sid: EngineSid, upgrades: bool) -> Target:
    if transport is Transport.WEBSOCKET:
        if not upgrades or method != "GET":
            raise RemoteEngineError(BAD_REQUEST)
        return Upgrade(engine_sid)
    if upgrades or method not in ("GET", "POST"):
        raise RemoteEngineError(BAD_REQUEST)
    return Poll(engine_sid) if method == "GET" else Post(engine_sid)


def _old_revision(wanted: str | None, config: EngineConfig) -> int:
    """Read an older revision of the protocol; none named is 3, whose clients did not always name it."""
    if config.allow_eio3 and wanted in ("3", None):
        return 3
    raise RemoteEngineError(UNSUPPORTED_VERSION)


def actor_for(engine_sid: str, config: EngineConfig) -> str:
    """Name the actor a sid belongs to; empty when the sid names none of ours."""
    name = actor_of(engine_sid)
    for prefix in (EIO4_PREFIX, EIO3_PREFIX) if config.allow_eio3 else (EIO4_PREFIX,):
        number = name.removeprefix(prefix)
        if number != name and _is_number(number) and int(number) < config.actors:
            return name
    return ""


def _is_number(text: str) -> bool:
    """Return whether a text is a number as we write it; of thousands of digits Python refuses to make one."""
    return len(text) <= _MAX_ACTOR_DIGITS and text.isdecimal() and text == str(int(text))


def is_origin_allowed(request: HttpRequest, config: EngineConfig) -> bool:
    """Let a page connect only where the server says so: browsers do not guard WebSockets by themselves.

    The same host passes whatever its scheme, since TLS often ends in front of us.
    """
    origin = request.headers.get("origin")
    allowed = config.cors_allowed_origins
    if origin is None:
        return True
    if allowed is None:
        return origin in _own_origins(origin, request, config)
    if isinstance(allowed, str):
        return allowed in (origin, "*")
    if isinstance(allowed, Sequence):
        return origin in allowed or "*" in allowed
    return allowed(origin) is True


def advise_on_origin(request: HttpRequest, config: EngineConfig) -> str | None:
    """Write what to do if a page that may not connect is the application's own; none where the origin is not what is wrong."""
    origin = request.headers.get("origin")
    if origin is None or is_origin_allowed(request, config):
        return None
    return (
        f"a page of {origin[:_SHOWN]!r} may not connect: if it is yours, "
        f"write EngineConfig(cors_allowed_origins=[{origin[:_SHOWN]!r}, ...])"
    )


def _own_origins(origin: str, request: HttpRequest, config: EngineConfig) -> list[str]:
    """Name the host that was asked as an origin with the scheme of ``origin``: the URL's, and a trusted proxy's."""
    scheme, separator, _ = origin.partition("://")
    hosts = [urlsplit(request.url).netloc]
    if config.trust_forwarded_host:
        hosts.append(request.headers.get("x-forwarded-host", "").partition(",")[0].strip().lower())
    return [without_own_port(f"{scheme}://{host}") for host in hosts if separator and host]
