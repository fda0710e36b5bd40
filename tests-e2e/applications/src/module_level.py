"""The clock of python-socketio's own example: that it was started is noted in a variable of the module."""

from typing import Any

import socketio

background_task_started = False


def register(sio: socketio.AsyncServer) -> None:
    async def background_task() -> None:
        while True:
            await sio.sleep(0.02)
            await sio.emit("my_response", {"data": "Server generated event"})

    @sio.event
    async def connect(sid: str, environ: dict[str, Any]) -> None:
        global background_task_started
        was_started, background_task_started = background_task_started, True
        if not was_started:
            sio.start_background_task(background_task)
        await sio.emit("background task", "was there" if was_started else "started", to=sid)
