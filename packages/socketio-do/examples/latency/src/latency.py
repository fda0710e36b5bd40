"""How long is the way there and back? A client sends its clock's time, and gets it again in an event and in an acknowledgement."""

import socketio


def register(sio: socketio.AsyncServer) -> None:
    @sio.event
    async def measure(sid: str, sent_ms: float) -> float:
        await sio.emit("measured", sent_ms, to=sid)
        return sent_ms
