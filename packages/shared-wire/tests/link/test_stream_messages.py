import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_wire.errors import MalformedFrame
from shared_wire.link.stream_messages import LAST_NUMBER, read_message, write_call, write_reply

numbers = st.integers(0, LAST_NUMBER)


@given(numbers, st.binary())
def test_a_message_is_read_as_it_was_written(number: int, frame: bytes) -> None:
    assert read_message(write_call(number, frame)) == (True, number, frame)
    assert read_message(write_reply(number, frame)) == (False, number, frame)


def test_the_format_stays_what_it_is() -> None:
    assert write_call(5, b"frame") == b"\x01\x00\x00\x00\x00\x00\x00\x00\x05frame"
    assert write_reply(LAST_NUMBER, b"") == b"\x02" + b"\xff" * 8


@pytest.mark.parametrize("message", [b"", b"\x01", b"\x01" + bytes(7), bytes(9), b"\x03" + bytes(20)])
def test_anything_else_is_malformed(message: bytes) -> None:
    with pytest.raises(MalformedFrame):
        read_message(message)


@given(st.binary())
def test_no_message_raises_anything_else(message: bytes) -> None:
    try:
        read_message(message)
    except MalformedFrame:
        return
