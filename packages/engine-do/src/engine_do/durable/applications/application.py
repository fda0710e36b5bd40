"""Where an engine's sessions lead, as its parts see each other: the engine, and whoever is above it."""

from collections.abc import Container, Iterable
from typing import Protocol

from engine_do.protocol.ids import EngineSid
from engine_do.session.session import Effect, Input, Session
from engine_do.session.sweep import Sweep

__all__ = ["Application", "Engine", "Handlers"]


class Engine(Protocol):
    """What an application asks of the actor that holds the sockets."""

    def send(self, engine_sids: Iterable[EngineSid], frames: Iterable[str | bytes]) -> None:
        """Send frames to each of these sessions; those that are gone are passed over."""

    def apply(self, engine_sid: EngineSid, event: Input) -> None:
        """Apply an event to a session; nothing happens when it is gone."""

    def is_hasty(self, engine_sid: EngineSid) -> bool:
        """Return whether a session sends so much at once that it must take turns."""

    def are_others_about(self, engine_sid: EngineSid, now_ms: int) -> bool:
        """Return whether another session has sent something within the last second."""

    def announced(self) -> list[Session]:
        """List all open sessions that anybody above has heard of."""

    def end_ghosts(self, alive: Container[EngineSid]) -> list[EngineSid]:
        """Forget the sessions that a reset took away, which are none of those alive; returns them."""

    def load(self, key: str) -> str | None:
        """Read a stored text."""

    def store(self, key: str, value: str | None) -> None:
        """Store a text, or nothing any more."""

    def stored(self, prefix: str) -> list[str]:
        """List the keys that begin so, without what they begin with."""


class Application(Protocol):
    """What the actor tells whoever is above."""

    #: Whether a session is announced with its first message and must join by its deadline, or is announced by `connecting`.
    announces_late: bool

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing of what sessions have sent is under way: a reset now would lose none of it."""

    def cut(self, engine_sid: EngineSid) -> None:
        """Forget what a session has sent and nobody has begun to handle: it is closed for sending too much."""

    async def connecting(self, engine_sid: EngineSid, environ: tuple[tuple[str, str], ...]) -> bool:
        """Ask whether a client may connect."""

    def receive(self, engine_sid: EngineSid, data: str | bytes) -> None:
        """Handle a message, and nothing else, of a session that has been announced."""

    def take(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        """Handle what a step of a session means for the application, in order."""

    def swept(self, sweep: Sweep) -> bool:
        """Do what belongs to the alarm's sweep, which has seen all sessions; returns whether the alarm must stay armed for it."""

    def receive_alarm(self) -> None:
        """Do what is due; called whenever the alarm rings, before the sweep."""


class Handlers(Protocol):
    """The methods an application in the same object has; each may be missing a body, none may be missing."""

    async def on_connect(self, sid: str, environ: dict[str, str]) -> bool | None:
        """Handle a new client."""

    async def on_message(self, sid: str, data: str | bytes) -> None:
        """Handle a message."""

    async def on_disconnect(self, sid: str, reason: str) -> None:
        """Handle a client's end."""
