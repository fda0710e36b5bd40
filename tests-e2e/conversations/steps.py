"""What a conversation is: a name, what the client does, and with whom it is held."""

from dataclasses import dataclass
from typing import Final

__all__ = ["GET", "NODE", "STOCK", "Conversation", "Hold", "Open", "Request", "Step", "engine", "joined", "old", "raw"]

NODE: Final = "node"
STOCK: Final = "stock"
WEBSOCKET: Final = "EIO=4&transport=websocket"


@dataclass(frozen=True)
class Request:
    """One HTTP request, of the answer to which status and body are noted; ``{sid}`` stands for the engine's sid."""

    query: str
    method: str = "GET"
    body: str | bytes | None = None
    kind: str = "text/plain;charset=UTF-8"


@dataclass(frozen=True)
class Hold:
    """A GET that is left waiting; what it was answered with is noted at the end."""

    query: str


@dataclass(frozen=True)
class Open:
    """Open a WebSocket. Texts and bytes among the steps are sent on the last one."""

    query: str = WEBSOCKET


Step = str | bytes | Request | Hold | Open
POLLING: Final = "EIO=4&transport=polling&sid={sid}"
#: Poll once in the session that is open.
GET: Final = Request(POLLING)


@dataclass(frozen=True)
class Conversation:
    """Steps of a client. ``place`` is the server's path: ``/socket/`` runs the application `talk`, ``/echo/`` sends back."""

    name: str
    steps: tuple[Step, ...]
    place: str = "/socket/"
    references: tuple[str, ...] = (NODE, STOCK)


def joined(name: str, *frames: str | bytes) -> Conversation:
    """Send frames in a session that is connected to ``/``, and an event at the end, which tells who is still there."""
    return Conversation(name, (Open(), "40", *frames, '429["echo","still here"]'))


def raw(name: str, *steps: Step) -> Conversation:
    """Do these steps, at the Socket.IO server."""
    return Conversation(name, steps)


def engine(name: str, *steps: Step) -> Conversation:
    """Do these steps, at the Engine.IO server."""
    return Conversation(name, steps, "/echo/")


def old(name: str, *steps: Step) -> Conversation:
    """Do these steps in revision 3, which python-engineio 4 does not serve."""
    return Conversation(name, steps, "/echo/", (NODE,))


def post(body: str | bytes, kind: str = "text/plain;charset=UTF-8", query: str = POLLING) -> Request:
    """Send a payload in the session that is open."""
    return Request(query, "POST", body, kind)
