"""Which socket actor serves a namespace, where there are several: a function for `engine_do.EngineConfig(choose_peer=...)`.

It runs where the sockets are, on each message of a client, and reads no more of it than the namespace. The attachments of a binary
packet come in messages of their own, so its state says how many are still to come, and where they go: ``"2 admin"``. What is no
packet goes to whoever would have to refuse it: the actor that waits for attachments, else the default.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from shared_wire.names import DEFAULT_PEER
from socketio_do.errors import ConfigError, PacketError
from socketio_do.limits import MAX_ATTACHMENTS, MAX_NAMESPACE
from socketio_do.protocol.serializers import choose_serializer

__all__ = ["NamespaceRoutes", "Routes"]

#: Names of socket actors, by namespace or by a pattern that matches the whole of one; or a function from namespace to name.
Routes: TypeAlias = Mapping[str | re.Pattern[str], str] | Callable[[str], str]

#: What the engine actor takes for the name of one.
_ACTOR: Final = re.compile(r"[A-Za-z0-9_./:-]{1,100}")
#: type, attachments, namespace without a query.
_HEAD: Final = re.compile(r"[0-6](?:(\d{1,3})-)?(/[^,?]*)?", re.ASCII)


class NamespaceRoutes:
    """Chooses each message's socket actor by its namespace: ``EngineConfig(choose_peer=NamespaceRoutes({"/admin": "admin"}))``.

    Each actor is a Durable Object of its own, with its own clients, rooms and sessions. Clients choose namespaces, so a function as
    ``routes`` must not give more names than you want objects, and what no namespace was meant for it should give one common name.
    """

    def __init__(self, routes: Routes, *, default: str = DEFAULT_PEER, serializer: Any = "default") -> None:
        """Initialise with the routes, and the name of the actor for all other namespaces.

        ``serializer`` is the option of the socket actors; but for "default", each message is read whole here to find its namespace.
        Raises `ConfigError` for what is no route.
        """
        if not callable(routes):
            _check(routes)
        _check_actor("default", default)
        self._routes = routes
        self._default = default
        self._read_head = _read_head if serializer == "default" else _head_reader(serializer)

    def __call__(self, state: str, packet: str | bytes) -> tuple[str, str]:
        """Return the state for the client's next message, and the name of the actor this one is for."""
        if state:
            return _continue(state, packet)
        head = self._read_head(packet)
        if head is None:
            return "", self._default
        namespace, attachments = head
        actor = self._actor(namespace)
        return (f"{attachments} {actor}" if 0 < attachments <= MAX_ATTACHMENTS else ""), actor

    def _actor(self, namespace: str) -> str:
        if callable(self._routes):
            return self._routes(namespace)
        if namespace in self._routes:
            return self._routes[namespace]
        for key, actor in self._routes.items():
            if isinstance(key, re.Pattern) and key.fullmatch(namespace):
                return actor
        return self._default


def _read_head(packet: str | bytes) -> tuple[str, int] | None:
    """Read the namespace, and how many attachments follow."""
    head = _HEAD.match(packet) if isinstance(packet, str) else None
    if head is None or len(head[2] or "") > MAX_NAMESPACE:
        return None
    return head[2] or "/", int(head[1] or 0)


def _head_reader(serializer: Any) -> Callable[[str | bytes], tuple[str, int] | None]:
    _, decode = choose_serializer(serializer)

    def read(message: str | bytes) -> tuple[str, int] | None:
        try:
            packet = decode(message)
        except PacketError:
            return None
        return packet.namespace, packet.attachments

    return read


def _continue(state: str, packet: str | bytes) -> tuple[str, str]:
    """Hand an attachment to the actor that waits for it; a text in its place as well, which ends the wait."""
    left, _, actor = state.partition(" ")
    more = int(left) - 1 if isinstance(packet, bytes) else 0
    return (f"{more} {actor}" if more else ""), actor


def _check(routes: object) -> None:
    if not isinstance(routes, Mapping):
        raise ConfigError(f'routes are {{"/admin": "admin", ...}}, or a function of the namespace; got {routes!r}')
    for key, actor in routes.items():
        if not isinstance(key, re.Pattern) and not (isinstance(key, str) and key.startswith("/")):
            raise ConfigError(f"routes: a namespace begins with a slash, or is a compiled pattern; got {key!r}")
        _check_actor(repr(key), actor)


def _check_actor(what: str, actor: object) -> None:
    if not isinstance(actor, str) or not _ACTOR.fullmatch(actor):
        raise ConfigError(f"routes: {what} leads to the name of an actor, 1 to 100 of [A-Za-z0-9_./:-]; got {actor!r}")
