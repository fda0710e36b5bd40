import pytest

from shared_wire.errors import FrameTooLarge, LocalWireError, MalformedFrame, UnsupportedVersion
from shared_wire.format import codec, codec_v1
from shared_wire.format.codec import VERSIONS, WRITTEN_VERSION, decode, encode
from shared_wire.format.frames import Call, Life
from shared_wire.format.operations import EngineSid, MessageReceived
from shared_wire.limits import MAX_FRAME_BYTES

EMPTY_MESSAGE = MessageReceived(EngineSid("x"), b"")


def call(packet: str | bytes) -> Call:
    return Call(
        sender="engine",
        sender_life=Life(1, 2),
        receiver_life=None,
        attempt=1,
        seq=1,
        lowest_unconfirmed=1,
        received=0,
        operations=(MessageReceived(EngineSid("x"), packet),),
    )


OVERHEAD = len(encode(call(b"")))


def test_the_versions_are_a_closed_list_of_modules_by_their_number() -> None:
    assert list(VERSIONS.items()) == [(1, codec_v1)]
    assert [module.VERSION for module in VERSIONS.values()] == list(VERSIONS)


def test_what_is_written_can_be_read() -> None:
    assert WRITTEN_VERSION in VERSIONS
    frame = call("hello")
    assert encode(frame)[0] == WRITTEN_VERSION
    assert decode(encode(frame)) == frame


@pytest.mark.parametrize("number", sorted(set(range(256)) - set(VERSIONS)))
def test_every_other_version_is_refused_by_its_number(number: int) -> None:
    with pytest.raises(UnsupportedVersion, match=rf"wire version {number};"):
        decode(bytes([number]) + encode(call("hello"))[1:])


def test_a_frame_is_read_by_the_version_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(codec.VERSIONS, 9, codec_v1)
    data = encode(call("hello"))
    assert decode(b"\x09" + data[1:]) == decode(data)


def test_no_bytes_are_no_frame() -> None:
    with pytest.raises(MalformedFrame, match="no bytes"):
        decode(b"")


def test_the_version_alone_is_no_frame() -> None:
    with pytest.raises(MalformedFrame):
        decode(b"\x01")


def test_the_largest_frame_travels() -> None:
    frame = call(bytes(MAX_FRAME_BYTES - OVERHEAD))
    data = encode(frame)
    assert len(data) == MAX_FRAME_BYTES
    assert decode(data) == frame


def test_one_byte_more_is_not_written() -> None:
    with pytest.raises(LocalWireError, match=str(MAX_FRAME_BYTES + 1)):
        encode(call(bytes(MAX_FRAME_BYTES - OVERHEAD + 1)))


def test_one_byte_more_is_not_even_looked_at() -> None:
    with pytest.raises(FrameTooLarge, match=str(MAX_FRAME_BYTES + 1)):
        decode(b"\xff" * (MAX_FRAME_BYTES + 1))
