"""`docs/values.md`: each row of its tables, held against the code. What is read here is read by PyPI's msgpack and by `json`."""

import datetime as dt
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgpack
import pytest
from server_fakes import World, finish
from socketio.packet import Packet

from socketio_do import NestingError
from socketio_do.protocol.encoding import encode_packet
from socketio_do.protocol.extension import Extension
from socketio_do.protocol.serializers import choose_serializer
from socketio_do.state.acks import ACK_IDS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "values.md").read_text(encoding="utf-8")
EVENT = 2


def nested(depth: int) -> Any:
    return [] if depth == 1 else [nested(depth - 1)]


def endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


#: By the row that says so: a value, what is sent as JSON, and what is read from msgpack; a class is what is raised.
SENT: list[tuple[str, Any, Any, Any]] = [
    ("text", "Grüße 😀", '"Grüße 😀"', "Grüße 😀"),
    ("half of a character", "\ud800", r'"\ud800"', "\ufffd"),
    ("two halves that make one", "\ud83d\ude00", '"😀"', "😀"),
    ("whole number of up to 64 bits", 2**64 - 1, "18446744073709551615", 2**64 - 1),
    ("whole number of up to 64 bits", -(2**63), "-9223372036854775808", -(2**63)),
    ("whole number beyond 64 bits", 2**64, "18446744073709551616", ValueError),
    ("whole number of more than 4,300 digits", 10**4_300, ValueError, ValueError),
    ("fraction", [0.1, 1e-7, 1.0], "[0.1,1e-07,1.0]", [0.1, 1e-7, 1.0]),
    ("NaN, Infinity", [float("nan"), float("inf"), float("-inf")], "[null,null,null]", [None, None, None]),
    ("`True`, `False`, `None`", [True, False, None], "[true,false,null]", [True, False, None]),
    ("list, tuple", [(1, (2,)), []], "[[1,[2]],[]]", [[1, [2]], []]),
    ("dict", {"z": 1, "a": 2}, '{"z":1,"a":2}', {"z": 1, "a": 2}),
    (
        "keys: whole numbers",
        {1: 0, 1.5: 0, False: 0, None: 0},
        '{"1":0,"1.5":0,"false":0,"null":0}',
        {"1": 0, "1.5": 0, "false": 0, "null": 0},
    ),
    ("other keys", {(1, 2): 0}, TypeError, TypeError),
    ("other keys", {b"a": 0}, TypeError, TypeError),
    ("`bytes`, `bytearray`", bytearray(b"\xff"), '{"_placeholder":true,"num":0}', b"\xff"),
    ("`memoryview`, `datetime`", memoryview(b"a"), TypeError, TypeError),
    ("`memoryview`, `datetime`", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), TypeError, TypeError),
    ("`memoryview`, `datetime`", {1}, TypeError, TypeError),
    ("`memoryview`, `datetime`", Decimal(1), TypeError, TypeError),
    ("`memoryview`, `datetime`", object(), TypeError, TypeError),
    ("`Extension`", Extension(5, b"ab"), TypeError, msgpack.ExtType(5, b"ab")),
    ("more than 100 lists", nested(101), NestingError, NestingError),
    ("more than 100 lists", endless(), NestingError, NestingError),
]


def sent(serializer: str, value: Any) -> tuple[str | bytes, ...]:
    packet_class, _ = choose_serializer(serializer)
    packet: Packet = packet_class(EVENT, data=["said", value], namespace="/")
    return encode_packet(packet)


@pytest.mark.parametrize(("row", "value", "as_json", "as_msgpack"), SENT, ids=[row for row, *_ in SENT])
def test_a_value_is_sent_as_its_row_says(row: str, value: Any, as_json: Any, as_msgpack: Any) -> None:
    assert f"\n| {row}" in DOCUMENT
    if isinstance(as_json, str):
        text, *attachments = sent("default", value)
        assert str(text).endswith(f'["said",{as_json}]')
        assert len(attachments) == isinstance(value, bytearray)
        json.loads(str(text)[str(text).index("[") :], parse_constant=pytest.fail)
    else:
        with pytest.raises(as_json):
            sent("default", value)
    if isinstance(as_msgpack, type) and issubclass(as_msgpack, Exception):
        with pytest.raises(as_msgpack):
            sent("msgpack", value)
    else:
        (message,) = sent("msgpack", value)
        assert msgpack.unpackb(message)["data"] == ["said", as_msgpack]


def test_every_row_of_what_is_sent_is_tested() -> None:
    table = DOCUMENT.partition("## What you send")[2].partition("##")[0]
    rows = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)[1:]
    assert [row for row in rows if not any(row.startswith(name) for name, *_ in SENT)] == []
    assert len(rows) > 15


def test_what_a_server_says_of_itself_fits_into_the_types_of_other_languages() -> None:
    world = World()

    @world.sio.on("nothing")
    async def nothing(sid: str) -> None:
        """Answer without a value."""

    world.open("e1")
    world.receive("e1", "0")
    (connected,) = world.take("e1")
    assert re.fullmatch(r'0\{"sid":"[\w-]{20,40}"\}', str(connected))
    sid = json.loads(str(connected)[1:])["sid"]
    finish(world.sio.emit("asked", (b"x", {"z": 1, "a": "\x01"}), to=sid, callback=print))
    asked, _ = world.take("e1")
    number = int(str(asked).partition("-")[2].partition("[")[0])
    assert 0 <= number < ACK_IDS == 2**30
    assert asked == f'51-{number}["asked",{{"_placeholder":true,"num":0}},{{"z":1,"a":"\\u0001"}}]'
    world.receive("e1", '27["nothing"]', "0/none,")
    assert world.take("e1") == ["37[]", '4/none,{"message":"Invalid namespace"}']
