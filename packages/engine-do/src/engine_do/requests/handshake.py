"""What a handshake gives: the facts of it the application may see, and the packet that opens the session."""

import functools
import json
from collections.abc import Collection, Mapping
from json.encoder import encode_basestring_ascii
from typing import Final
from urllib.parse import urlsplit

from engine_do.config import EngineConfig
from engine_do.errors import BAD_REQUEST, RemoteEngineError
from engine_do.http_request import HttpRequest
from engine_do.protocol.ids import EngineSid
from engine_do.requests.admission import Transport
from shared_wire.names import TRANSPORT

__all__ = ["MAX_ENVIRON", "change_transport", "make_environ", "open_packet"]

#: Characters of the handshake that are kept: an attachment holds 16,384 bytes, and the rest of the session needs some of them.
MAX_ENVIRON: Final = 14_000

#: Characters that a fact takes besides its texts, and that an escaped one takes; beyond ASCII it may be two.
_AROUND: Final = 10
_ESCAPED: Final = 6

_write_json: Final = json.JSONEncoder(separators=(",", ":")).encode

_OMITTED: Final = "engine_do.omitted_headers"
_OMITTED_LENGTH: Final = 1_000
#: What is left beside that fact: header names are ASCII, so nothing in it is escaped but quotes, which no header's name has.
_ROOM: Final = MAX_ENVIRON - len(_OMITTED) - _OMITTED_LENGTH - 16


def open_packet(engine_sid: EngineSid, transport: Transport, config: EngineConfig) -> str:
    """Write the packet that opens a session. https://socket.io/docs/v4/engine-io-protocol/#handshake"""
    upgrades = tuple(config.upgrades) if transport is Transport.POLLING else ()
    rest = _write_rest(upgrades, config.ping_interval_ms, config.ping_timeout_ms, config.max_payload)
    return f'0{{"sid":{encode_basestring_ascii(engine_sid)},{rest}'


@functools.lru_cache(maxsize=16)
def _write_rest(upgrades: tuple[str, ...], interval_ms: int, timeout_ms: int, max_payload: int) -> str:
    """Write what all sessions of a configuration are told."""
    facts = {"upgrades": upgrades, "pingInterval": interval_ms, "pingTimeout": timeout_ms, "maxPayload": max_payload}
    return _write_json(facts)[1:]


def make_environ(
    request: HttpRequest, transport: Transport, exclude: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Collect what the application may see of a handshake, as WSGI names it; at most `MAX_ENVIRON` characters of it.

    Headers named in ``exclude`` are left out, whatever their case. Those that no longer fit are left out as well, and named under
    ``engine_do.omitted_headers``. Names with an underscore are left out too: WSGI would not tell them from those with a hyphen,
    which proxies may vouch for.
    """
    excluded = set(map(str.lower, exclude))
    parts = urlsplit(request.url)
    facts = [
        ("REQUEST_METHOD", request.method),
        ("PATH_INFO", parts.path),
        ("QUERY_STRING", parts.query),
        ("REMOTE_ADDR", request.remote_address),
        ("SERVER_NAME", parts.hostname or ""),
        ("wsgi.url_scheme", parts.scheme),
        (TRANSPORT, transport.value),
    ]
    headers = {
        name: ("HTTP_" + name.upper().replace("-", "_"), value)
        for name, value in request.headers.items()
        if "_" not in name and name.lower() not in excluded
    }
    all_facts = (*facts, *headers.values())
    # It is written to be measured only where its length leaves the answer open.
    sizes = [(len(name) + len(value)) * (1 if value.isascii() else 2) for name, value in all_facts]
    most = _ESCAPED * sum(sizes) + _AROUND * len(sizes)
    return all_facts if most <= _ROOM or len(json.dumps(all_facts)) <= _ROOM else _shorten(facts, headers)


def _shorten(facts: list[tuple[str, str]], headers: Mapping[str, tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Leave out the headers that do not fit."""
    left = _ROOM - sum(map(_size, facts))
    if left < 0:
        raise RemoteEngineError(BAD_REQUEST)
    omitted = []
    for name, fact in headers.items():
        size = _size(fact)
        if size > left:
            omitted.append(name)
            continue
        left -= size
        facts.append(fact)
    if omitted:
        facts.append((_OMITTED, ",".join(omitted)[:_OMITTED_LENGTH]))
    return tuple(facts)


def change_transport(environ: tuple[tuple[str, str], ...], transport: Transport) -> tuple[tuple[str, str], ...]:
    """Note in what is told of a handshake that the session's packets travel differently now."""
    return tuple((name, transport.value if name == TRANSPORT else value) for name, value in environ)


def _size(fact: tuple[str, str]) -> int:
    """Count what a fact takes in a record, where every other character may be escaped."""
    return len(json.dumps(fact)) + 2
