"""What goes wrong in a world, besides the ends of lives: with calls between objects, in storage, with alarms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared_wire.testing.actors import Actor

__all__ = ["DOUBLED", "LOST", "LOST_ANSWER", "OVERLOADED", "Fate", "Faults"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a call from one object to another."""

    #: Seconds after which it arrives, once for each; none: never.
    arrives_s: tuple[float, ...] = (0.0,)
    #: Whether its caller gets the answer of the first arrival. Else it is told that the call failed, and the call may arrive later.
    is_answered: bool = True
    #: Seconds until the caller is told, after the answer or (not answered) after the call.
    told_s: float = 0.0
    #: What the caller is told where it is not answered.
    error: str = "Error: Network connection lost."
    #: How the runtime marks that error: what is lost on the way may be sent again, what an object has no time for must not.
    is_retryable: bool = True
    is_overloaded: bool = False

    @property
    def is_ordinary(self) -> bool:
        """Whether it arrives at once, and its answer does."""
        return self is _ORDINARY


#: What usually becomes of a call; and what a test may have become of it.
_ORDINARY: Final = Fate()
LOST: Final = Fate(arrives_s=(), is_answered=False)
LOST_ANSWER: Final = Fate(is_answered=False)
DOUBLED: Final = Fate(arrives_s=(0.0, 0.0))
OVERLOADED: Final = Fate(
    arrives_s=(), is_answered=False, error="Error: Durable Object is overloaded.", is_overloaded=True
)


class Faults:
    """Nothing goes wrong. Derive from it, and give an instance to `World.faults`."""

    def call(self, target: "Actor", method: str) -> Fate:
        """Return what becomes of a call to an object: an RPC by its method's name, a request as ``fetch``."""
        del target, method
        return _ORDINARY

    def write(self, owner: "Actor", what: str) -> str | None:
        """Return what a statement of SQL, or a ``put`` or ``delete`` of a key, fails with; none when it does not."""
        del owner, what
        return None

    def alarm_s(self, owner: "Actor") -> float:
        """Return how many seconds late an alarm rings that is set now; a few thousandths early where that is negative."""
        del owner
        return 0.0
