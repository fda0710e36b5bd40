import tracemalloc

import pytest

from engine_do.errors import BAD_REQUEST, RemoteEngineError
from engine_do.protocol.packets import Frame, decode_frame_v3
from engine_do.protocol.payloads import MAX_PACKETS, decode_payload, encode_payload

#: The document of revision 4, "HTTP long-polling"; its history, and engine.io-parser's, name the others.
EXAMPLES_V4: list[tuple[list[Frame], str]] = [
    (["4hello", "2", "4world"], "4hello\x1e2\x1e4world"),
    (["4hello", b"\x01\x02\x03\x04"], "4hello\x1ebAQIDBA=="),
    (["4€", b"\x01\x02\x03\x04"], "4€\x1ebAQIDBA=="),
    (["4test1", "4test2", "4test3"], "4test1\x1e4test2\x1e4test3"),
    (["6"], "6"),
    ([b""], "b"),
    (["4"], "4"),
    (["4b"], "4b"),
    ([b"\x1e"], "bHg=="),
]


@pytest.mark.parametrize(("frames", "payload"), EXAMPLES_V4)
@pytest.mark.parametrize("base64", [False, True])
def test_revision_4_is_written_as_its_document_says(frames: list[Frame], payload: str, base64: bool) -> None:
    assert encode_payload(frames, 4, base64) == payload


@pytest.mark.parametrize(("frames", "payload"), EXAMPLES_V4)
@pytest.mark.parametrize("is_binary", [False, True])
def test_revision_4_is_read_as_its_document_says(frames: list[Frame], payload: str, is_binary: bool) -> None:
    assert decode_payload(payload.encode(), 4, is_binary) == frames


#: The document of revision 3, "Payload", and the examples of engine.io-parser's notes on the change to revision 4.
EXAMPLES_V3: list[tuple[list[Frame], str]] = [
    (["4hello"], "6:4hello"),
    (["4hello", "4€€€"], "6:4hello4:4€€€"),
    (["4€"], "2:4€"),
    (["4hello", "4€", b"\x01\x02\x03\x04"], "6:4hello2:4€10:b4AQIDBA=="),
    (["2", "4\U0001f600"], "1:23:4\U0001f600"),
    (["4:", "41:2"], "2:4:4:41:2"),
    (["2probe"], "6:2probe"),
    ([b""], "2:b4"),
]

BINARY_V3: list[tuple[list[Frame], bytes]] = [
    (["4hello", b"\x01\x02\x03"], b"\x00\x06\xff4hello\x01\x04\xff\x04\x01\x02\x03"),
    (["4€", b"\x01\x02\x03\x04"], b"\x00\x04\xff4\xe2\x82\xac\x01\x05\xff\x04\x01\x02\x03\x04"),
    ([b"\xff" * 12], b"\x01\x01\x03\xff\x04" + b"\xff" * 12),
    ([b""], b"\x01\x01\xff\x04"),
]


def read_v3(body: bytes, *, is_binary: bool) -> list[Frame]:
    """Read a payload as a session of revision 3 does."""
    return [decode_frame_v3(one) for one in decode_payload(body, 3, is_binary)]


@pytest.mark.parametrize(("frames", "payload"), EXAMPLES_V3)
def test_revision_3_counts_characters_in_text(frames: list[Frame], payload: str) -> None:
    assert encode_payload(frames, 3, base64=True) == payload
    assert read_v3(payload.encode(), is_binary=False) == frames


@pytest.mark.parametrize(("frames", "payload"), BINARY_V3)
def test_revision_3_counts_bytes_in_binary(frames: list[Frame], payload: bytes) -> None:
    assert encode_payload(frames, 3, base64=False) == payload
    assert read_v3(payload, is_binary=True) == frames


@pytest.mark.parametrize(("frames", "payload"), [case for case in EXAMPLES_V3 if "b4" not in case[1]])
def test_revision_3_sends_text_as_text_to_a_client_that_takes_binary(frames: list[Frame], payload: str) -> None:
    assert encode_payload(frames, 3, base64=False) == payload


@pytest.mark.parametrize("base64", [False, True])
@pytest.mark.parametrize("revision", [3, 4])
def test_what_an_application_sends_can_be_written_whatever_characters_it_has(revision: int, base64: bool) -> None:
    """Half a surrogate pair: JSON may hold one, and JavaScript counts it as one character."""
    assert encode_payload(["4\ud800"], revision, base64)
    assert encode_payload(["4\ud800", b"\x01"], revision, base64)


