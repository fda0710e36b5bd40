"""The part of the link that needs the runtime: making the RPC, waiting, letting work run on. Used by both actors' shells.

Importable in a Python Worker only.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

import js
from pyodide.ffi import JsException, to_js

from shared_wire.durable.handlers import shorten_way_to
from shared_wire.durable.object_names import name_of_object
from shared_wire.durable.seams import check_sdk, raw, raw_request
from shared_wire.durable.streams import Stream, Streams
from shared_wire.durable.timers import ALARMS_APART_MS, Timer, next_alarm_ms, now_ms
from shared_wire.format.frames import Life
from shared_wire.format.operations import EngineSid
from shared_wire.log_lines import summarize

__all__ = [
    "ALARMS_APART_MS",
    "RpcWire",
    "Stream",
    "Streams",
    "Timer",
    "begin_life",
    "hold_awake",
    "log_fault",
    "name_of_object",
    "next_alarm_ms",
    "now_ms",
    "raw",
    "raw_request",
    "shorten_way_to",
    "start_eagerly",
]

_logger = logging.getLogger("shared_wire")

#: Seconds before the second attempt of a call; each further one waits three times as long. With the jitter all
#: pauses stay below the 10 s after which the peer may sleep: what it still knows of the call must be there for the last one.
_FIRST_PAUSE: Final = 0.05


def begin_life() -> Life:
    """Make the life of an object that is being constructed. Raises `UnsupportedSdk` where the SDK is none that it can live with."""
    check_sdk()
    return Life(now_ms(), secrets.randbits(64))


def log_fault(what: str, error: BaseException) -> None:
    """Log a fault of ours: what could not be done, and what was raised."""
    _logger.error("= %s failed", what, exc_info=error)


def start_eagerly(ctx: Any, coroutine: Coroutine[Any, Any, Any], *, among: set[Any] | None = None) -> Any:
    """Run a coroutine from its first step on, now; the object stays awake until it is done. Returns the task.

    ``among`` is a set that has the task in it while it is not done.

    Work on a bare future that no event waits for is evicted in the middle; `waitUntil` is what keeps it. It is given a promise of
    JavaScript's own: a Python task it is given is destroyed with the call, and then the object never sleeps again.
    """
    task = asyncio.Task(coroutine, loop=asyncio.get_event_loop(), eager_start=True)  # type: ignore[call-arg]  # Python 3.12+
    if not task.done():
        release = hold_awake(ctx)
        task.add_done_callback(lambda _: release())
        if among is not None:
            among.add(task)
            task.add_done_callback(among.discard)
    return task


def hold_awake(ctx: Any) -> Callable[[], None]:
    """Keep the object awake until the returned function is called, once."""
    held = js.Promise.withResolvers()
    ctx.waitUntil(held.promise)

    def release() -> None:
        held.resolve()

    return release


class RpcWire:
    """Calls a peer, over a stream or by its ``link`` method: the half of `shared_wire.Wire` that is the same for both actors."""

    def __init__(self, ctx: Any, namespace: Any, streams: Streams, counters: Counter[str]) -> None:
        """Initialise with the object's own context, the Durable Object binding its peers are found in, and their streams.

        ``counters`` gets ``rpcs``: calls made by RPC.
        """
        self._ctx = ctx
        self._namespace = raw(namespace)
        self._streams = streams
        self._counters = counters
        self._awake: dict[str, Callable[[], None]] = {}

    def say(self, peer: str, data: bytes, heard: Callable[[bytes | None], None]) -> bool:
        """Make a call over the peer's stream, if there is one that takes it."""
        stream = self._streams.find(peer)
        return stream is not None and stream.say(data, heard)

    async def call(self, peer: str, data: bytes) -> bytes | None:
        """Make a call by RPC; none when it failed.

        Each RPC has a stub of its own: one that has met the peer before is broken by the peer's reset, and its first call
        afterwards would fail without reaching anybody, which looks like work that may have been done.
        """
        self._counters["rpcs"] += 1
        try:
            reply = await self._namespace.getByName(peer).link(to_js(data))
            return bytes(reply.to_bytes())
        except JsException as error:
            _logger.warning("= call to %s failed: %s", peer, summarize(error))
            return None

    async def pause(self, attempt: int) -> None:
        """Wait before an attempt, between half and one and a half of its turn."""
        await asyncio.sleep(_FIRST_PAUSE * 3 ** (attempt - 2) * (0.5 + secrets.randbelow(1000) / 1000))

    def stay_awake(self, peer: str, needed: bool) -> None:
        """Keep the object awake for the sake of the link to ``peer``, or let it sleep again."""
        if needed:
            self._awake[peer] = hold_awake(self._ctx)
        else:
            self._awake.pop(peer)()

    def note_failing(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """Do nothing: of peers that hold sockets, whoever calls them says what to do."""

    def note_unheard(self, peer: str) -> None:
        """Do nothing: a peer that holds no sockets has none to close."""

    def log_fault(self, what: str, error: BaseException) -> None:
        """Log a fault of ours."""
        log_fault(what, error)

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        """Let a coroutine run on."""
        start_eagerly(self._ctx, coroutine)
