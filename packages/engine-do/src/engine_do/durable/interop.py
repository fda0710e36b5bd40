"""JavaScript values to Python values and back; the only module that builds or takes apart the runtime's objects."""

import json
from typing import Any

import js
from pyodide.ffi import to_js

from engine_do.errors import RemoteEngineError
from engine_do.handshake import HttpRequest

__all__ = [
    "error_response",
    "frame_to_js",
    "message_to_python",
    "number_or_none",
    "raw_request",
    "read_request",
    "text_response",
    "upgrade_response",
]


def raw_request(request: Any) -> Any:
    """Take the JavaScript request out of the SDK's."""
    return getattr(request, "js_object", request)


def read_request(request: Any) -> HttpRequest:
    """Read a request's head."""
    request = raw_request(request)
    headers = js.Object.fromEntries(request.headers).to_py()
    return HttpRequest(
        method=request.method,
        url=request.url,
        headers=headers,
        remote_address=headers.get("cf-connecting-ip", ""),
    )


def message_to_python(message: Any) -> str | bytes:
    """Read what a socket received: text as it is, an ArrayBuffer as bytes."""
    return message if isinstance(message, str) else bytes(message.to_bytes())


def number_or_none(value: Any) -> int | None:
    """Read a whole number that may be JavaScript's null."""
    return int(value) if isinstance(value, int | float) else None


def frame_to_js(frame: str | bytes) -> Any:
    """Make what a socket can send, once for all sockets that send it."""
    return frame if isinstance(frame, str) else to_js(frame)


def text_response(text: str, status: int) -> Any:
    """Answer with plain text."""
    return js.Response.new(text, status=status)


def error_response(error: RemoteEngineError) -> Any:
    """Answer a handshake that is refused, in the form Engine.IO's clients read."""
    body = json.dumps({"code": error.code, "message": error.message})
    headers = js.Object.fromEntries(to_js([["content-type", "application/json"]]))
    return js.Response.new(body, status=error.status, headers=headers)


def upgrade_response(client: Any) -> Any:
    """Answer an upgrade with the client's end of the socket."""
    return js.Response.new(None, status=101, webSocket=client)
