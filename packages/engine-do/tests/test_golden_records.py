"""What this release and a later one write into attachments, rows and stored reports: `golden/`, a name and a text in each line.

Texts are never changed, only added to: sockets stay open across deploys, so each release meets what its neighbours wrote.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from engine_do.protocol.ids import EngineSid
from engine_do.session.polling import Polling, polling_from_record, polling_to_record
from engine_do.session.report import UNSETTLED, Report, accept, offer, restore, unsettled
from engine_do.session.session import Phase, Session, read_record, to_record
from shared_wire import AcceptDigest

GOLDEN = Path(__file__).parent / "golden"

ENVIRON = (("REQUEST_METHOD", "GET"), ("HTTP_X", 'quoted "text" \u20ac'))
OPEN = Session(engine_sid=EngineSid("r4nd0m-east"), pinged_ms=1_790_000_000_000)
PENDING = replace(OPEN, environ=ENVIRON, deadline_ms=1_790_000_045_000)
OLD = replace(OPEN, revision=3)

SESSIONS = {
    "open": OPEN,
    "pending": PENDING,
    "unanswered": replace(OPEN, unanswered_ms=1_790_000_025_000),
    "closed": replace(OPEN, phase=Phase.CLOSED),
    "routed": replace(OPEN, route="a,b", peers=("main", "chat/1")),
    "routed, pending": replace(PENDING, route="", peers=("main",)),
    "routed, not announced": replace(PENDING, route="a"),
    "revision 3": OLD,
    "revision 3, pending": replace(OLD, environ=ENVIRON, deadline_ms=1_790_000_045_000),
    "revision 3, base64": replace(OLD, base64=True),
    "revision 3, routed": replace(OLD, route="a", peers=("main",)),
}

POLLINGS = {
    "idle": Polling(session=OPEN, address="192.0.2.7"),
    "pending": Polling(session=PENDING, address="2001:db8::7"),
    "text and binary wait": Polling(session=OPEN, address="192.0.2.7", outbox=("4a", b"\x01\xff", '4"\u20ac')),
    "an answer was made": Polling(session=OPEN, outbox=("4a", b"\x01", "4b"), drained=2, drained_by="g1"),
    "revision 3": Polling(session=SESSIONS["revision 3, base64"], address="192.0.2.7", outbox=("4a",)),
    "routed": Polling(session=SESSIONS["routed"], address="192.0.2.7"),
}


def settled(*names: str) -> Report:
    report, offered = offer(unsettled(restore(None, 7)), map(EngineSid, names))
    return accept(report, AcceptDigest(offered.digest, offered.mark))


REPORTS = {
    "nothing": settled(),
    "one": settled("r4nd0m-east"),
    "several": settled("r4nd0m-east", "another-east"),
    "unsettled": unsettled(restore(None, 7)),
}


def golden(name: str) -> dict[str, str]:
    """Read a file: a name, a tab and a text in each line."""
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def test_this_release_writes_the_golden_texts() -> None:
    """Where this fails the layout has changed: append fields only, raise `SCHEMA`, and add files."""
    assert {name: to_record(session) for name, session in SESSIONS.items()} == golden("attachments_1.txt")
    assert {name: polling_to_record(polling) for name, polling in POLLINGS.items()} == golden("rows_1.txt")
    assert {name: report.stored for name, report in REPORTS.items()} == golden("reports_1.txt")


@pytest.mark.parametrize("file", ["attachments_1.txt", "attachments_later.txt"])
@pytest.mark.parametrize("name", SESSIONS)
def test_an_attachment_is_read(file: str, name: str) -> None:
    assert read_record(golden(file)[name]) == SESSIONS[name]


@pytest.mark.parametrize("file", ["rows_1.txt", "rows_later.txt"])
@pytest.mark.parametrize("name", POLLINGS)
def test_a_row_is_read(file: str, name: str) -> None:
    assert polling_from_record(golden(file)[name]) == POLLINGS[name]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_read(name: str) -> None:
    assert restore(golden("reports_1.txt")[name], 7).stored == REPORTS[name].stored


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_a_later_release_is_unsettled(name: str) -> None:
    assert restore(golden("reports_later.txt")[name], 7).stored == UNSETTLED
