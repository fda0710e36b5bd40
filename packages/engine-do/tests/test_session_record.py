"""`session.to_record` and `session.from_record`: what survives sleep."""

import json
from dataclasses import replace

import pytest

from engine_do.protocol.ids import EngineSid
from engine_do.session.session import SCHEMA, Phase, Session, Unreadable, from_record, read_record, to_record

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


def test_fields_that_a_later_release_appended_are_ignored() -> None:
    other = json.loads(to_record(EARLY))
    other = {**other, "engine-do": SCHEMA + 5, "s": [*other["s"], "route", ["east"], {"new": [1]}, None], "other": 7}
    assert read_record(json.dumps(other)) == replace(EARLY, route="route", peers=("east",))


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
        '{"other":1,"s":["s",1,0,null,null,null,4,0]}',
        '{"engine-d":1,"s":["s",1,0,null,null,null,4,0]}',
        '["engine-do"]',
        "[" * 5_000,
    ],
)
def test_a_record_of_somebody_elses_is_none(record: str) -> None:
    assert read_record(record) is from_record(record) is None


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
        '{"engine-do":1}',
        '{"engine-do":"1","s":["s",1,0,null,null,null,4,0]}',
        '{"engine-do":0,"s":["s",1,0,null,null,null,4,0]}',
        '{"engine-do":-1,"s":["s",1,0,null,null,null,4,0]}',
        '{"engine-do":true,"s":["s",1,0,null,null,null,4,0]}',
        '{"engine-do":1,"s":null}',
        '{"engine-do":1,"s":{}}',
        '{"engine-do":1,"s":[]}',
        '{"engine-do":1,"s":["",1,0,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",0,0,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",true,0,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,-1,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,1e300,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,9007199254740993,null,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,-1,null,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,-1,null,4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,"ab",4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,["ab"],4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,[[1,2]],4,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,4.0,0]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,4,2]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,4,"0"]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,4,0,"route"]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,4,0,5,[]]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,4,0,"","abc"]}',
        '{"engine-do":1,"s":["s",1,0,null,null,null,4,0,"",[5]]}',
        to_record(OPEN)[:-1],
        '{"engine-do":1,"s":' + "[" * 5_000 + "]" * 5_000 + "}",
    ],
    ids=lambda record: str(record)[:44],
)
def test_a_record_with_our_name_and_other_content_is_unreadable(record: str) -> None:
    assert isinstance(read_record(record), Unreadable)
    assert from_record(record) is None


def test_an_unreadable_record_names_its_session_where_it_can() -> None:
    assert read_record('{"engine-do":9,"s":["s",7,0,null,null,null,4,0]}') == Unreadable(EngineSid("s"))
    assert read_record('{"engine-do":9,"s":[7]}') == Unreadable(None)
    assert read_record('{"engine-do":9,"s":[""]}') == Unreadable(None)
    assert read_record('{"engine-do":9,"s":["s"') == Unreadable(None)
