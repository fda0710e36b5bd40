"""Calling the roll: "are you there?", asked of everybody in a room, answered whenever they look.

A person's answer takes a minute, and a minute awake is billed. So the answer is expected by the
name of its handler: that is a row in storage, the object sleeps meanwhile, and its alarm keeps
the deadline. Stock python-socketio has no such thing, which is why this is no part of chat.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import checks
import rooms
from replies import Lives, Reply, acked

if TYPE_CHECKING:
    from socketio_do import DurableServer
    from store import Store


def register(sio: DurableServer, store: Store, lives: Lives, seconds: float) -> None:
    """Let people call the roll; who has not answered after so many seconds is told to be silent."""

    @sio.event
    @acked(lives)
    async def call_roll(sid: str, data: Mapping[str, Any]) -> Reply:
        room = rooms.entered(sio, sid, data)
        if len(rooms.sids_in(sio, room)) == 1:
            raise checks.Invalid("Nobody else is here.")
        if not store.begin_roll(room, seconds):
            raise checks.Invalid("The roll is being called already.")
        await sio.emit(
            "roll_called",
            {"room": room, "by": sid, "seconds": seconds},
            room=rooms.key(room),
            skip_sid=sid,
            callback="roll",
            callback_context={"room": room},
            timeout=seconds,
        )
        return {"seconds": seconds}

    @sio.on_answer("roll")
    async def answered(context: dict[str, str], sid: str, *_answer: object) -> None:
        await tell("present", context["room"], sid)

    @sio.on_no_answer("roll")
    async def silent(context: dict[str, str], sid: str, reason: str) -> None:
        if reason == "timeout":  # of one who has gone the room knows
            await tell("silent", context["room"], sid)

    async def tell(event: str, room: str, sid: str) -> None:
        await sio.emit(event, {"room": room, "id": sid}, room=rooms.key(room))
