"""The headers of an answer: caching, CORS, the cookie, and what the configuration adds."""

from collections.abc import Mapping
from typing import Final

from engine_do.config import EngineConfig
from engine_do.config_checks import COOKIE_ATTRIBUTES, TOKEN
from engine_do.http_request import HttpRequest
from engine_do.protocol.ids import EngineSid
from engine_do.requests.admission import is_origin_allowed

__all__ = ["answer_headers", "choose_encoding", "cookie_header", "preflight_headers", "upgrade_headers"]

#: How an answer may be compressed, the best first.
_ENCODINGS: Final = ("gzip", "deflate")
#: So much of what a client takes is looked at; browsers say it in 30 characters.
_MAX_ACCEPT_ENCODING: Final = 1_000


def answer_headers(request: HttpRequest, config: EngineConfig, content_type: str) -> dict[str, str]:
    """Make the headers of an answer with a body.

    Nothing of a session may be kept by a cache; and since the answer depends on the page that asked, caches are told so.
    """
    headers = {"content-type": content_type, "cache-control": "no-store", **_cors(request, config)}
    return headers | {name.lower(): value for name, value in config.response_headers.items()}


def choose_encoding(request: HttpRequest, size: int, config: EngineConfig) -> str | None:
    """Choose how an answer of so many bytes is compressed: as the client takes it, and not below the configured threshold.

    https://httpwg.org/specs/rfc9110.html#field.accept-encoding; a weight of 0 is a no, the others are not compared.
    """
    if config.compression_threshold is None or size < config.compression_threshold:
        return None
    asked = request.headers.get("accept-encoding", "")[:_MAX_ACCEPT_ENCODING]
    listed = [one.replace(" ", "").partition(";q=") for one in asked.lower().split(",")]
    # The client's names do not become keys: there may be thousands, all with one hash.
    taken = [name for name, _, weight in listed if name in _ENCODINGS and (weight.strip("0.") or not weight)]
    return next((one for one in _ENCODINGS if one in taken), None)


def upgrade_headers(request: HttpRequest) -> dict[str, str]:
    """Make the headers of the answer that opens a WebSocket.

    Of the subprotocols that a client offers, the first is named, as Node's server does: browsers close where none is. They mean
    nothing here. https://datatracker.ietf.org/doc/html/rfc6455#section-4.2.2
    """
    first = request.headers.get("sec-websocket-protocol", "").partition(",")[0].strip()
    return {"sec-websocket-protocol": first} if TOKEN.fullmatch(first) else {}


def preflight_headers(request: HttpRequest, config: EngineConfig) -> dict[str, str]:
    """Make the headers of the answer to `OPTIONS`: what a page may send us."""
    allowed = _cors(request, config)
    if "access-control-allow-origin" not in allowed:
        return allowed
    asked = request.headers.get("access-control-request-headers", "content-type")
    allowed |= {
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": asked,
        "access-control-max-age": "600",
    }
    return allowed | {name.lower(): value for name, value in config.response_headers.items()}


def _cors(request: HttpRequest, config: EngineConfig) -> dict[str, str]:
    origin = request.headers.get("origin")
    if origin is None:
        return {"vary": "origin"}
    if not is_origin_allowed(request, config):
        return {"vary": "origin"}
    credentials = {"access-control-allow-credentials": "true"} if config.cors_credentials else {}
    return {"access-control-allow-origin": origin, "vary": "origin", **credentials}


def cookie_header(engine_sid: EngineSid, config: EngineConfig) -> str | None:
    """Write the cookie a handshake sets, if one is configured; unless told otherwise it is `Path=/; HttpOnly; SameSite=Lax`."""
    if config.cookie is None:
        return None
    given: Mapping[str, object] = {"name": config.cookie} if isinstance(config.cookie, str) else config.cookie
    facts = {"path": "/", "http_only": True, "same_site": "Lax", **given}
    parts = [f"{facts.pop('name')}={engine_sid}"]
    for name, (written, _) in COOKIE_ATTRIBUTES.items():
        value = facts.get(name)
        if value is True:
            parts.append(written)
        elif value is not None and value is not False:
            parts.append(f"{written}={value}")
    return "; ".join(parts)
