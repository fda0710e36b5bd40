from engine_strategies import packet_frames, unhurried
from hypothesis import given
from hypothesis import strategies as st

from engine_do.errors import RemoteEngineError
from engine_do.protocol.packets import Frame, decode_base64, decode_frame_v3, encode_base64, encode_frame_v3
from engine_do.protocol.payloads import MAX_PACKETS, decode_payload, encode_payload

several = st.lists(packet_frames, min_size=1, max_size=20)
#: Bodies that look like payloads, and bodies that do not.
bodies = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(str.encode),
    st.lists(
        st.sampled_from([b"\x1e", b"4a", b"b", b"AQ==", b"1", b":", b"2:", b"\x00", b"\x01", b"\xff", b"\xe2"])
    ).map(b"".join),
)


def read(body: str | bytes, revision: int) -> list[Frame]:
    """Read a payload as a session does: what it brings are frames of revision 4."""
    if isinstance(body, bytes):
        found = decode_payload(body, revision, is_binary=True)
    else:
        found = decode_payload(body.encode(), revision, is_binary=False)
    return [decode_frame_v3(one) for one in found] if revision == 3 else found


@unhurried
@given(several, st.sampled_from([3, 4]), st.booleans())
def test_any_packets_survive_their_payload(frames: list[Frame], revision: int, base64: bool) -> None:
    body = encode_payload(frames, revision, base64)
    assert read(body, revision) == frames
    assert isinstance(body, str) or (revision == 3 and not base64)


@unhurried
@given(several, several, st.booleans())
def test_two_payloads_behind_each_other_are_the_packets_of_both(
    first: list[Frame], second: list[Frame], base64: bool
) -> None:
    pieces = [encode_payload(frames, 4, base64) for frames in (first, second)]
    assert read("\x1e".join(map(str, pieces)), 4) == first + second
    one, other = (encode_payload(frames, 3, base64) for frames in (first, second))
    if isinstance(one, str) and isinstance(other, str):
        assert read(one + other, 3) == first + second
    if isinstance(one, bytes) and isinstance(other, bytes):
        assert read(one + other, 3) == first + second


@unhurried
@given(bodies, st.sampled_from([3, 4]), st.booleans())
def test_any_body_is_packets_or_our_refusal(body: bytes, revision: int, is_binary: bool) -> None:
    try:
        frames = decode_payload(body, revision, is_binary)
    except RemoteEngineError:
        return
    assert 0 < len(frames) <= MAX_PACKETS
    assert all(type(frame) in (str, bytes) for frame in frames)
    assert sum(map(len, frames)) <= len(body), "nothing grows by being read"


@unhurried
@given(st.binary())
def test_bytes_survive_as_text(data: bytes) -> None:
    assert decode_base64(encode_base64(data)) == data


@unhurried
@given(st.text())
def test_any_text_is_bytes_or_our_refusal(text: str) -> None:
    try:
        data = decode_base64(text)
    except RemoteEngineError:
        return
    assert len(data) <= len(text)


@unhurried
@given(st.text() | st.binary())
def test_any_frame_of_revision_3_is_a_frame_or_our_refusal(frame: Frame) -> None:
    try:
        found = decode_frame_v3(frame)
    except RemoteEngineError:
        return
    assert isinstance(found, str) <= isinstance(frame, str)


@unhurried
@given(packet_frames, st.booleans())
def test_a_frame_survives_revision_3(frame: Frame, base64: bool) -> None:
    assert decode_frame_v3(encode_frame_v3(frame, base64)) == frame
