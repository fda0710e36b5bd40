"""Sessions' events as the operations that an application is told, here or in another object."""

from engine_do.protocol.ids import EngineSid
from engine_do.session.session import Effect, Ended, Opened, Received, Upgraded
from shared_wire import MessageReceived, Operation, SessionClosed, SessionOpened, SessionUpgraded
from shared_wire.reasons import Reason

__all__ = ["effects_to_operations", "reason_of"]


def reason_of(text: str) -> Reason:
    """Return the reason that an application gave, or, of one that it made up, that of a fault."""
    try:
        return Reason(text)
    except ValueError:
        return Reason.TRANSPORT_ERROR


def effects_to_operations(engine_sid: EngineSid, effects: tuple[Effect, ...]) -> list[tuple[str, Operation]]:
    """Return the operations that effects mean, each with the peer it goes to."""
    found: list[tuple[str, Operation]] = []
    for effect in effects:
        match effect:
            case Received(data, peer):
                found.append((peer, MessageReceived(engine_sid, data)))
            case Opened(environ, peer):
                found.append((peer, SessionOpened(engine_sid, environ)))
            case Upgraded(peers):
                found += [(peer, SessionUpgraded(engine_sid)) for peer in peers]
            case Ended(reason, peers):
                found += [(peer, SessionClosed(engine_sid, reason.value)) for peer in peers]
            case _:
                pass
    return found
