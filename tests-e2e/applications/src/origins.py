"""An application whose pages come from another host than its sockets."""

import socketio

#: As `cors_allowed_origins` is given to either server.
ALLOWED = ["https://app.example"]


def register(sio: socketio.AsyncServer) -> None:
    @sio.event
    async def origin(sid: str) -> str:
        return str(sio.get_environ(sid)["HTTP_ORIGIN"])
