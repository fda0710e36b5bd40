"""What a frame can tell the object to do: a function's name, and the rest of the frame. What it returns is sent back."""

import asyncio
import json
from typing import Any

import js
from pyodide.ffi import JsException, create_once_callable, create_proxy, to_js

from shared_wire.durable import Timer, hold_awake, now_ms, raw, start_eagerly


def echo(_: Any, ws: Any, rest: str) -> str:
    return rest


def all(probe: Any, ws: Any, rest: str) -> None:  # noqa: A001
    for one in probe.ctx.getWebSockets():
        one.send(rest)


def tagged(probe: Any, ws: Any, rest: str) -> None:
    tag, _, text = rest.partition(" ")
    for one in probe.ctx.getWebSockets(tag):
        one.send(text)


def tags(probe: Any, ws: Any, rest: str) -> str:
    return json.dumps([str(one) for one in probe.ctx.getTags(ws)])


def count(probe: Any, ws: Any, rest: str) -> str:
    return str(probe.ctx.getWebSockets().length)


def attach(probe: Any, ws: Any, rest: str) -> str:
    ws.serializeAttachment(rest)
    return "attached"


def attach_size(probe: Any, ws: Any, rest: str) -> str:
    size, _, character = rest.partition(" ")
    ws.serializeAttachment((character or "x") * int(size))
    return "attached"


def attached(probe: Any, ws: Any, rest: str) -> str:
    value = ws.deserializeAttachment()
    return value if isinstance(value, str) else "nothing"


def memory(probe: Any, ws: Any, rest: str) -> str:
    probe.memory += 1
    return str(probe.memory)


def put(probe: Any, ws: Any, rest: str) -> None:
    key, _, value = rest.partition(" ")
    probe.kv.put(key, value)


def get(probe: Any, ws: Any, rest: str) -> str:
    value = probe.kv.get(rest)
    return value if isinstance(value, str) else "nothing"


def delete(probe: Any, ws: Any, rest: str) -> str:
    return str(bool(probe.kv.delete(rest)))


def list_(probe: Any, ws: Any, rest: str) -> str:
    within = js.Object.fromEntries(to_js([["prefix", rest]]))
    return json.dumps([[str(key), str(value)] for key, value in probe.kv.list(within)])


def sql(probe: Any, ws: Any, rest: str) -> str:
    return json.dumps([[*row] for row in probe.sql.exec(rest).raw().toArray()])


def sql_size(probe: Any, ws: Any, rest: str) -> str:
    """Store a text of so many characters."""
    probe.sql.exec("CREATE TABLE IF NOT EXISTS sizes (text TEXT)")
    probe.sql.exec("INSERT INTO sizes VALUES (?)", "x" * int(rest))
    return "stored"


def sql_parameters(probe: Any, ws: Any, rest: str) -> str:
    """Run a statement with so many parameters."""
    number = int(rest)
    found = probe.sql.exec(f"SELECT {' + '.join(['?'] * number)}", *([1] * number)).raw().toArray()
    return str(found[0][0])


def written(probe: Any, ws: Any, rest: str) -> str:
    return str(int(probe.sql.exec(rest).rowsWritten))


def transaction(probe: Any, ws: Any, rest: str) -> None:
    """Write, and raise."""
    probe.note("written before an exception")
    raise RuntimeError("on purpose")


def fail(probe: Any, ws: Any, rest: str) -> None:
    raise RuntimeError("on purpose")


def close(probe: Any, ws: Any, rest: str) -> None:
    code, _, reason = rest.partition(" ")
    ws.close(int(code), reason)


def close_and_send(probe: Any, ws: Any, rest: str) -> None:
    ws.close(1000, "")
    try:
        ws.send("after the close")
        probe.note("sent after the close")
    except JsException:
        probe.note("cannot send after the close")


def close_twice(probe: Any, ws: Any, rest: str) -> None:
    ws.close(1000, "first")
    try:
        ws.close(1001, "second")
        probe.note("closed twice")
    except JsException:
        probe.note("cannot close twice")


def state(probe: Any, ws: Any, rest: str) -> str:
    return str(int(ws.readyState))


def auto(probe: Any, ws: Any, rest: str) -> None:
    asked, _, answer = rest.partition(" ")
    probe.ctx.setWebSocketAutoResponse(js.WebSocketRequestResponsePair.new(asked, answer))


def stamp(probe: Any, ws: Any, rest: str) -> str:
    at = probe.ctx.getWebSocketAutoResponseTimestamp(ws)
    return "answered" if at and abs(at.getTime() - now_ms()) < 60_000 else "never answered"


def alarm(probe: Any, ws: Any, rest: str) -> None:
    probe.storage.setAlarm(now_ms() + int(rest))


