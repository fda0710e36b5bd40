"""Requests that are refused, by the entrypoint or by an actor: what they are answered with, and what the log says."""

import json
import logging
from typing import Any, Final

from engine_do.config import EngineConfig
from engine_do.durable.javascript import response
from engine_do.errors import TOO_LARGE, RemoteEngineError
from engine_do.http_request import HttpRequest
from engine_do.requests.admission import advise_on_origin
from engine_do.requests.headers import answer_headers

__all__ = ["refuse", "refuse_unreadable"]

_logger = logging.getLogger("engine_do")

#: What this isolate has said of origins, and how many it tells apart.
_advised: set[str] = set()
_MOST_ADVISED: Final = 100


def refuse(error: RemoteEngineError, http: HttpRequest, config: EngineConfig) -> Any:
    """Log and answer a request that is refused, in the form Engine.IO's clients read."""
    _logger.info("= request refused with code %d", error.code)
    _advise(http, config)
    return _respond(error, answer_headers(http, config, "application/json"))


def refuse_unreadable(error: RemoteEngineError) -> Any:
    """The same for a request of which nothing can be read; with no headers, since these depend on what it says."""
    _logger.info("= request refused with code %d: it cannot be read", error.code)
    return _respond(error, {})


def _respond(error: RemoteEngineError, headers: dict[str, str]) -> Any:
    """Answer; one that is too large gets no body, as with Node."""
    if error.status == TOO_LARGE:
        return response(None, error.status, {name: value for name, value in headers.items() if name != "content-type"})
    body = json.dumps({"code": error.code, "message": error.message}, separators=(",", ":"))
    return response(body, error.status, {**headers, "content-type": "application/json"})


def _advise(http: HttpRequest, config: EngineConfig) -> None:
    """Log what to do about an origin, once for each: whoever knocks again and again does not fill the log."""
    advice = advise_on_origin(http, config)
    if advice is not None and advice not in _advised and len(_advised) < _MOST_ADVISED:
        _advised.add(advice)
        _logger.warning("= %s", advice)
