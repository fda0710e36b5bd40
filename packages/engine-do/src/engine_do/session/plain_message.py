"""The uneventful frame, as nearly all are: a message that changes nothing in its session, so that `step` need not be asked."""

from engine_do.config import EngineConfig
from engine_do.protocol.packets import Frame
from engine_do.session.session import Phase, Session

__all__ = ["plain_message"]


def plain_message(session: Session, frame: Frame, config: EngineConfig) -> str | None:
    """Return the message in a text frame, where all that `step` would do is to hand it on; None for every other frame.

    The length is compared as if each character took the 4 bytes that UTF-8 needs at most.
    """
    if (
        not isinstance(frame, str)
        or frame[:1] != "4"
        or len(frame) * 4 > config.max_payload
        or session.environ is not None
        or session.phase is not Phase.OPEN
        or config.choose_peer is not None
    ):
        return None
    return frame[1:]
