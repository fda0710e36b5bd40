"""What an engine and an application say to each other in one object: the operations that travel between two, as values.

`EngineActor` looks for the application in its own class; `SocketActor` is one. Nothing is between them: no frame, no number, no
report. A reset ends both at once and closes all sockets, so whatever was under way is lost together with its client's connection.
"""

from typing import Protocol, runtime_checkable

from shared_wire.format.operations import EngineSid, Operation

__all__ = ["ApplicationPort", "EnginePort", "RunsApplication"]


class EnginePort(Protocol):
    """The engine of the same object, as its application sees it."""

    @property
    def name(self) -> str:
        """The name of the object."""

    def send_packets(self, engine_sids: tuple[EngineSid, ...], packets: tuple[str | bytes, ...]) -> None:
        """Send messages to each of these sessions; those that are gone are passed over."""

    def send(self, *operations: Operation) -> None:
        """Carry out other operations that go down. Those that close sessions are carried out at the end of the running step."""

    def arm(self, at_ms: int) -> None:
        """Have the object's alarm call `ApplicationPort.receive_alarm` by a time, in milliseconds since the epoch."""


class ApplicationPort(Protocol):
    """The application of the same object, as its engine sees it."""

    @property
    def is_at_rest(self) -> bool:
        """Whether no work is under way: a reset would lose nothing of what clients have sent."""

    @property
    def must_compare(self) -> bool:
        """Whether there must be another sweep, which says which sessions there are: ends that were told are not written down."""

    def receive_message(self, engine_sid: EngineSid, data: str | bytes) -> None:
        """Handle a client's message; never raises."""

    def deliver(self, operations: tuple[Operation, ...]) -> None:
        """Handle other operations that go up; never raises."""

    def receive_alarm(self) -> None:
        """Do what is due. It may be called earlier than asked for."""


@runtime_checkable
class RunsApplication(Protocol):
    """A class of objects with an application in them."""

    def _begin_application(self, engine: EnginePort) -> ApplicationPort:
        """Begin a life of the application; called once while the object is constructed."""
