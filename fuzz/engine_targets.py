"""What engine-do reads: frames, payloads, requests, and what other releases stored."""

from pathlib import Path
from random import Random
from typing import Any, Final

from engine_do.config import EngineConfig
from engine_do.errors import RemoteEngineError
from engine_do.http_request import HttpRequest, read_headers
from engine_do.protocol.packets import Frame, decode_frame, decode_frame_v3, encode_frame_v3
from engine_do.protocol.payloads import decode_payload, encode_payload
from engine_do.requests.admission import Handshake, Transport, actor_for, admit, is_engine_path
from engine_do.requests.handshake import MAX_ENVIRON, make_environ
from engine_do.requests.headers import answer_headers, choose_encoding, preflight_headers
from engine_do.session.polling import Polling, polling_from_record, polling_to_record
from engine_do.session.report import UNSETTLED, is_settled, restore
from engine_do.session.session import Session, Unreadable, read_record, to_record
from fuzz.engine_events import SEQUENCES, any_events, step_polls, step_session
from fuzz.grammar import any_json, any_packet, any_payload, any_polling_record, any_record, any_request
from fuzz.inputs import Target
from fuzz.mutations import BYTES, TEXT
from fuzz.sequences import fill, many, message_of

__all__ = ["TARGETS"]

_GOLDEN: Final = Path(__file__).resolve().parents[1] / "packages" / "engine-do" / "tests" / "golden"

_CONFIGS: Final = (
    EngineConfig(path="/socket.io/"),
    EngineConfig(path="/socket.io/", allow_eio3=True, actors=7, cors_allowed_origins=["https://a.example", "null"]),
    EngineConfig(path="/socket.io/", transports=["websocket"], cors_allowed_origins="*", compression_threshold=1),
)
_HOST: Final = "https://h.example"


