"""The `Emitter` by HTTP: /emitter/<method>?<arguments as JSON>, as an entrypoint of an application would use it."""

import base64
import json
from typing import Any
from urllib.parse import unquote

import js
from pyodide.ffi import to_js

from shared_wire.durable import raw
from socketio_do.durable import Emitter


async def emit_by_http(binding: Any, name: str, method: str, query: str) -> Any:
    """Call a method, and answer with what it gives; with "command" send a socket actor any text."""
    arguments = _decode(json.loads(unquote(query)))
    try:
        if method == "command":
            found = await raw(binding).getByName(name).command(arguments["text"], to_js([]))
        else:
            found = await getattr(Emitter(binding, name), method)(**arguments)
        if method == "emit_with_ack":
            found = {"answers": found.answers, "missing": list(found.missing)}
        return js.Response.new(json.dumps(_encode(found)))
    except Exception as error:
        return js.Response.new(f"{type(error).__name__}: {error}", status=500)


async def command_by_http(binding: Any, name: str, text: str) -> Any:
    """Send a socket actor a body of any size as a command, and answer with what it raises, or 200."""
    try:
        await raw(binding).getByName(name).command(text, to_js([]))
    except Exception as error:
        return js.Response.new(str(error), status=500)
    return js.Response.new("done")


def _encode(value: Any) -> Any:
    match value:
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case list() | tuple():
            return [_encode(item) for item in value]
        case dict():
            return {key: _encode(item) for key, item in value.items()}
    return value


def _decode(value: Any) -> Any:
    match value:
        case {"$bytes": text}:
            return base64.b64decode(text)
        case {"$tuple": items}:
            return tuple(_decode(item) for item in items)
        case list():
            return [_decode(item) for item in value]
        case dict():
            return {key: _decode(item) for key, item in value.items()}
    return value
