"""JavaScript values to Python values and back; the only module that builds or takes apart the runtime's objects."""

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import js
from pyodide.ffi import to_js

from engine_do.http_request import HttpRequest, read_headers

__all__ = [
    "frame_to_js",
    "number_or_none",
    "read_body",
    "read_request",
    "read_some",
    "response",
    "to_bytes",
    "upgrade_response",
    "with_headers",
]


def read_request(request: Any) -> HttpRequest:
    """Read the head of an unwrapped request; raises `RemoteEngineError` for too many headers."""
    # As text: a header named "constructor" would make the object one that Pyodide does not know.
    headers = read_headers(js.JSON.stringify(js.Object.fromEntries(request.headers)))
    asked = getattr(request.cf, "clientAcceptEncoding", None)
    if asked is not None:
        # The edge puts its own encodings into the header and keeps the client's here.
        headers["accept-encoding"] = str(asked)
    return HttpRequest(
        method=request.method,
        url=request.url,
        headers=headers,
        remote_address=headers.get("cf-connecting-ip", ""),
    )


def read_some(request: Any, names: Iterable[str]) -> HttpRequest:
    """Read the head of an unwrapped request with these headers only, which spares all others their way from JavaScript."""
    found = [(name, request.headers.get(name)) for name in names]
    headers = {name: value for name, value in found if isinstance(value, str)}
    return HttpRequest(method=request.method, url=request.url, headers=headers)


async def read_body(reader: Any, take: Callable[[int], bool]) -> bytes | None:
    """Read a body to its end; none when ``take``, which is told the bytes of each piece, returns False: then no more is read.

    Whoever cancels the reader meanwhile ends the body there.
    """
    body = bytearray()
    while True:
        piece = await reader.read()
        if piece.done:
            return bytes(body)
        if not take(int(piece.value.byteLength)):
            await reader.cancel()
            return None
        body += piece.value.to_bytes()


def with_headers(request: Any, headers: Mapping[str, str]) -> Any:
    """Copy an unwrapped request with some headers set, whatever the client sent under their names."""
    changed = js.Headers.new(request.headers)
    for name, value in headers.items():
        changed.set(name, value)
    return js.Request.new(request, js.Object.fromEntries(to_js([["headers", changed]])))


def to_bytes(buffer: Any) -> bytes:
    """Read an ArrayBuffer: what a socket received that is no text."""
    return bytes(buffer.to_bytes())


def number_or_none(value: Any) -> int | None:
    """Read a whole number that may be JavaScript's null."""
    return int(value) if isinstance(value, int | float) else None


def frame_to_js(frame: str | bytes) -> Any:
    """Make what a socket can send, once for all sockets that send it."""
    return frame if isinstance(frame, str) else to_js(frame)


def response(body: str | bytes | None, status: int, headers: Mapping[str, str] | None = None) -> Any:
    """Make an answer. With ``content-encoding`` it is compressed: by the runtime, or here, since that does not know deflate."""
    fields = js.Object.fromEntries(to_js([[name, value] for name, value in (headers or {}).items()]))
    options = {"status": status, "headers": fields}
    if body is not None and (headers or {}).get("content-encoding") == "deflate":
        body = zlib.compress(body.encode() if isinstance(body, str) else body)
        options["encodeBody"] = "manual"
    return js.Response.new(None if body is None else frame_to_js(body), **options)


def upgrade_response(client: Any, headers: Mapping[str, str]) -> Any:
    """Answer an upgrade with the client's end of the socket."""
    if not headers:
        return js.Response.new(None, status=101, webSocket=client)
    fields = js.Object.fromEntries(to_js([[name, value] for name, value in headers.items()]))
    return js.Response.new(None, status=101, webSocket=client, headers=fields)