def _examples(*names: str) -> tuple[str, ...]:
    lines = (line for name in names for line in (_GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines())
    return tuple(line.partition("\t")[2] for line in lines)


def _check_record(session: Session | Unreadable | None) -> str:
    if isinstance(session, Session):
        assert read_record(to_record(session)) == session, f"{session!r:.200} is stored as something else"
    else:
        assert session is None or isinstance(session, Unreadable), f"read as {session!r:.200}"
    return type(session).__name__


def _check_polling(polling: Polling | None) -> str:
    if polling is None:
        return "None"
    assert isinstance(polling, Polling), f"read as {polling!r:.200}"
    assert polling_from_record(polling_to_record(polling)) == polling, f"{polling!r:.200} is stored as something else"
    return "Polling"


def _read_payload(data: bytes) -> tuple[list[Frame], int, bool]:
    kind, body = data[:1], data[1:]
    revision, is_binary = ((4, False), (3, False), (3, True))[kind[0] % 3 if kind else 0]
    return decode_payload(body, revision, is_binary), revision, is_binary


def _check_payload(read: tuple[list[Frame], int, bool]) -> str:
    frames, revision, is_binary = read
    if is_binary:
        return "revision 3 in bytes"
    written = encode_payload(frames, revision, base64=True)
    assert isinstance(written, str), "text is written as bytes"
    assert decode_payload(written.encode(), revision, is_binary=False) == frames, f"written as {written!r:.200}"
    return f"revision {revision}"


def _read_frame(data: bytes) -> str:
    frame: Frame = message_of(data[0] if data else 0, data[1:])
    found = ["4", "3"]
    try:
        decode_frame(frame)
    except RemoteEngineError:
        found[0] = "not 4"
    try:
        packet = decode_frame_v3(frame)
    except RemoteEngineError:
        found[1] = "not 3"
    else:
        for base64 in (True, False):
            assert decode_frame_v3(encode_frame_v3(packet, base64)) == packet, (
                f"{packet!r:.200} is written as something else"
            )
    return ", ".join(found)


def _serve(text: str) -> str:
    """Serve a request as `route` does: what is no URL of the engine goes no further. What begins with no slash is a query."""
    head, *lines = text.split("\n")
    method, _, target = head.partition(" ")
    if not target.startswith("/"):
        target = "/socket.io/?" + target
    pairs = (line.partition(": ") for line in lines[:100])
    headers = {name.lower(): value for name, _, value in pairs}
    request = HttpRequest(method=method, url=_HOST + target, headers=headers, remote_address="192.0.2.7")
    return ", ".join({_serve_by(request, config) for config in _CONFIGS})


def _serve_by(request: HttpRequest, config: EngineConfig) -> str:
    if not is_engine_path(request.url, config):
        return "404"
    preflight_headers(request, config)
    answer_headers(request, config, "text/plain")
    choose_encoding(request, 10_000, config)
    request.declares_more_than(config.max_payload)
    try:
        target = admit(request, config)
        if isinstance(target, Handshake):
            environ = make_environ(request, target.transport, ("cookie",))
            assert sum(len(name) + len(value) for name, value in environ) <= MAX_ENVIRON, (
                "too much is kept of a handshake"
            )
            assert isinstance(target.transport, Transport)
        else:
            assert actor_for(target.engine_sid, config), "a session of nobody"
    except RemoteEngineError as error:
        return str(error.code)
    return type(target).__name__


def _read_headers(text: str) -> str:
    """Read headers. The shell writes them as an object; what stands in it is the client's."""
    if not text.startswith("{"):
        return "no object"
    read_headers(text)
    return "headers"


def _restore(text: str) -> str:
    report = restore(text, 7)
    assert report.stored == UNSETTLED or report.stored == text, f"restored as {report.stored!r:.200}"
    return "unsettled" if report.stored == UNSETTLED else "nothing" if is_settled(report, ()) else "digest"


def _any_frame(chance: Random) -> bytes:
    data = any_packet(chance).encode("utf-8", "surrogatepass")
    head = (b"4", b"b4", b"\x04", b"2", b"")[int(5 * chance.random())]
    return bytes([int(2 * chance.random())]) + head + data


_RECORD: Final = '{"engine-do":1,"s":["r4nd0m-e0",1,1790000000000,null,null,[["HTTP_A","'
_REST: Final = "]],4,0]}"

TARGETS: Final[tuple[Target[Any], ...]] = (
    Target(
        name="records",
        material=TEXT,
        examples=_examples("attachments_1", "attachments_later"),
        make=any_record,
        read=read_record,
        check=_check_record,
        harmless=(many(_RECORD, "x", '"' + _REST), many(_RECORD + '"', ',["HTTP_B","b"]', _REST)),
    ),
    Target(
        name="polling-records",
        material=TEXT,
        examples=_examples("rows_1", "rows_later"),
        make=any_polling_record,
        read=polling_from_record,
        check=_check_polling,
        harmless=(
            many('["{\\"engine-do\\":1,\\"s\\":[\\"s\\",1,1,null,null,null,4,0]}",["', "x", '"],0,"","192.0.2.7"]'),
            many(
                '["{\\"engine-do\\":1,\\"s\\":[\\"s\\",1,1,null,null,null,4,0]}",["4a"', ',"4b"', '],0,"","192.0.2.7"]'
            ),
        ),
    ),
    Target(
        name="payloads",
        material=BYTES,
        examples=(
            b"\x004a\x1e4b",
            b"\x00bAQ==\x1e2",
            b"\x012:4a3:4\xe2\x82\xacb",
            b"\x02\x00\x02\xff4a\x01\x03\xff\x04ab",
            b"\x0110:4123456789",
        ),
        make=any_payload,
        read=_read_payload,
        refusals=(RemoteEngineError,),
        check=_check_payload,
        harmless=(
            fill(b"\x004", b"x"),
            fill(b"\x004a", b"\x1e4b"),
            fill(b"\x01", b"2:4a"),
            fill(b"\x02", b"\x00\x02\xff4a"),
        ),
    ),
    Target(
        name="engine-frames",
        material=BYTES,
        examples=(b"\x0042[1]", b"\x01\x04abc", b"\x00b4AQID", b"\x002probe", b"\x005", b"\x003"),
        make=_any_frame,
        read=_read_frame,
        harmless=(fill(b"\x004", b"x"), fill(b"\x00b4", b"AAAA")),
    ),
    Target(
        name="sessions",
        scale=0.1,
        every=2,
        material=BYTES,
        examples=SEQUENCES,
        make=any_events,
        read=step_session,
        harmless=(fill(b"\x00\x004", b"x"), fill(b"\x00", b'\x0042["a"]\xff')),
    ),
    Target(
        name="polls",
        scale=0.1,
        every=4,
        material=BYTES,
        examples=SEQUENCES,
        make=any_events,
        read=step_polls,
        harmless=(fill(b"\x00\x004", b"x"), fill(b"\x00", b'\x0042["a"]\xff'), fill(b"\x00\x07\x00", b"4a\x1e")),
    ),
    Target(
        name="requests",
        material=TEXT,
        examples=(
            "GET EIO=4&transport=polling\naccept-encoding: gzip\norigin: https://h.example\ncookie: a=b",
            "GET EIO=4&transport=websocket\nupgrade: websocket\nuser-agent: x",
            "POST EIO=4&transport=polling&sid=" + "r" * 22 + "e0\ncontent-length: 12",
            "GET EIO=3&transport=polling&b64=1&sid=" + "r" * 22 + "v3-6",
            "OPTIONS EIO=4&transport=polling\norigin: null\naccess-control-request-headers: x-a",
        ),
        make=any_request,
        read=_serve,
        harmless=(
            many("GET EIO=4&transport=polling&t=", "x"),
            many("GET EIO=4&transport=polling&t=1", "\nx-header: value"),
            many("GET EIO=4&transport=polling&t=", "%E2%82%AC"),
        ),
    ),
    Target(
        name="headers",
        material=TEXT,
        examples=('{"host":"h.example","cookie":"a=b","x-a":"\\u20ac"}', "{}"),
        make=any_json,
        read=_read_headers,
        refusals=(RemoteEngineError,),
        harmless=(many('{"a":"', "x", '"}'), many('{"a":["\\n"', ',{"a":1}', "]}")),
    ),
    Target(
        name="reports",
        material=TEXT,
        examples=_examples("reports_1", "reports_later"),
        make=lambda chance: f"{int(2**128 * chance.random()):032x}"[: int(40 * chance.random())],
        read=_restore,
        harmless=(many("", "a"),),
    ),
)
