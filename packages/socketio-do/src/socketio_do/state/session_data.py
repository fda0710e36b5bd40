"""The session data of sockets, as JSON text: in storage, and of the sockets that were last heard of in memory."""

from collections.abc import Collection
from typing import Any

from socketio_do.limits import MAX_DATA, MAX_HELD_DATA
from socketio_do.state.cache import TextCache
from socketio_do.state.tables import Storage
from socketio_do.state.values import load_value, store_value

__all__ = ["SessionData"]


class SessionData:
    """What the application keeps with each socket. Of a pending socket it is in memory only, since storage has no row for it."""

    def __init__(self, storage: Storage) -> None:
        """Initialise with the rows."""
        self._storage = storage
        self._pending: dict[str, str] = {}
        #: The pending sockets.
        self.pending: Collection[str] = self._pending.keys()
        self._cache = TextCache(MAX_HELD_DATA)

    def begin(self, socket_sid: str) -> None:
        """Add a pending socket, with no data yet."""
        self._pending[socket_sid] = "{}"

    def connect(self, socket_sid: str) -> str:
        """Return the data of a socket that is pending no longer, to be written to its new row."""
        text = self._pending.pop(socket_sid)
        self._cache.keep(socket_sid, text)
        return text

    def note(self, socket_sid: str, text: str) -> None:
        """Keep what was read from a socket's row."""
        self._cache.keep(socket_sid, text)

    def read(self, socket_sid: str) -> Any:
        """Return a socket's data, a fresh copy; raise `KeyError` for an unknown socket."""
        return load_value(self._text(socket_sid))

    def write(self, socket_sid: str, data: Any) -> None:
        """Replace a socket's data.

        Raises `KeyError` for an unknown socket, and `SessionDataError` for data that JSON cannot hold or that takes more than
        `MAX_DATA` characters.
        """
        before = self._text(socket_sid)
        text = store_value(data, "session data", MAX_DATA)
        if socket_sid in self._pending:
            self._pending[socket_sid] = text
        elif text != before:
            self._storage.update_data(socket_sid, text)
            self._cache.keep(socket_sid, text)

    def drop(self, socket_sid: str) -> None:
        """Forget a socket."""
        self._pending.pop(socket_sid, None)
        self._cache.drop(socket_sid)

    def _text(self, socket_sid: str) -> str:
        text = self._pending.get(socket_sid) or self._cache.find(socket_sid)
        if text is not None:
            return text
        text = self._storage.data(socket_sid)
        if text is None:
            raise KeyError(socket_sid)
        self._cache.keep(socket_sid, text)
        return text
