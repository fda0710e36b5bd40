"""An application that sends whatever it is asked for, and passes on what it gets."""

import datetime as dt
import math
from typing import Any

import socketio

VALUES: dict[str, Any] = {
    "nan": math.nan,
    "infinity": math.inf,
    "minus infinity": [-math.inf],
    "nan within": {"a": [1, math.nan]},
    "nan as a key": {math.nan: 1},
    "half a character": "\ud83d",
    "two halves": "\ud83d\ude00",
    "beyond ASCII": "Grüße 😀",
    "2**53 + 1": 2**53 + 1,
    "10**400": 10**400,
    "10**5000": 10**5000,
    "numbers as keys": {1: "int", 1.5: "float"},
    "other keys": {True: "bool", None: "none"},
    "a tuple as a key": {(1, 2): 3},
    "bytes as a key": {b"a": 1},
    "tuple": (1, (2, 3)),
    "tuple within": [(1, (2, 3))],
    "empty tuple": (),
    "bytes": b"\0\xff",
    "bytearray": bytearray(b"\0\xff"),
    "bytearray within": {"a": [bytearray(b"\0\xff")]},
    "memoryview": memoryview(b"\0\xff"),
    "datetime": dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
    "set": {1},
    "minus zero": -0.0,
    "1e22": 1e22,
    "none": None,
    "true": True,
    "placeholder": {"_placeholder": True, "num": 0},
}


def register(sio: socketio.AsyncServer) -> None:
    @sio.event
    async def send_me(sid: str, name: str) -> str:
        try:
            await sio.emit("value", VALUES[name], to=sid)
        except Exception as error:
            return type(error).__name__
        return "sent"

    @sio.event
    async def send_all(sid: str, name: str) -> None:
        await sio.emit("value", VALUES[name])

    @sio.event
    async def relay(sid: str, *values: Any) -> str:
        await sio.emit("relayed", values)
        return ascii(values)
