"""The server on a Durable Object. Importable in a Python Worker only."""

from socketio_do.durable.actor import SocketActor
from socketio_do.durable.emitter import Emitter

__all__ = ["Emitter", "SocketActor"]
