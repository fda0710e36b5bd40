"""One end of a stream, in the model of the runtime: what is sent is taken by hand."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from shared_wire.errors import MalformedFrame
from shared_wire.link.stream_messages import LAST_NUMBER, read_message, write_call, write_reply
from shared_wire.testing.loop import VirtualLoop
from shared_wire.testing.modules import install
from shared_wire.testing.values import JsException

install()

from shared_wire.durable import Stream  # noqa: E402 - it imports what the line before puts in place


class End:
    """A stream with what it has sent."""

    def __init__(self, *, is_awake: bool) -> None:
        self.sent: list[bytes] = []
        self.given_up = 0
        self.is_closed = False
        self.counters: Counter[str] = Counter()
        self.stream = Stream(self._send, self._answer, self.counters, self._give_up, is_awake=is_awake)

    def _send(self, message: Any) -> None:
        if self.is_closed:
            raise JsException("Can't call WebSocket send() after close().")
        self.sent.append(bytes(message))

    def _answer(self, frame: bytes) -> bytes:
        return b"reply to " + frame

    def _give_up(self) -> None:
        self.given_up += 1

    @property
    def number(self) -> int:
        return read_message(self.sent[-1])[1]


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop()
    yield made
    made.close()


@pytest.fixture(params=[True, False], ids=["awake", "asleep"])
def end(request: pytest.FixtureRequest) -> End:
    return End(is_awake=request.param)


def test_a_call_gets_its_reply(loop: VirtualLoop, end: End) -> None:
    call = loop.create_task(end.stream.call(b"frame"))
    loop.settle()
    assert end.stream.is_busy
    assert read_message(end.sent[0]) == (True, end.number, b"frame")
    end.stream.receive(write_reply(end.number, b"reply"))
    loop.settle()
    assert call.result() == b"reply"
    assert not end.stream.is_busy
    assert end.counters == {"stream_messages": 1}


def test_a_call_of_the_peer_is_answered_meanwhile(loop: VirtualLoop, end: End) -> None:
    call = loop.create_task(end.stream.call(b"frame"))
    loop.settle()
    end.stream.receive(write_call(7, b"their frame"))
    assert end.sent[-1] == write_reply(7, b"reply to their frame")
    assert not call.done()
    end.stream.end()
    loop.settle()


def test_a_reply_to_an_earlier_call_is_not_taken_for_the_next_ones(loop: VirtualLoop, end: End) -> None:
    first = loop.create_task(end.stream.call(b"first"))
    loop.settle()
    number = end.number
    end.stream.receive(write_reply(number, b"one"))
    loop.settle()
    second = loop.create_task(end.stream.call(b"second"))
    loop.settle()
    end.stream.receive(write_reply(number, b"one, late"))
    loop.settle()
    assert not second.done()
    end.stream.receive(write_reply((number + 1) & LAST_NUMBER, b"two"))
    loop.settle()
    assert (first.result(), second.result()) == (b"one", b"two")


def test_a_reply_that_nobody_waits_for_is_passed_over(loop: VirtualLoop, end: End) -> None:
    end.stream.receive(write_reply(0, b"reply"))
    call = loop.create_task(end.stream.call(b"frame"))
    loop.settle()
    end.stream.receive(write_reply(end.number, b"reply"))
    end.stream.receive(write_reply(end.number, b"another"))
    loop.settle()
    assert call.result() == b"reply"


def test_numbers_come_round(loop: VirtualLoop, end: End) -> None:
    end.stream._number = LAST_NUMBER
    call = loop.create_task(end.stream.call(b"frame"))
    loop.settle()
    end.stream.receive(write_reply(0, b"reply"))
    loop.settle()
    assert call.result() == b"reply"


def test_two_streams_begin_with_different_numbers() -> None:
    assert End(is_awake=True).stream._number != End(is_awake=True).stream._number


def test_its_end_fails_the_call_under_way_and_those_to_come(loop: VirtualLoop, end: End) -> None:
    call = loop.create_task(end.stream.call(b"frame"))
    loop.settle()
    end.stream.end()
    loop.settle()
    assert call.result() is None
    assert loop.complete(end.stream.call(b"another")) is None
    assert len(end.sent) == 1
    assert end.stream.is_over


def test_a_call_that_cannot_be_sent_fails(loop: VirtualLoop, end: End) -> None:
    end.is_closed = True
    assert loop.complete(end.stream.call(b"frame")) is None
    end.stream.receive(write_call(1, b"their frame"))
    assert end.sent == []
    end.stream.end()


def test_a_call_without_a_reply_is_given_up_in_time(loop: VirtualLoop, end: End) -> None:
    call = loop.create_task(end.stream.call(b"frame"))
    loop.advance(0.89)
    assert not call.done()
    loop.advance(0.02)
    assert call.result() is None
    assert end.given_up == 1
    assert end.stream.is_over


def test_each_call_has_its_whole_time(loop: VirtualLoop, end: End) -> None:
    for _ in range(10):
        call = loop.create_task(end.stream.call(b"frame"))
        loop.advance(0.6)
        assert not call.done()
        end.stream.receive(write_reply(end.number, b"reply"))
        loop.settle()
        assert call.result() == b"reply"
    loop.advance(5)
    assert end.given_up == 0


@pytest.mark.parametrize(("is_awake", "timers"), [(True, 1), (False, 0)])
def test_a_timer_is_left_running_where_the_object_is_awake_anyway(
    loop: VirtualLoop, is_awake: bool, timers: int
) -> None:
    end = End(is_awake=is_awake)
    call = loop.create_task(end.stream.call(b"frame"))
    loop.settle()
    end.stream.receive(write_reply(end.number, b"reply"))
    loop.settle()
    assert call.done()
    assert (end.stream._timer is not None) is bool(timers)
    loop.advance(1)
    assert end.stream._timer is None


def test_what_is_no_message_is_an_error(end: End) -> None:
    with pytest.raises(MalformedFrame):
        end.stream.receive(b"nonsense")
