"""Something every few seconds, without anything that runs meanwhile: an object whose alarm sets the next one."""

import time

from workers import DurableObject

from socketio_do.durable import Emitter

PERIOD_MS = 10_000


class Clock(DurableObject):
    """Ticks while somebody is connected."""

    async def start(self) -> None:
        """Set the alarm, unless it is set; called by RPC."""
        if await self.ctx.storage.getAlarm() is None:
            await self._wind()

    async def alarm(self, info: object = None) -> None:
        """Tick; called by the runtime. With nobody there it is the last time."""
        emitter = Emitter(self.env.SOCKET)
        if await emitter.room_size():
            await emitter.emit("tick", {"at": int(time.time())})
            await self._wind()

    async def _wind(self) -> None:
        await self.ctx.storage.setAlarm(int(time.time() * 1000) + PERIOD_MS)
