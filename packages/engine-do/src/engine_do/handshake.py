"""The rules of a handshake request, as Node's engine.io checks them, and the facts of it the application may see."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

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
from engine_do.ids import EngineSid

__all__ = ["MAX_ENVIRON", "HttpRequest", "check_handshake", "is_engine_path", "make_environ", "open_packet"]

#: Characters of the handshake that are kept: an attachment holds 16,384 bytes, and the rest of the session needs some of them.
MAX_ENVIRON: Final = 14_000

#: Names of the facts about a request, besides its headers (``HTTP_...``); python-engineio's and WSGI's where they have one.
_OMITTED: Final = "engine_do.omitted_headers"
_OMITTED_LENGTH: Final = 1_000
#: Room for that fact: header names are ASCII, so nothing in it is escaped but quotes, which no header's name has.
_OMITTED_SIZE: Final = len(_OMITTED) + _OMITTED_LENGTH + 16


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """An HTTP request's head. Header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    remote_address: str = ""


def is_engine_path(url: str, config: EngineConfig) -> bool:
    """Tell whether a URL is the engine's; the slash at the end may be missing."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return False
    return path == config.path or path + "/" == config.path


def check_handshake(request: HttpRequest, config: EngineConfig) -> None:
    """Raise `RemoteEngineError` unless ``request`` may open a session; the order of the checks is Node's `Server.verify`."""
    query = dict(reversed(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)))
    transport = query.get("transport")
    if transport == "polling":
        raise RemoteEngineError(UNKNOWN_TRANSPORT, 'websocket only yet; set transports: ["websocket"] in the client')
    if transport != "websocket":
        raise RemoteEngineError(UNKNOWN_TRANSPORT)
    _check_origin(request, config)
    if query.get("sid"):
        # A WebSocket session has one request in its life; there is no session a second one could belong to.
        raise RemoteEngineError(UNKNOWN_SID)
    if request.method != "GET":
        raise RemoteEngineError(BAD_METHOD)
    if request.headers.get("upgrade", "").lower() != "websocket":
        raise RemoteEngineError(BAD_REQUEST)
    if query.get("EIO") != "4":
        raise RemoteEngineError(UNSUPPORTED_VERSION)


def _check_origin(request: HttpRequest, config: EngineConfig) -> None:
    """Let a page connect only where the server says so: browsers do not guard WebSockets by themselves.

    The same host passes whatever its scheme, since TLS often ends in front of us.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return
    allowed = config.allowed_origins
    if not (_is_same_host(origin, request.url) if allowed is None else origin in allowed or "*" in allowed):
        raise RemoteEngineError(FORBIDDEN)


def _is_same_host(origin: str, url: str) -> bool:
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(host) and host == urlsplit(url).netloc


def open_packet(engine_sid: EngineSid, config: EngineConfig) -> str:
    """Write the packet that opens a session. https://socket.io/docs/v4/engine-io-protocol/#handshake"""
    facts = {
        "sid": engine_sid,
        "upgrades": [],
        "pingInterval": config.ping_interval_ms,
        "pingTimeout": config.ping_timeout_ms,
        "maxPayload": config.max_payload,
    }
    return "0" + json.dumps(facts, separators=(",", ":"))


def make_environ(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """Collect what the application may see of a handshake, as WSGI names it; at most `MAX_ENVIRON` characters of it.

    Headers that no longer fit are left out, and named under ``engine_do.omitted_headers``. Names with an underscore are left out
    too: WSGI would not tell them from those with a hyphen, which proxies may vouch for.
    """
    parts = urlsplit(request.url)
    facts = [
        ("REQUEST_METHOD", request.method),
        ("PATH_INFO", parts.path),
        ("QUERY_STRING", parts.query),
        ("REMOTE_ADDR", request.remote_address),
        ("SERVER_NAME", parts.hostname or ""),
        ("wsgi.url_scheme", parts.scheme),
    ]
    left = MAX_ENVIRON - _OMITTED_SIZE - sum(map(_size, facts))
    if left < 0:
        raise RemoteEngineError(BAD_REQUEST)
    omitted = []
    for name, value in request.headers.items():
        if "_" in name:
            continue
        fact = ("HTTP_" + name.upper().replace("-", "_"), value)
        if _size(fact) > left:
            omitted.append(name)
            continue
        left -= _size(fact)
        facts.append(fact)
    if omitted:
        facts.append((_OMITTED, ",".join(omitted)[:_OMITTED_LENGTH]))
    return tuple(facts)


def _size(fact: tuple[str, str]) -> int:
    """Count what a fact takes in a record, where every other character may be escaped."""
    return len(json.dumps(fact)) + 2
