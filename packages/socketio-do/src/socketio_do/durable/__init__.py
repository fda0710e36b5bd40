"""The server on a Durable Object. Importable in a Python Worker only."""

from socketio_do.durable.actor import SocketActor

__all__ = ["SocketActor"]
