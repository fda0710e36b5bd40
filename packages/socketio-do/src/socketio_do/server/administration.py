"""Looking at many sockets, and acting on them: after Node's `fetchSockets`, `socketsJoin`, `socketsLeave`, `disconnectSockets`."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from socketio_do.errors import ConfigError
from socketio_do.limits import MAX_ROOMS
from socketio_do.server.base import ServerBase
from socketio_do.state.found import Socket
from socketio_do.state.namespaces import NamespaceName
from socketio_do.state.rooms import Room
from socketio_do.upstream.manager import rooms_in

__all__ = ["Administration", "SocketDescription"]

_logger = logging.getLogger("socketio_do")


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketDescription:
    """A socket as it was when it was looked at; changing what is in it changes nothing."""

    sid: str
    namespace: str
    #: Its rooms, its own first.
    rooms: tuple[Room, ...]
    #: Its session data.
    session: Any
    #: The handshake of its session.
    environ: Mapping[str, str]


class Administration(ServerBase):
    """The part of `DurableServer` that concerns many sockets at once.

    All of it takes ``room`` as `emit` does: a room, a socket's sid, a list of them, or nothing for the whole namespace; without
    those who are in ``except_rooms``. Sockets that are still connecting count. The answers come from storage: they are exact, after
    sleep too.
    """

    async def room_size(
        self, room: Any = None, namespace: NamespaceName | None = None, *, except_rooms: Any = None
    ) -> int:
        """Count the sockets in a room, each once."""
        return len(self._selected(room, namespace, except_rooms))

    async def fetch_sockets(
        self, room: Any = None, namespace: NamespaceName | None = None, *, except_rooms: Any = None
    ) -> list[SocketDescription]:
        """Describe the sockets in a room. Reads the rows of each that this life of the object has not met."""
        return [self._described(socket) for socket in self._sockets(room, namespace, except_rooms)]

    async def sockets_join(
        self, room: Any, to_join: Any, namespace: NamespaceName | None = None, *, except_rooms: Any = None
    ) -> None:
        """Put the sockets in ``room`` into the room, or the rooms, ``to_join``.

        A socket that would be in more than `MAX_ROOMS` rooms enters none of them, and the log says so. Raises `ValueError` for the
        own room of a socket.
        """
        for some in self._by_namespace(self._sockets(room, namespace, except_rooms)):
            full = self._membership.join(some, rooms_in(to_join))
            if full:
                _logger.warning("= %d sockets entered no more rooms: they are in %d already", full, MAX_ROOMS)
        await self._tell_of_rooms()

    async def sockets_leave(
        self, room: Any, to_leave: Any, namespace: NamespaceName | None = None, *, except_rooms: Any = None
    ) -> None:
        """Remove the sockets in ``room`` from the room, or the rooms, ``to_leave``."""
        for some in self._by_namespace(self._sockets(room, namespace, except_rooms)):
            self._membership.part(some, rooms_in(to_leave))
        await self._tell_of_rooms()

    async def disconnect_sockets(
        self,
        room: Any = None,
        namespace: NamespaceName | None = None,
        *,
        except_rooms: Any = None,
        close: bool = False,
    ) -> None:
        """Disconnect the sockets in a room from their namespace, or ``close`` their connections with all namespaces.

        Their `disconnect` handlers run one after the other; one that raises is reported and stops nothing.
        """
        for socket in self._sockets(room, namespace, except_rooms):
            if close:
                await self.eio.disconnect(socket.engine_sid)
                continue
            try:
                await self.disconnect(socket.socket_sid, namespace=socket.namespace)
            except Exception as error:
                await self._report(
                    error, "disconnect", socket.namespace, sid=socket.socket_sid, engine_sid=socket.engine_sid
                )

    def instrument(
        self,
        auth: Any = None,
        mode: str = "development",
        read_only: bool = False,
        server_id: str | None = None,
        namespace: str = "/admin",
        server_stats_interval: int = 2,
    ) -> NoReturn:
        """Refuse: the admin page is sent figures every other second, so that nothing would ever sleep."""
        del auth, mode, read_only, server_id, namespace, server_stats_interval
        raise ConfigError(
            "instrument() would keep the object awake for good; fetch_sockets() and SocketActor.counters() tell what there is"
        )

    def _selected(self, room: Any, namespace: NamespaceName | None, except_rooms: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in self.manager.names(namespace or "/"):
            found.update(self.manager.select(name, room, except_rooms=except_rooms))
        return found

    def _sockets(self, room: Any, namespace: NamespaceName | None, except_rooms: Any) -> list[Socket]:
        found = (self._membership.socket(sid) for sid in self._selected(room, namespace, except_rooms))
        return [socket for socket in found if socket is not None]

    def _by_namespace(self, sockets: list[Socket]) -> list[list[str]]:
        """Part sockets by their namespaces."""
        parted: dict[str, list[str]] = {}
        for socket in sockets:
            parted.setdefault(socket.namespace, []).append(socket.socket_sid)
        return list(parted.values())

    def _described(self, socket: Socket) -> SocketDescription:
        return SocketDescription(
            sid=socket.socket_sid,
            namespace=socket.namespace,
            rooms=tuple(self._membership.rooms_of(socket.socket_sid)),
            session=self._membership.data(socket.socket_sid),
            environ=self._membership.environ(socket.engine_sid) or {},
        )
