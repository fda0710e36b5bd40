import json
from collections.abc import Iterable
from typing import Any

import pytest
from server_fakes import FakeDatabase
from socketio.msgpack_packet import MsgPackPacket

from socketio_do.protocol.encoding import CheckedPacket, encode
from socketio_do.protocol.offsets import OFFSET_EVENT
from socketio_do.state.recovery_log import Addressed, RecoveryLog
from socketio_do.state.recovery_rows import RecoveryRows
from socketio_do.state.tables import Storage
from socketio_do.upstream.logged_events import Event, send_logged

KEEN, OTHER = {"~socket-000000000001": "e1"}, {"socket-0000000000002": "e2"}
ALL = Addressed("/", None)


class Sender:
    """A log and what is sent."""

    def __init__(self) -> None:
        database = FakeDatabase()
        Storage(database).create_tables()
        self.log = RecoveryLog(RecoveryRows(database, 8), lambda: "key", lambda action: None)
        self.sent: list[tuple[list[str], tuple[str | bytes, ...]]] = []

    def note(self, engine_sids: Iterable[str], packets: tuple[str | bytes, ...]) -> None:
        self.sent.append(([*engine_sids], packets))

    def send(
        self,
        recipients: dict[str, str],
        *arguments: Any,
        number: int | None = None,
        packet_class: Any = CheckedPacket,
        volatile: bool = False,
    ) -> list[tuple[list[str], tuple[str | bytes, ...]]]:
        event = Event(encode(packet_class, "EVENT", [*arguments], "/", number), [*arguments], number, packet_class)
        send_logged(self.log, self.note, recipients, ALL, event, volatile=volatile)
        sent, self.sent = self.sent, []
        return sent

    def missed(self, offset: str | None = None) -> Any:
        return self.log.missed(next(iter(KEEN)), "/", [], "", offset)


@pytest.fixture
def sender() -> Sender:
    return Sender()


def offset_of(text: str | bytes) -> str:
    assert isinstance(text, str)
    return str(json.loads(text[text.index("[") :])[-1])


def test_who_is_recovered_gets_it_with_its_offset_and_others_without(sender: Sender) -> None:
    (plain, (with_offset)) = sender.send({**KEEN, **OTHER}, "said", "x")
    assert plain == (["e2"], ('2["said","x"]',))
    sids, (text,) = with_offset
    assert (sids, text) == (["e1"], f'2["said","x","{offset_of(text)}"]')
    assert sender.missed() == [(text,)]
    assert sender.missed(offset_of(text)) == []


def test_where_nobody_is_recovered_nothing_is_logged(sender: Sender) -> None:
    assert sender.send(OTHER, "said") == [(["e2"], ('2["said"]',))]
    assert sender.missed() == []
    assert sender.log.since() == ""


def test_all_are_sent_it_in_one_go(sender: Sender) -> None:
    many = {f"~socket-{number:012}": f"e{number}" for number in range(100)}
    assert [len(sids) for sids, _ in sender.send(many, "said")] == [100]


def test_a_volatile_event_has_the_offset_of_what_was_sent_before(sender: Sender) -> None:
    ((_, (first,)),) = sender.send(KEEN, "said", "1")
    ((_, (volatile,)),) = sender.send(KEEN, "said", "2", volatile=True)
    assert offset_of(volatile) == offset_of(first)
    assert sender.missed() == [(first,)]


def test_a_volatile_event_that_is_the_first_has_one_too(sender: Sender) -> None:
    ((_, (volatile,)),) = sender.send(KEEN, "said", "text", volatile=True)
    ((_, (later,)),) = sender.send(KEEN, "said", "later")
    assert sender.missed(offset_of(volatile)) == [(later,)]


def test_attachments_come_along(sender: Sender) -> None:
    ((_, packets),) = sender.send(KEEN, "said", {"b": b"\0\xff"})
    assert packets[1:] == (b"\0\xff",)
    text = packets[0]
    assert text == f'51-["said",{{"b":{{"_placeholder":true,"num":0}}}},"{offset_of(text)}"]'
    assert sender.missed() == [packets]


def test_behind_one_that_asks_for_an_answer_comes_its_offset_alone(sender: Sender) -> None:
    ((_, (asked, told)),) = sender.send(KEEN, "asked", "x", number=7)
    assert (asked, told) == ('27["asked","x"]', f'2["{OFFSET_EVENT}","{offset_of(told)}"]')
    assert sender.missed(offset_of(told)) == []


def test_a_packet_class_of_its_own_encodes_the_offset_too(sender: Sender) -> None:
    ((_, packets),) = sender.send(KEEN, "said", b"1", packet_class=MsgPackPacket)
    (packet,) = packets
    decoded: Any = MsgPackPacket(encoded_packet=packet)
    assert decoded.data[:2] == ["said", b"1"]
    assert sender.missed(decoded.data[2]) == []
    assert sender.missed() == [packets]


def test_one_that_no_row_holds_is_sent_all_the_same(sender: Sender) -> None:
    ((_, (text,)),) = sender.send(KEEN, "said", "x" * 400_001)
    assert sender.missed() is None
    ((_, (later,)),) = sender.send(KEEN, "said", "later")
    assert sender.missed(offset_of(text)) == [(later,)]
