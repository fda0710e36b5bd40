"""A client that begins by polling and moves to a WebSocket, as stock clients do; each of its steps is taken when it is told to.

Those in JavaScript poll and post while the WebSocket is tried, and pause both before they send "5"; python-engineio's do
neither until it has worked or failed.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from shared_wire.testing import ClientSocket, World
from socketio_do.testing.transports import End, Hear, Polling, answer_to

__all__ = ["SLOW_S", "Stage", "Upgrading"]

#: Seconds that the server gives an upgrade.
SLOW_S: Final = 10


class Stage(Enum):
    """How far a client has come."""

    POLLING = auto()
    ASKING = auto()
    OPEN = auto()
    PROBING = auto()
    PAUSING = auto()
    SWITCHED = auto()
    FAILED = auto()


class Upgrading(Polling):
    """A session that polls until its WebSocket works."""

    def __init__(
        self, world: World, path: str, hear: Hear, end: End, note: Callable[[str], None], *, is_patient: bool
    ) -> None:
        """Begin to connect. ``is_patient``: as python-engineio's client, it upgrades at once, and polls only if that fails."""
        self.stage = Stage.POLLING
        #: Whether a step is taken as soon as it may be.
        self.is_hurried = False
        #: Whether its end is due to the upgrade, which took too long.
        self.was_slow = False
        self._is_patient = is_patient
        self._note = note
        self._socket: ClientSocket | None = None
        self._opened_s = 0.0
        self._is_polling = True
        self._at = path
        super().__init__(world, path, {}, hear, end)

    @property
    def is_probing(self) -> bool:
        """Whether there is a WebSocket, and it is not the session's yet."""
        return self._socket is not None and self.is_under_way

    @property
    def is_paused(self) -> bool:
        """Whether it has stopped polling for its WebSocket, so that it ends with that."""
        return self.stage is Stage.PAUSING

    @property
    def is_under_way(self) -> bool:
        """Whether it has begun to upgrade, and is not through."""
        return self.stage not in (Stage.POLLING, Stage.SWITCHED, Stage.FAILED) and not self._is_over

    @property
    def polls(self) -> bool:
        """Whether a GET may be waiting."""
        return self.stage is not Stage.SWITCHED

    def advance(self) -> None:
        """Take the next step, if it is due."""
        if self._is_over or not self._sid:
            return
        if self.stage is Stage.POLLING:
            self._enter(Stage.ASKING)
            self._run(self._connect())
        elif self.stage is Stage.OPEN and self._socket is not None:
            self._enter(Stage.PROBING)
            self._socket.send("2probe")
        elif self.stage is Stage.PAUSING and not (self._is_polling or self._is_posting):
            self._switch()

    def hurry(self) -> None:
        """Take what steps are left as soon as they are due; one that has not begun goes on polling."""
        self.is_hurried = True
        if self.is_under_way:
            self.advance()

    def send_nonsense(self) -> None:
        """Say something else where "2probe" or "5" is due."""
        if self._socket is not None:
            self._socket.send("4hello")

    def lose_probe(self) -> None:
        """Have the WebSocket break before it is the session's."""
        if self._socket is not None:
            self._socket.drop()
            self._lose()

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self._note(f"upgrade: {stage.name}")

    async def _connect(self) -> None:
        path = f"{self._at}&transport=websocket{self._sid}"
        response = await answer_to(self._world.ask(path, headers={"upgrade": "websocket"}))
        if response.webSocket is None or self._is_over:
            self._fail()
            return
        self._socket, self._opened_s = response.webSocket, self._world.loop.time()
        self._enter(Stage.OPEN)
        self._socket.listen(self._receive, lambda _code, _reason: self._lose())
        self._go_on()

    def _go_on(self) -> None:
        if self.is_hurried:
            self.advance()

    def _receive(self, frame: str | bytes) -> None:
        if self._is_over:
            return
        if frame == "3probe" and self.stage is Stage.PROBING:
            self._enter(Stage.PAUSING)
            self._go_on()
        else:
            assert self.stage is Stage.SWITCHED, f"{frame!r} on a WebSocket that is {self.stage.name}"
            if frame == "2":
                self.send("3")
            else:
                self._hear(frame)

    def _switch(self) -> None:
        assert self._socket is not None
        self._enter(Stage.SWITCHED)
        waiting, self._waiting = self._waiting, []
        for packet in ("5", *waiting):
            self._socket.send(packet)

    def _lose(self) -> None:
        """Go on polling; a client that has paused that already cannot."""
        if self.stage is Stage.PAUSING:
            self.was_slow = self._world.loop.time() - self._opened_s >= SLOW_S
            self._over(None)
        elif self.stage is Stage.SWITCHED:
            self._over(None)
        else:
            self._fail()

    def _fail(self) -> None:
        if self.stage is Stage.FAILED:
            return
        self._enter(Stage.FAILED)
        self._begin_post()
        if not self._is_polling and not self._is_over:
            self._run(self._poll())

    # -- polling

    @property
    def _is_silent(self) -> bool:
        """Whether it neither polls nor posts for now."""
        waits = self._is_patient and self.stage is not Stage.FAILED
        return waits or self.stage in (Stage.PAUSING, Stage.SWITCHED)

    async def _poll(self) -> None:
        self._is_polling = True
        while not self._is_over:
            await self._poll_once()
            if self._is_patient and self.stage is Stage.POLLING:
                self.advance()
            if self._is_silent:
                break
        self._is_polling = False
        self._go_on()

    def _begin_post(self) -> None:
        if not self._is_silent:
            super()._begin_post()

    async def _post(self) -> None:
        await super()._post()
        self._go_on()

    def send(self, *packets: str | bytes) -> None:
        """Send packets, in order, by what is the session's transport."""
        if self.stage is not Stage.SWITCHED or self._socket is None:
            super().send(*packets)
            return
        for one in packets:
            self._socket.send(one)

    def close(self) -> None:
        """Close it in the ordinary way."""
        if self.stage is not Stage.SWITCHED:
            super().close()
        self._is_over = True
        if self._socket is not None:
            self._socket.close()

    def drop(self) -> None:
        """Be gone without a word."""
        super().drop()
        if self._socket is not None:
            self._socket.drop()

    def vanish(self) -> None:
        """Send nothing more, and take nothing."""
        super().vanish()
        if self._socket is not None:
            self._socket.vanish()
