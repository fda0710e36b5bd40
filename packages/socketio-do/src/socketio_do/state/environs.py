"""The handshakes of sessions, as JSON text: in storage, and of the sessions that were last heard of in memory."""

import json
from collections.abc import Mapping

from socketio_do.limits import MAX_HELD_ENVIRONS
from socketio_do.state.cache import TextCache
from socketio_do.state.tables import Storage

__all__ = ["Environs"]


class Environs:
    """What each session's client said when it came."""

    def __init__(self, storage: Storage) -> None:
        """Initialise with the rows."""
        self._storage = storage
        self._cache = TextCache(MAX_HELD_ENVIRONS)
        self.drop = self._cache.drop

    def insert(self, engine_sid: str, actor: str, environ: Mapping[str, str]) -> bool:
        """Add a session that was announced by ``actor``, with its handshake; return whether it is new."""
        text = json.dumps(environ)
        is_new = self._storage.insert_session(engine_sid, actor, text)
        if is_new:
            self._cache.keep(engine_sid, text)
        return is_new

    def update(self, engine_sid: str, changes: Mapping[str, str]) -> None:
        """Change a handshake, if its session is known."""
        environ = self.read(engine_sid)
        if environ is not None:
            text = json.dumps({**environ, **changes})
            self._storage.update_environ(engine_sid, text)
            self._cache.keep(engine_sid, text)

    def read(self, engine_sid: str) -> dict[str, str] | None:
        """Return a session's handshake, a fresh copy; none for an unknown session."""
        text = self._cache.find(engine_sid)
        if text is None:
            text = self._storage.environ(engine_sid)
            if text is None:
                return None
            self._cache.keep(engine_sid, text)
        environ: dict[str, str] = json.loads(text)
        return environ
