"""Events that clients may have to be sent again: each with its offset, and in the log before its event ends."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from socketio_do.protocol.encoding import CheckedPacket, encode
from socketio_do.protocol.offsets import OFFSET_EVENT, add_offset, is_recoverable
from socketio_do.state.recovery_log import Addressed, RecoveryLog

__all__ = ["Event", "send_logged"]


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it is sent to clients that are not recovered, and what it was made of."""

    packets: tuple[str | bytes, ...]
    arguments: list[Any]
    #: Its ack id.
    number: int | None
    packet_class: Any


def send_logged(
    log: RecoveryLog,
    send: Callable[[Iterable[str], tuple[str | bytes, ...]], object],
    recipients: Mapping[str, str],
    to: Addressed,
    event: Event,
    *,
    volatile: bool,
) -> None:
    """Send an event to sockets (socket sid -> engine sid): with its offset to those that may be recovered.

    A ``volatile`` one is not logged; its offset is that of what was sent before, so that no argument of its own is taken for one.
    """
    keen = [engine_sid for sid, engine_sid in recipients.items() if is_recoverable(sid)]
    others = [engine_sid for sid, engine_sid in recipients.items() if not is_recoverable(sid)]
    if not keen:
        send(others, event.packets)
        return
    size = to.size() + sum(len(packet) * (1 if isinstance(packet, str) else 2) for packet in event.packets)
    packets = _with_offset(event, to.namespace, log.offset() if volatile else log.place(size))
    if not volatile:
        log.add(to, packets, size)
    if others:
        send(others, event.packets)
    send(keen, packets)


def _with_offset(event: Event, namespace: str, offset: str) -> tuple[str | bytes, ...]:
    """Add an offset to an event; one that asks for an acknowledgement is followed by another event that has it."""
    if event.number is not None:
        return event.packets + encode(event.packet_class, "EVENT", [OFFSET_EVENT, offset], namespace)
    if event.packet_class is CheckedPacket:
        return add_offset(event.packets, offset)
    return encode(event.packet_class, "EVENT", [*event.arguments, offset], namespace)
