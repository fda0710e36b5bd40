"""Members of rooms on the model: they enter, leave and tell, go and come back, and keep what they see for the judge.

The application is `journal` of the end-to-end tests' Worker, and `room_history` judges both: there it runs on real sockets, here in
virtual time.
"""

import json
import random
from dataclasses import dataclass, field
from typing import Any, Final

from room_choices import choose_act
from room_history import Connection

from socketio_do.testing import World
from socketio_do.testing.transports import Polling, Transport, WebSocket

__all__ = ["ROOMS", "Member", "Society"]

ROOMS: Final = [f"room {number}" for number in range(12)]
_PATH: Final = "/rooms/?EIO=4"


@dataclass
class Society:
    """What all members share."""

    world: World
    chance: random.Random
    connections: list[Connection] = field(default_factory=list)
    #: Connections that ended before they were let in.
    turned_away: int = 0

    @property
    def present(self) -> list[Connection]:
        """The connections that are open."""
        return [one for one in self.connections if one.closed is None]


class Member:
    """One member: on a connection, or between two."""

    def __init__(self, society: Society, name: str) -> None:
        """Initialise with who else there is, and a name."""
        self._society = society
        self._name = name
        self._transport: Transport | None = None
        self._engine_sid = ""
        self._seen: Connection | None = None
        self._leaves = self._is_cut = False

    def cut(self, engine: str) -> None:
        """Note that the life of an engine actor has ended, and the sockets with it."""
        self._is_cut |= self._transport is not None and self._engine_sid[22:] in ("", engine)

    def act(self) -> None:
        """Connect, say something, or go."""
        chance = self._society.chance
        if self._transport is None:
            self._connect(Polling if chance.random() < 0.3 else WebSocket)
        elif self._seen is not None and chance.random() < 0.02:
            self._go()
        elif self._seen is not None:
            for _ in range(chance.choice((1, 1, 1, 2, 4))):
                self._send(*choose_act(chance, ROOMS, [one.sid for one in self._society.present]))

    def look(self) -> None:
        """Ask for nothing but the rooms it is in; what was told before comes before the answer."""
        if self._seen is not None:
            self._send("look", {})

    def _connect(self, kind: type[WebSocket] | type[Polling]) -> None:
        self._leaves = self._is_cut = False
        self._engine_sid = ""
        self._transport = kind(self._society.world, _PATH, {}, self._hear, self._end)
        self._transport.send(f"40{json.dumps({'member': self._name})}")

    def _go(self) -> None:
        """Leave in one of the ways there are."""
        assert self._transport is not None
        self._leaves = True
        how = self._society.chance.choice(("41", "1", "close"))
        if how == "close":
            self._transport.close()
        else:
            self._transport.send(how)
            if how == "41":
                self._transport.close()
        self._end(None)

    def _send(self, what: str, arguments: dict[str, Any]) -> None:
        """Send a numbered message."""
        assert self._seen is not None
        assert self._transport is not None
        self._seen.sent += 1
        pause = 0.03 if self._society.chance.random() < 0.05 else 0
        self._transport.send(f"42{self._seen.sent}{json.dumps(['act', self._seen.sent, pause, what, arguments])}")

    def _hear(self, frame: str | bytes) -> None:
        """Keep what comes."""
        packet = str(frame)
        if packet[0] == "0":
            self._engine_sid = json.loads(packet[1:])["sid"]
        elif packet.startswith("40"):
            self._seen = Connection(json.loads(packet[2:])["sid"], self._engine_sid[22:])
            self._society.connections.append(self._seen)
        elif packet.startswith("43"):
            number, _, answer = packet[2:].partition("[")
            entry, rooms = json.loads(f"[{answer}")
            self._own.answers.append((int(number), entry, rooms))
        elif packet.startswith('42["told",'):
            self._own.told.append(json.loads(packet[2:])[1])
        else:
            assert packet in ("1", "6"), f"{self._name}: {packet} is no answer and tells nothing"

    @property
    def _own(self) -> Connection:
        assert self._seen is not None, f"{self._name} was not let in"
        return self._seen

    def _end(self, _answer: str | None) -> None:
        """The connection is over; it comes back with its next act."""
        if self._transport is None:
            return
        if self._seen is None:
            self._society.turned_away += 1
        elif self._seen.closed is None:
            self._seen.closed = 0 if self._leaves else 1006 if self._is_cut else 1011
        self._transport = self._seen = None
