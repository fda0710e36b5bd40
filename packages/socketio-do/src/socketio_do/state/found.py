"""Sessions and sockets that were found, by their sids."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

__all__ = ["Found", "Session", "Socket"]

T = TypeVar("T")


@dataclass(slots=True)
class Socket:
    """A session's presence in one namespace."""

    socket_sid: str
    engine_sid: str
    namespace: str
    actor: str
    pending: bool = False
    #: It is going; its disconnect handler still finds it.
    leaving: bool = False
    #: What it can be recovered with, as its row has it (`Ticket`); "" where it cannot.
    ticket: str = ""


@dataclass(slots=True)
class Session:
    """A session: the engine actor that holds it ("" while it is parked), and its sockets by namespace."""

    actor: str
    sockets: dict[str, str] = field(default_factory=dict)


class Found(dict[str, T]):
    """What was found by its sid; a sid that is not in it is looked up. To find what is in it costs no call."""

    def __init__(self, look_up: Callable[[str], T | None]) -> None:
        """Initialise with what looks up a sid that is not in it; that something does not exist is not kept."""
        self._look_up = look_up
        #: Returns what a sid names, or none.
        self.find: Callable[[str], T | None] = self.__getitem__

    def __missing__(self, sid: str) -> T | None:
        found = self._look_up(sid)
        if found is not None:
            self[sid] = found
        return found