async def alarm_set(probe: Any, ws: Any, rest: str) -> str:
    at = await probe.storage.getAlarm()
    return "set" if isinstance(at, int | float) else "not set"


def no_alarm(probe: Any, ws: Any, rest: str) -> None:
    probe.storage.deleteAlarm()


def timer(probe: Any, ws: Any, rest: str) -> None:
    Timer(float(rest), lambda: ws.send("the timer rings"))


def cancelled(probe: Any, ws: Any, rest: str) -> None:
    Timer(float(rest), lambda: ws.send("a timer that was cancelled rings")).cancel()


def microtask(probe: Any, ws: Any, rest: str) -> str:
    js.queueMicrotask(create_once_callable(lambda: ws.send("the microtask")))
    return "the handler"


async def sleep(probe: Any, ws: Any, rest: str) -> str:
    await asyncio.sleep(float(rest))
    return "slept"


def task(probe: Any, ws: Any, rest: str) -> str:
    """Begin work that runs from its first step on, now."""

    async def work() -> None:
        ws.send("the first step")
        await asyncio.sleep(float(rest))
        ws.send("the second step")

    start_eagerly(probe.ctx, work())
    return "the handler"


async def call(probe: Any, ws: Any, rest: str) -> str:
    name, _, what = rest.partition(" ")
    return str(await raw(probe.env.PROBE).getByName(name).called(what))


async def call_bytes(probe: Any, ws: Any, rest: str) -> str:
    found = await raw(probe.env.PROBE).getByName(rest).reversed(to_js(b"\x00\x01\xff"))
    return bytes(found.to_bytes()).hex()


async def call_missing(probe: Any, ws: Any, rest: str) -> str:
    return str(await raw(probe.env.PROBE).getByName(rest).nobody())


async def fetch(probe: Any, ws: Any, rest: str) -> str:
    name, _, query = rest.partition(" ")
    answer = await raw(probe.env.PROBE).getByName(name).fetch(js.Request.new(f"http://x/?{query}"))
    return str(await answer.text())


async def both(probe: Any, ws: Any, rest: str) -> str:
    """Call an object twice at once."""
    stub = raw(probe.env.PROBE).getByName(rest)
    found = await asyncio.gather(stub.called("wait"), stub.called("two"))
    return json.dumps([str(one) for one in found])


def held(probe: Any, ws: Any, rest: str) -> None:
    """Be kept awake, and let go after so many seconds."""
    release = hold_awake(probe.ctx)
    Timer(float(rest), release)


async def future(probe: Any, ws: Any, rest: str) -> str:
    """Wait for what another frame brings."""
    probe.awaited = asyncio.get_running_loop().create_future()
    return str(await probe.awaited)


def bring(probe: Any, ws: Any, rest: str) -> None:
    probe.awaited.set_result(rest)


async def stream(probe: Any, ws: Any, rest: str) -> str:
    """Open a WebSocket to another object; what comes over it is sent on."""
    upgrade = js.Object.fromEntries(to_js([["headers", js.Object.fromEntries(to_js([["upgrade", "websocket"]]))]]))
    name, _, how = rest.partition(" ")
    answer = await raw(probe.env.PROBE).getByName(name).fetch(js.Request.new(f"http://x/?{how}", upgrade))
    probe.stream = answer.webSocket
    probe.stream.binaryType = "arraybuffer"  # else bytes come as a `Blob`

    def heard(event: Any) -> None:
        data = event.data
        ws.send(f"over the stream: {data if isinstance(data, str) else bytes(data.to_bytes()).hex()}")

    probe.stream.addEventListener("message", create_proxy(heard))
    probe.stream.addEventListener(
        "close", create_proxy(lambda event: ws.send(f"the stream is closed: {int(event.code)} {event.reason!s}"))
    )
    probe.stream.accept()
    return f"{answer.status:.0f}"


def stream_send(probe: Any, ws: Any, rest: str) -> None:
    probe.stream.send(rest)


def stream_bytes(probe: Any, ws: Any, rest: str) -> None:
    probe.stream.send(to_js(bytes.fromhex(rest)))


def stream_close(probe: Any, ws: Any, rest: str) -> str:
    code, _, reason = rest.partition(" ")
    probe.stream.close(int(code), reason)
    try:
        probe.stream.send("after the close")
    except JsException:
        return "cannot send after the close"
    return "sent after the close"


async def kill(probe: Any, ws: Any, rest: str) -> None:
    """End the life of another object."""
    await raw(probe.env.PROBE).getByName(rest).end()


async def notes(probe: Any, ws: Any, rest: str) -> str:
    """Return the notes of another object."""
    return str(await raw(probe.env.PROBE).getByName(rest).notes())
