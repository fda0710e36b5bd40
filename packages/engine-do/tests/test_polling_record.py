"""`polling_to_record`, `polling_from_record`, `must_store`: what a reset takes, and what it must not."""

import json
from dataclasses import replace

import pytest

from engine_do.protocol.ids import EngineSid
from engine_do.session.polling import Polling, must_store, polling_from_record, polling_to_record
from engine_do.session.session import Phase, Session, to_record

OPEN = Session(engine_sid=EngineSid("s"), pinged_ms=1_000)
IDLE = Polling(session=OPEN, address="192.0.2.7")
DRAINED = replace(IDLE, outbox=("4a", b"\x01", '4"\u20ac'), drained=2, drained_by="g1")
SESSION = r'"{\"engine-do\":1,\"s\":[\"s\",1,1000,null,null,null,4,0]}"'

#: Rows as a reset object left them; never changed, only added to.
GOLDEN = [
    (f'[{SESSION},[],0,"","192.0.2.7"]', IDLE),
    (rf'[{SESSION},["4a",["AQ=="],"4\"\u20ac"],2,"g1","192.0.2.7"]', DRAINED),
]


@pytest.mark.parametrize(("record", "polling"), GOLDEN)
def test_a_row_written_once_stays_readable(record: str, polling: Polling) -> None:
    assert polling_from_record(record) == polling
    assert polling_to_record(polling) == record


def test_fields_that_a_later_release_appended_are_ignored() -> None:
    assert polling_from_record(json.dumps([*json.loads(polling_to_record(DRAINED)), {"new": 1}, None])) == DRAINED


def test_the_requests_under_way_do_not_survive() -> None:
    busy = replace(DRAINED, held="g2", posting=True, probe_ms=5, probed=True)
    assert polling_from_record(polling_to_record(busy)) == DRAINED


BAD_OUTBOXES: list[object] = [None, 5, "ab", [5], [None], [[]], [[5]], [["A"]], [["AQ==", "AQ=="]], [{}]]
BAD_ROWS: list[object] = [
    None,
    5,
    True,
    "text",
    [],
    {},
    [1, 2, 3, 4, 5],
    [None, [], 0, "", ""],
    ["x", [], 0, "", ""],
    [to_record(OPEN), [], 0, ""],
    *([to_record(OPEN), outbox, 0, "", ""] for outbox in BAD_OUTBOXES),
    *([to_record(OPEN), [], drained, "", ""] for drained in (None, "0", [0], -1, 1, True, 1e300)),
    [to_record(OPEN), [], 0, None, ""],
    [to_record(OPEN), [], 0, "", None],
]


@pytest.mark.parametrize(
    "record",
    ["", "not json", "[" * 5_000, to_record(OPEN), *map(json.dumps, BAD_ROWS)],
    ids=lambda record: str(record)[-40:],
)
def test_a_row_that_is_not_ours_is_none(record: str) -> None:
    assert polling_from_record(record) is None


STORED = [
    ("nothing happened", IDLE, IDLE, False),
    ("a GET is held", IDLE, replace(IDLE, held="g1"), False),
    ("a POST runs", IDLE, replace(IDLE, posting=True), False),
    ("a WebSocket probes", IDLE, replace(IDLE, probe_ms=5, probed=True), False),
    ("something waits", IDLE, replace(IDLE, outbox=("4a",)), True),
    (
        "an answer was made",
        replace(IDLE, outbox=("4a",)),
        replace(IDLE, outbox=("4a",), drained=1, drained_by="g1"),
        True,
    ),
    ("the answer arrived", DRAINED, replace(DRAINED, outbox=DRAINED.outbox[2:], drained=0), False),
    ("the answer arrived, more waits", DRAINED, replace(DRAINED, outbox=(*DRAINED.outbox[2:], "4"), drained=0), True),
    ("the answer to a GET was a noop", IDLE, replace(IDLE, drained_by="g1"), False),
    ("the same again, in the answer to another GET", DRAINED, replace(DRAINED, drained_by="g2"), True),
    ("the session changed", IDLE, replace(IDLE, session=replace(OPEN, pinged_ms=5)), True),
    ("the session ended", DRAINED, replace(DRAINED, session=replace(OPEN, phase=Phase.CLOSED)), True),
    ("the answer arrived and the session changed", DRAINED, replace(IDLE, session=replace(OPEN, pinged_ms=5)), True),
]


@pytest.mark.parametrize(("before", "after", "stored"), [row[1:] for row in STORED], ids=[row[0] for row in STORED])
def test_a_row_is_written_when_a_reset_would_lose_something_and_not_otherwise(
    before: Polling, after: Polling, stored: bool
) -> None:
    assert must_store(before, after) is stored
