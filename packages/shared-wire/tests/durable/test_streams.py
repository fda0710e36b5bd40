"""One end of a stream, in the model of the runtime: what is sent is taken by hand."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from shared_wire.errors import MalformedFrame
from shared_wire.link.stream_messages import (
    LAST_NUMBER,
    NOT_TAKEN,
    UNREADABLE,
    read_message,
    write_call,
    write_reply,
)
from shared_wire.testing.loop import VirtualLoop
from shared_wire.testing.modules import install
from shared_wire.testing.values import JsException

install()

from shared_wire.durable import Stream  # noqa: E402 - it imports what the line before puts in place


class End:
    """A stream with what it has sent, and what has become of its calls."""

    def __init__(self, loop: VirtualLoop, *, is_awake: bool) -> None:
        self.loop = loop
        self.sent: list[bytes] = []
        self.heard: list[bytes | None] = []
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

    def say(self, frame: bytes) -> bool:
        with self.loop.as_running():
            return self.stream.say(frame, self.heard.append)

    def reply(self, frame: bytes) -> None:
        with self.loop.as_running():
            self.stream.receive(write_reply(self.number, frame))

    @property
    def number(self) -> int:
        return read_message(self.sent[-1])[1]


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop()
    yield made
    made.close()


@pytest.fixture(params=[True, False], ids=["awake", "asleep"])
def end(loop: VirtualLoop, request: pytest.FixtureRequest) -> End:
    return End(loop, is_awake=request.param)


def test_a_call_gets_its_reply(end: End) -> None:
    assert end.say(b"frame")
    assert end.stream.is_busy
    assert read_message(end.sent[0]) == (True, end.number, b"frame")
    end.reply(b"reply")
    assert end.heard == [b"reply"]
    assert not end.stream.is_busy
    assert end.counters == {"stream_messages": 1}


def test_a_call_of_the_peer_is_answered_meanwhile(end: End) -> None:
    end.say(b"frame")
    end.stream.receive(write_call(7, b"their frame"))
    assert end.sent[-1] == write_reply(7, b"reply to their frame")
    assert end.heard == []


def test_whoever_hears_a_reply_may_make_the_next_call(end: End) -> None:
    def hear(reply: bytes | None) -> None:
        end.heard.append(reply)
        assert end.stream.say(b"next", end.heard.append)

    with end.loop.as_running():
        end.stream.say(b"frame", hear)
    end.reply(b"one")
    assert end.stream.is_busy
    end.reply(b"two")
    assert end.heard == [b"one", b"two"]


def test_a_reply_to_an_earlier_call_is_not_taken_for_the_next_ones(end: End) -> None:
    end.say(b"first")
    number = end.number
    end.reply(b"one")
    end.say(b"second")
    end.stream.receive(write_reply(number, b"one, late"))
    assert end.heard == [b"one"]
    end.stream.receive(write_reply((number + 1) & LAST_NUMBER, b"two"))
    assert end.heard == [b"one", b"two"]


def test_a_reply_that_nobody_waits_for_is_passed_over(end: End) -> None:
    end.stream.receive(write_reply(0, b"reply"))
    end.say(b"frame")
    end.reply(b"reply")
    end.reply(b"another")
    assert end.heard == [b"reply"]


def test_numbers_come_round(end: End) -> None:
    end.stream._number = LAST_NUMBER
    end.say(b"frame")
    end.stream.receive(write_reply(0, b"reply"))
    assert end.heard == [b"reply"]


def test_two_streams_begin_with_different_numbers(loop: VirtualLoop) -> None:
    assert End(loop, is_awake=True).stream._number != End(loop, is_awake=True).stream._number


def test_its_end_fails_the_call_under_way_and_takes_no_other(end: End) -> None:
    end.say(b"frame")
    end.stream.end()
    assert end.heard == [None]
    assert not end.say(b"another")
    assert (len(end.sent), end.heard) == (1, [None])
    assert end.stream.is_over


def test_a_call_on_a_stream_that_the_peer_cannot_read_was_not_taken(end: End) -> None:
    end.say(b"frame")
    end.stream.end(UNREADABLE)
    assert end.heard == [NOT_TAKEN]
    assert not end.say(b"another")


@pytest.mark.parametrize("code", [1000, 1006])
def test_with_any_other_code_it_may_have_been(end: End, code: int) -> None:
    end.say(b"frame")
    end.stream.end(code)
    assert end.heard == [None]


def test_a_call_that_cannot_be_sent_is_not_taken_and_ends_the_stream(end: End) -> None:
    end.is_closed = True
    assert not end.say(b"frame")
    assert end.stream.is_over, "nothing more is tried before the close is delivered"
    end.is_closed = False
    assert not end.say(b"frame")
    assert (end.sent, end.heard, end.given_up) == ([], [], 0)


def test_a_reply_that_cannot_be_sent_fails_the_call_under_way(end: End) -> None:
    end.say(b"frame")
    end.is_closed = True
    end.stream.receive(write_call(1, b"their frame"))
    assert end.heard == [None]
    assert end.stream.is_over


def test_a_call_without_a_reply_is_given_up_in_time(loop: VirtualLoop, end: End) -> None:
    end.say(b"frame")
    loop.advance(0.89)
    assert end.heard == []
    loop.advance(0.02)
    assert (end.heard, end.given_up) == ([None], 1)
    assert end.stream.is_over
    loop.advance(5)
    assert (end.heard, end.given_up) == ([None], 1)


@pytest.mark.parametrize("jump_s", [-3_600, 3_600])
def test_a_clock_that_is_set_while_a_call_waits_changes_nothing(loop: VirtualLoop, end: End, jump_s: float) -> None:
    end.say(b"frame")
    loop.advance(0.5)
    loop.skew_s += jump_s
    loop.advance(0.3)
    assert end.heard == []
    loop.advance(0.2)
    assert end.heard == [None]


def test_each_call_has_its_time(loop: VirtualLoop, end: End) -> None:
    for _ in range(20):
        end.say(b"frame")
        loop.advance(0.7)
        end.reply(b"reply")
    assert end.heard == [b"reply"] * 20
    loop.advance(5)
    assert end.given_up == 0


@pytest.mark.parametrize(("is_awake", "timers"), [(True, 1), (False, 0)])
def test_a_timer_is_left_running_where_the_object_is_awake_anyway(
    loop: VirtualLoop, is_awake: bool, timers: int
) -> None:
    end = End(loop, is_awake=is_awake)
    end.say(b"frame")
    end.reply(b"reply")
    assert (end.stream._timer is not None) is bool(timers)
    loop.advance(1)
    assert end.stream._timer is None


def test_what_is_no_message_is_an_error(end: End) -> None:
    with pytest.raises(MalformedFrame):
        end.stream.receive(b"nonsense")
