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


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """An HTTP request's head. Header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    remote_address: str = ""


def is_engine_path(url: str, config: EngineConfig) -> bool:
    """Tell whether a URL is the engine's; the slash at the end may be missing."""
    path = urlsplit(url).path
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
    if "sid" in query:
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
    same_host = urlsplit(origin).netloc == urlsplit(request.url).netloc
    if not (same_host if allowed is None else origin in allowed or "*" in allowed):
        raise RemoteEngineError(FORBIDDEN)


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

    Headers that no longer fit are left out, and named under ``engine_do.omitted_headers``.
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
    left = MAX_ENVIRON - sum(map(_size, facts))
    if left < 0:
        raise RemoteEngineError(BAD_REQUEST)
    omitted = []
    for name, value in request.headers.items():
        fact = ("HTTP_" + name.upper().replace("-", "_"), value)
        left -= _size(fact)
        if left >= 0:
            facts.append(fact)
        else:
            left += _size(fact)
            omitted.append(name)
    if omitted:
        facts.append((_OMITTED, ",".join(omitted)[:1_000]))
    return tuple(facts)


def _size(fact: tuple[str, str]) -> int:
    """Count what a fact takes in a record, where every other character may be escaped."""
    return len(json.dumps(fact)) + 2
