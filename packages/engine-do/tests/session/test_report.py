from dataclasses import replace

import pytest

from engine_do.protocol.ids import EngineSid
from engine_do.session.report import UNSETTLED, Report, accept, is_settled, offer, restore, unsettled
from shared_wire import AcceptDigest, SessionsDigest, digest

MARK = 7


def sids(*names: str) -> list[EngineSid]:
    return [EngineSid(name) for name in names]


def stored(*names: str) -> str:
    return digest(sids(*names)).digest.hex()


def announced() -> Report:
    return unsettled(restore(None, MARK))


def offering(report: Report, *names: str) -> Report:
    return offer(report, sids(*names))[0]


def answer(offered: SessionsDigest) -> AcceptDigest:
    return AcceptDigest(offered.digest, offered.mark)


def accepting(report: Report, *names: str) -> Report:
    """Offer these sessions and have them accepted."""
    report, offered = offer(report, sids(*names))
    return accept(report, answer(offered))


def test_before_anything_was_announced_nothing_needs_to_be_said() -> None:
    report = restore(None, MARK)
    assert report == Report(stored=stored(), mark=MARK, offered=None)
    assert is_settled(report, sids())
    assert not is_settled(report, sids("a"))


def test_what_was_stored_is_what_a_new_life_begins_with_and_nothing_is_on_its_way() -> None:
    report = restore(stored("a"), MARK)
    assert (report.mark, report.offered) == (MARK, None)
    assert is_settled(report, sids("a"))
    assert not is_settled(report, sids())
    assert not is_settled(report, sids("a", "b"))


@pytest.mark.parametrize(
    "text", ["", "??", "0" * 7, "g" * 32, stored("a").upper(), f"{stored('a')}\n", f"2:{stored('a')}"]
)
def test_any_other_text_is_read_as_unsettled(text: str) -> None:
    report = restore(text, MARK)
    assert report == Report(stored=UNSETTLED, mark=MARK)
    assert not is_settled(report, sids("a"))


def test_what_was_stored_does_not_depend_on_the_mark() -> None:
    assert accepting(restore(UNSETTLED, 1), "a").stored == accepting(restore(UNSETTLED, 2), "a").stored == stored("a")


def test_the_order_of_the_sessions_does_not_matter() -> None:
    report = accepting(announced(), "a", "b")
    assert is_settled(report, sids("b", "a"))
    assert offer(report, sids("b", "a")) == offer(report, sids("a", "b"))


def test_sessions_may_come_as_any_iterable() -> None:
    report, offered = offer(announced(), iter(sids("a", "b")))
    assert offered.count == 2
    assert is_settled(accept(report, answer(offered)), iter(sids("a", "b")))


@pytest.mark.parametrize("current", [sids(), sids("a"), sids("a", "b")])
def test_an_announcement_unsettles_every_set_of_sessions(current: list[EngineSid]) -> None:
    assert not is_settled(announced(), current)
    assert not is_settled(unsettled(accepting(announced(), *current)), current)
    assert not is_settled(restore(UNSETTLED, MARK), current)


def test_an_announcement_changes_the_mark_each_time_and_takes_back_what_was_offered() -> None:
    report = offering(announced(), "a")
    assert report.offered is not None
    assert unsettled(report) == Report(stored=UNSETTLED, mark=report.mark + 1, offered=None)
    assert unsettled(unsettled(report)).mark == report.mark + 2


def test_no_fingerprint_reads_as_unsettled() -> None:
    assert announced().stored == UNSETTLED
    assert stored() != UNSETTLED
    assert len(stored()) == 32


def test_an_offer_carries_the_fingerprint_and_the_mark() -> None:
    report, offered = offer(restore(UNSETTLED, MARK), sids("a"))
    assert offered == digest(sids("a"), MARK)
    assert (offered.count, offered.mark) == (1, MARK)
    assert report == Report(stored=UNSETTLED, mark=MARK, offered=offered)


def test_an_offer_settles_nothing() -> None:
    report = offering(announced(), "a")
    assert report.stored == UNSETTLED
    assert not is_settled(report, sids("a"))


def test_the_acceptance_of_what_was_offered_settles() -> None:
    report = accepting(announced(), "a")
    assert is_settled(report, sids("a"))
    assert is_settled(restore(report.stored, MARK + 100), sids("a"))


OFFER = answer(digest(sids("a"), MARK))


@pytest.mark.parametrize(
    "report",
    [
        restore(UNSETTLED, MARK),
        restore(stored("a"), MARK),
        offering(restore(UNSETTLED, MARK), "a", "b"),
        offering(restore(UNSETTLED, MARK), "b"),
        offering(restore(UNSETTLED, MARK)),
        offering(restore(UNSETTLED, MARK + 1), "a"),
        offering(restore(UNSETTLED, 0), "a"),
        unsettled(offering(restore(UNSETTLED, MARK), "a")),
        offering(unsettled(offering(restore(UNSETTLED, MARK), "a")), "a"),
    ],
    ids=[
        "not offered",
        "accepted by an older life",
        "offered anew with more",
        "offered anew with others",
        "offered anew with less",
        "offered by an older life",
        "offered by a younger life",
        "announced since",
        "announced since, and offered again",
    ],
)
def test_another_acceptance_changes_nothing(report: Report) -> None:
    assert accept(report, OFFER) == report


def test_the_very_acceptance_counts_for_its_offer() -> None:
    report = accept(offering(restore(UNSETTLED, MARK), "a"), OFFER)
    assert report == Report(stored=stored("a"), mark=MARK, offered=None)


def test_an_offer_made_twice_without_an_announcement_is_one_offer() -> None:
    report = offering(offering(restore(UNSETTLED, MARK), "a"), "a")
    accepted = accept(report, OFFER)
    assert is_settled(accepted, sids("a"))
    assert accept(accepted, OFFER) == accepted


def test_a_session_closed_after_the_offer_is_seen_by_the_next_sweep() -> None:
    report = accepting(announced(), "a", "b")
    assert not is_settled(report, sids("a"))
    assert is_settled(accepting(report, "a"), sids("a"))


def test_an_offer_keeps_what_was_accepted_before_it() -> None:
    report = accepting(announced(), "a")
    assert offering(report) == replace(report, offered=digest((), report.mark))


def test_an_acceptance_counts_once_and_leaves_the_mark() -> None:
    report, offered = offer(announced(), sids("a"))
    accepted = accept(report, answer(offered))
    assert (accepted.offered, accepted.mark) == (None, report.mark)
    assert accept(accepted, answer(offered)) == accepted


def test_sockets_lost_without_a_word_leave_the_report_unsettled() -> None:
    report = accepting(announced(), "a", "b")
    after_abort = restore(report.stored, MARK + 100)
    assert not is_settled(after_abort, sids())
