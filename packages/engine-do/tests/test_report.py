import pytest

from engine_do.ids import EngineSid
from engine_do.report import UNSETTLED, Report, accept, is_settled, offer, restore, unsettled
from shared_wire import SessionsDigest, digest


def of(*sids: str) -> SessionsDigest:
    return digest(map(EngineSid, sids))


def test_before_anything_was_announced_nothing_needs_to_be_said() -> None:
    assert restore(None) == Report()
    assert is_settled(restore(None), of())
    assert not is_settled(restore(None), of("a"))


def test_what_was_stored_is_what_a_new_life_begins_with_and_nothing_is_on_its_way() -> None:
    report = restore(of("a").digest.hex())
    assert report.offered is None
    assert is_settled(report, of("a"))
    assert not is_settled(report, of())
    assert not is_settled(report, of("a", "b"))


def test_an_announcement_unsettles_every_set_of_sessions() -> None:
    for current in (of(), of("a"), of("a", "b")):
        assert not is_settled(unsettled(), current)
    assert unsettled().stored == UNSETTLED
    assert not is_settled(restore(UNSETTLED), of())


def test_no_fingerprint_reads_as_unsettled() -> None:
    assert of().digest.hex() != UNSETTLED
    assert len(of().digest.hex()) == 32


def test_an_offer_settles_nothing() -> None:
    offered = offer(unsettled(), of("a"))
    assert offered.stored == UNSETTLED
    assert not is_settled(offered, of("a"))


def test_the_acceptance_of_what_was_offered_settles() -> None:
    accepted = accept(offer(unsettled(), of("a")), of("a").digest)
    assert is_settled(accepted, of("a"))
    assert restore(accepted.stored) == Report(stored=accepted.stored)


@pytest.mark.parametrize(
    "report",
    [unsettled(), restore(UNSETTLED), offer(unsettled(), of("a", "b")), offer(unsettled(), of())],
    ids=["not offered", "offered by an older life", "offered anew with more", "offered anew with less"],
)
def test_another_acceptance_changes_nothing(report: Report) -> None:
    assert accept(report, of("a").digest) == report


def test_a_session_announced_after_the_offer_makes_its_acceptance_void() -> None:
    assert unsettled() == accept(unsettled(), of("a").digest)


def test_a_session_closed_after_the_offer_is_seen_by_the_next_sweep() -> None:
    accepted = accept(offer(unsettled(), of("a", "b")), of("a", "b").digest)
    assert not is_settled(accepted, of("a"))
    assert is_settled(accept(offer(accepted, of("a")), of("a").digest), of("a"))


def test_an_offer_keeps_what_was_accepted_before_it() -> None:
    accepted = accept(offer(unsettled(), of("a")), of("a").digest)
    assert offer(accepted, of()).stored == accepted.stored


def test_an_acceptance_counts_once() -> None:
    accepted = accept(offer(unsettled(), of("a")), of("a").digest)
    assert accepted.offered is None
    assert accept(accepted, of("a").digest) == accepted


def test_sockets_lost_without_a_word_leave_the_report_unsettled() -> None:
    accepted = accept(offer(unsettled(), of("a", "b")), of("a", "b").digest)
    after_abort = restore(accepted.stored)
    assert not is_settled(after_abort, of())
