import socketio


def register(sio: socketio.AsyncServer) -> None:
    @sio.event
    async def connect(sid, environ, auth):
        if not auth or not auth.get("nick"):
            raise socketio.exceptions.ConnectionRefusedError("tell us your nick")
        await sio.save_session(sid, {"nick": auth["nick"]})

    @sio.event
    async def join(sid, room):
        await sio.enter_room(sid, room)

    @sio.event
    async def say(sid, data):
        session = await sio.get_session(sid)
        message = {"from": session["nick"], "text": data["text"]}
        await sio.emit("said", message, room=data["room"], skip_sid=sid)
        return "ok"

    @sio.event
    async def disconnect(sid, reason):
        session = await sio.get_session(sid)
        for room in sio.rooms(sid):
            await sio.emit("left", session["nick"], room=room, skip_sid=sid)