BAD_V4 = [b"\xff", b"4\xe2\x82", b"4\xed\xa0\x80", b"bA", b"4hello\x1ebA", b"b-_==", b"bAQ ID", b"b\xe2\x82\xac"]

BAD_V3 = [
    b"",
    b":",
    b"4hello",
    b"6",
    b"6:",
    b"6:4hell",
    b"6:4hello7",
    b"6:4hello7:",
    b"-1:4",
    b"+1:4",
    b"1 :4",
    b" 1:4",
    b"0x1:4",
    b"1.0:4",
    b"1e0:4",
    b"\xd9\xa1:4",
    b"\xef\xbc\x91:4",
    b"\xc2\xb2:44",
    b"a:4",
    b"::",
    b"99999999999:4",
    b"00000000001:4",
    b"9999999999:4",
    b"2:\xf0\x9f\x98\x804",
    b"\xe3\xa8\x80\xe0\xa8\x80:4",
    b"1:\xff",
    b"6:4hello\x1e",
]

BAD_BINARY_V3 = [
    b"",
    b"\x00",
    b"\x00\xff",
    b"\x00\x01",
    b"\x00\x01\xff",
    b"\x00\x02\xff4",
    b"\x02\x01\xff4",
    b"\x00\x0a\xff4",
    b"\x00\x001\xff4",
    b"\x00\x01\xff4\x00",
    b"\x00\x01\xff\xff",
    b"\x00\x02\xff4\xe2",
    b"6:4hello",
    b"\x00" + b"\x00" * 10 + b"\x01\xff4",
    b"\x00" + b"\x09" * 10 + b"\xff4",
    b"\x00" + b"\x01" * 1_000,
]


@pytest.mark.parametrize(
    ("body", "revision", "is_binary"),
    [
        *((body, 4, False) for body in BAD_V4),
        *((body, 3, False) for body in BAD_V3),
        *((body, 3, True) for body in BAD_BINARY_V3),
    ],
)
def test_what_is_no_payload_is_refused(body: bytes, revision: int, is_binary: bool) -> None:
    with pytest.raises(RemoteEngineError) as refusal:
        decode_payload(body, revision, is_binary)
    assert refusal.value.code == BAD_REQUEST
    assert refusal.value.message == "Bad request"


@pytest.mark.parametrize("body", [b"", b"\x1e", b"4a\x1e", b"\x1e4a", b"4a\x1e\x1e4b"])
def test_an_empty_piece_of_revision_4_is_a_frame_that_is_no_packet(body: bytes) -> None:
    """The session finds it and ends (`packets.decode_frame`), as it does for an empty frame of a WebSocket."""
    assert "" in decode_payload(body, 4, is_binary=False)


def test_the_length_of_a_piece_may_have_zeros_in_front() -> None:
    assert decode_payload(b"0000000006:4hello", 3, is_binary=False) == ["4hello"]
    assert decode_payload(b"\x00\x00\x00\x06\xff4hello", 3, is_binary=True) == ["4hello"]


FULL = [
    (b"\x1e".join([b"2"] * MAX_PACKETS), b"\x1e", 4, False),
    (b"1:2" * MAX_PACKETS, b"", 3, False),
    (b"\x00\x01\xff2" * MAX_PACKETS, b"", 3, True),
]


@pytest.mark.parametrize(("body", "separator", "revision", "is_binary"), FULL, ids=["v4", "v3", "v3 binary"])
def test_the_number_of_packets_is_limited(body: bytes, separator: bytes, revision: int, is_binary: bool) -> None:
    assert len(decode_payload(body, revision, is_binary)) == MAX_PACKETS
    one = body[: len(body) // MAX_PACKETS] if not separator else b"2"
    with pytest.raises(RemoteEngineError):
        decode_payload(body + separator + one, revision, is_binary)


@pytest.mark.parametrize(
    ("piece", "revision", "is_binary"),
    [
        (b"\x1e", 4, False),
        (b"0:", 3, False),
        (b"\x00\x00\xff", 3, True),
        (b"b\x1e", 4, False),
        (b"\x01\x00\xff", 3, True),
    ],
)
def test_a_body_of_nothing_but_packets_takes_no_more_memory_than_a_few_times_itself(
    piece: bytes, revision: int, is_binary: bool
) -> None:
    body = piece * (1_000_000 // len(piece))
    tracemalloc.start()
    with pytest.raises(RemoteEngineError):
        decode_payload(body, revision, is_binary)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * len(body)
