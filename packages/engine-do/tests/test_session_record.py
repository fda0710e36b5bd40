"""`session.to_record` and `session.from_record`: what survives sleep."""

import json
from dataclasses import replace

import pytest

from engine_do.ids import EngineSid
from engine_do.session import SCHEMA, Phase, Session, from_record, to_record

ENVIRON = (("REQUEST_METHOD", "GET"), ("HTTP_X", 'quoted "text" \u20ac'))
OPEN = Session(engine_sid=EngineSid("s"), pinged_ms=1_000)
EARLY = Session(engine_sid=EngineSid("s"), pinged_ms=1_000, deadline_ms=46_000, environ=ENVIRON)
CLOSED = Session(engine_sid=EngineSid("s"), pinged_ms=1_000, phase=Phase.CLOSED)
AWAITING = Session(engine_sid=EngineSid("s"), pinged_ms=26_000, unanswered_ms=26_000)
OLD = Session(engine_sid=EngineSid("s"), pinged_ms=1_000, revision=3)
OLD_TEXT = Session(engine_sid=EngineSid("s"), pinged_ms=1_000, revision=3, base64=True, environ=ENVIRON)


@pytest.mark.parametrize("session", [OPEN, EARLY, CLOSED, AWAITING, OLD, OLD_TEXT])
def test_a_record_holds_a_session(session: Session) -> None:
    assert from_record(to_record(session)) == session


def test_a_record_is_one_byte_text_whatever_the_handshake_held() -> None:
    record = to_record(EARLY)
    assert record.isascii()
    assert json.loads(record)["engine-do"] == SCHEMA


#: Records as an object that slept through a deploy left them; never changed, only added to.
GOLDEN = [
    ('{"engine-do":1,"s":["s",1,1000,null,null,null,4,0]}', OPEN),
    (
        (
            '{"engine-do":1,"s":["s",1,1000,null,46000,'
            '[["REQUEST_METHOD","GET"],["HTTP_X","quoted \\"text\\" \\u20ac"]],4,0]}'
        ),
        EARLY,
    ),
    ('{"engine-do":1,"s":["s",2,1000,null,null,null,4,0]}', CLOSED),
    ('{"engine-do":1,"s":["s",1,26000,26000,null,null,4,0]}', AWAITING),
    ('{"engine-do":1,"s":["s",1,1000,null,null,null,3,0]}', OLD),
    ('{"engine-do":1,"s":["s",1,1000,null,null,null,3,1]}', replace(OLD, base64=True)),
]


@pytest.mark.parametrize(("record", "session"), GOLDEN)
def test_a_record_written_once_stays_readable(record: str, session: Session) -> None:
    assert from_record(record) == session


def test_a_record_of_another_layout_is_none() -> None:
    other = json.loads(to_record(EARLY)) | {"engine-do": SCHEMA + 1}
    assert from_record(json.dumps(other)) is None


def test_a_record_read_back_has_our_types() -> None:
    session = from_record(to_record(EARLY))
    assert session is not None
    assert isinstance(session.phase, Phase)
    assert isinstance(session.environ, tuple)
    assert all(isinstance(fact, tuple) for fact in session.environ)


@pytest.mark.parametrize(
    "record",
    [
        "",
        "null",
        "1",
        '"text"',
        "[]",
        "[1]",
        "{}",
        "not json",
        '{"engine-do":1}',
        '{"engine-do":2,"s":["s",1,0,null,null,null,4,0]}',
        '{"engine-do":"1","s":["s",1,0,null,null,null,4,0]}',
        '{"other":1,"s":["s",1,0,null,null,null,4,0]}',
        '{"engine-do":1,"s":null}',
        '{"engine-do":1,"s":[]}',
        '{"engine-do":1,"s":["s",1,0,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,null,4,0]}',
        to_record(OPEN)[:-1],
    ],
)
def test_a_record_of_somebody_elses_is_none(record: str) -> None:
    assert from_record(record) is None


@pytest.mark.parametrize(
    "record",
    [
        '{"engine-do":1,"s":["s",9,0,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",null,0,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,5,4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,["x"],4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,[["a"]],4,0]}',
        '{"engine-do":1,"s":[5,1,0,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,"0",null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,null,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,"x",null,null,4,0]}',
        '{"engine-do":1,"s":"abcdef"}',
        '{"engine-do":1,"s":["s",1,0,null,"x",null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,1.5,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,[],null,4,0]}',
        '{"engine-do":1,"s":["s",1,0.5,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,NaN,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,[["a","b","c"]],4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,[null],4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,2,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,5,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,"4",0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,null,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,[4],0]}',
        '{"engine-do":1.5,"s":["s",1,0,null,null,null,4,0]}',
        '{"engine-do":null,"s":["s",1,0,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,' + "9" * 5_000 + ",null,null,null,4,0]}",
        "[" * 5_000,
        '{"engine-do":1,"s":' + "[" * 5_000 + "]" * 5_000 + "}",
    ],
    ids=lambda record: str(record)[:44],
)
def test_a_record_with_our_name_and_other_content_is_none_too(record: str) -> None:
    assert from_record(record) is None
