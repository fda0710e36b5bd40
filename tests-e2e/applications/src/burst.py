"""A market: whoever asks for the prices gets thousands of small events in one go, and then everybody is told."""

import socketio


def register(sio: socketio.AsyncServer) -> None:
    @sio.event
    async def prices(sid: str, count: int) -> str:
        for number in range(count):
            await sio.emit("price", number, to=sid)
        await sio.emit("sold out", count)
        return "all sent"

    @sio.on("prices with pauses")
    async def prices_with_pauses(sid: str, count: int) -> str:
        """Give way after each event, as advice on the web has it."""
        for number in range(count):
            await sio.emit("price", number, to=sid)
            await sio.sleep(0)
        await sio.emit("sold out", count)
        return "all sent"
