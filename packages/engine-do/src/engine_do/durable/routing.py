"""For the Worker's entrypoint: which actor serves a request, and which requests are refused before any actor wakes."""

import logging
import secrets
from typing import Any

from pyodide.ffi import JsException

from engine_do.config import EngineConfig
from engine_do.durable.interop import error_response, raw_request, read_request, text_response
from engine_do.errors import ConfigError, RemoteEngineError
from engine_do.handshake import check_handshake, is_engine_path
from shared_wire.durable import raw

__all__ = ["route"]

_logger = logging.getLogger("engine_do")


async def route(request: Any, namespace: Any, config: EngineConfig) -> Any:
    """Serve a request: forward a handshake to its engine actor, or answer what cannot be one.

    ``request`` is what the entrypoint's ``fetch`` was given, ``namespace`` the binding of the engine's Durable Object class, and
    ``config`` the same configuration its actors have. Returns the response; 404 outside ``config.path``. Raises `ConfigError` when
    ``namespace`` is no such binding.
    """
    namespace = raw(namespace)
    if not hasattr(namespace, "getByName"):
        raise ConfigError("route() needs the engine's Durable Object binding: route(request, self.env.ENGINE, ENGINE)")
    http = read_request(request)
    if not is_engine_path(http.url, config):
        return text_response("Not found", 404)
    try:
        check_handshake(http, config)
    except RemoteEngineError as error:
        _logger.warning("= handshake refused with code %d", error.code)
        return error_response(error)
    # The raw request and response: the SDK's wrapper of a response with a socket aborts the socket when Python collects it.
    actor = f"e{secrets.randbelow(config.actors)}"
    try:
        return await namespace.getByName(actor).fetch(raw_request(request))
    except JsException:
        _logger.exception("= handshake failed at %s", actor)
        return text_response("Internal server error", 500)
