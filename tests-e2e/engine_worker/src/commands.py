"""What a client can ask for by a text message: ``name:argument``. Anything else comes back as it is."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import js
from pyodide.ffi import run_sync


async def end_life(ctx: Any) -> None:
    """End the object's life as a crash would; see the other Worker's `end_life` for why by a timer."""
    inner = ctx._ctx
    js.setTimeout(inner.abort.bind(inner, "a test wants it"), 0)
    await asyncio.get_running_loop().create_future()


async def many(engine: Any, sid: str, count: str) -> None:
    """Send so many numbered messages at once."""
    for number in range(int(count)):
        await engine.send(sid, str(number))


async def large(engine: Any, sid: str, size: str) -> None:
    """Send one message of so many characters."""
    await engine.send(sid, "x" * int(size))


async def stream(engine: Any, sid: str, count: str) -> None:
    """Send numbered messages, one every few milliseconds, while other messages are taken."""

    async def work() -> None:
        for number in range(1, int(count) + 1):
            await engine.send(sid, f"stream:{number}")
            await asyncio.sleep(0.005)

    engine.start(work())


async def up(engine: Any, sid: str, number: str) -> None:
    """Handle a numbered message and send its number back; notes what came out of turn."""
    async with engine.session(sid) as session:
        before = session.get("up", 0)
        session["up"] = int(number)
    if int(number) != before + 1:
        engine.note(sid, f"gap: {number} after {before}")
    await engine.send(sid, f"down:{number}")


async def note(engine: Any, sid: str, text: str) -> None:
    """Keep a text where the test can read it."""
    engine.note(sid, f"message: {text}")


async def leave(engine: Any, sid: str, parting: str) -> None:
    """Send a last word, and close."""
    await engine.send(sid, parting)
    await engine.disconnect(sid)


async def keep(engine: Any, sid: str, value: str) -> None:
    """Store something with the session."""
    async with engine.session(sid) as session:
        session["kept"] = value


async def kept(engine: Any, sid: str, _: str) -> None:
    """Return what is stored with the session."""
    await engine.send(sid, json.dumps(await engine.get_session(sid)))


async def transport(engine: Any, sid: str, _: str) -> None:
    """Return how the client's packets travel."""
    await engine.send(sid, engine.transport(sid))


async def all_(engine: Any, _sid: str, text: str) -> None:
    """Send to everybody of this object."""
    await engine.broadcast(text)


async def die(engine: Any, _sid: str, _: str) -> None:
    """End the life of the object in the middle of a handler."""
    await end_life(engine.ctx)


async def fail(_engine: Any, _sid: str, _: str) -> None:
    """Raise what nobody expects."""
    raise RuntimeError("the secret of the server")


async def block(engine: Any, sid: str, ms: str) -> None:
    """Block on a promise, or say what is raised; says first that it is about to."""
    await engine.send(sid, "begins")
    try:
        run_sync(js.scheduler.wait(int(ms)))
    except RuntimeError as error:
        await engine.send(sid, f"RuntimeError: {error}")
    else:
        await engine.send(sid, "blocked")


async def wait(engine: Any, sid: str, ms: str) -> None:
    """Wait for a promise."""
    await js.scheduler.wait(int(ms))
    await engine.send(sid, "waited")


COMMANDS: dict[str, Callable[[Any, str, str], Awaitable[None]]] = {
    function.__name__.rstrip("_"): function
    for function in (many, large, stream, up, note, leave, keep, kept, transport, all_, die, fail, block, wait)
}


async def obey(engine: Any, sid: str, data: str | bytes) -> None:
    """Do what a message asks for."""
    if isinstance(data, str):
        name, colon, argument = data.partition(":")
        if colon and name in COMMANDS:
            await COMMANDS[name](engine, sid, argument)
            return
    await engine.send(sid, data)
