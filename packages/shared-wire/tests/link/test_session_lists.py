from itertools import pairwise

import pytest

from shared_wire.format.operations import EngineSid, SessionsRange
from shared_wire.link.session_lists import PIECE, digest, ranges


def sids(count: int) -> list[EngineSid]:
    return [EngineSid(f"{number:06}") for number in range(count)]


def test_the_order_of_sessions_does_not_matter() -> None:
    assert digest(sids(5)) == digest(reversed(sids(5)))


def test_a_digest_counts_and_is_16_bytes() -> None:
    fingerprint = digest(sids(5))
    assert fingerprint.count == 5
    assert len(fingerprint.digest) == 16


def test_a_mark_tells_two_offers_of_one_fingerprint_apart() -> None:
    assert digest(sids(5)).mark == 0
    assert digest(sids(5), 7) != digest(sids(5), 8)
    assert digest(sids(5), 7).digest == digest(sids(5), 8).digest


def test_the_fingerprint_is_pinned_because_two_releases_compare_it() -> None:
    assert digest([]).digest.hex() == "cae66941d9efbd404e4d88758ea67670"
    assert digest([EngineSid("b"), EngineSid("a")]).digest.hex() == "0c84cf75ee142f818515ab54bd107d86"


@pytest.mark.parametrize(
    ("one", "other"),
    [(["a"], ["b"]), (["a"], []), (["a", "b"], ["ab"]), (["a", "b", "c"], ["a", "b"]), ([""], [])],
)
def test_different_sets_have_different_fingerprints(one: list[str], other: list[str]) -> None:
    assert digest(map(EngineSid, one)) != digest(map(EngineSid, other))


def test_no_sessions_still_make_one_piece_over_everything() -> None:
    assert list(ranges([])) == [SessionsRange("", "", ())]


def test_few_sessions_make_one_piece_over_everything() -> None:
    assert list(ranges([EngineSid("b"), EngineSid("a")])) == [SessionsRange("", "", (EngineSid("a"), EngineSid("b")))]


@pytest.mark.parametrize("count", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1])
def test_pieces_meet_without_a_gap_and_cover_every_sid(count: int) -> None:
    pieces = list(ranges(sids(count)))
    assert [sid for piece in pieces for sid in piece.engine_sids] == sids(count)
    assert all(1 <= len(piece.engine_sids) <= PIECE for piece in pieces)
    assert pieces[0].after == ""
    assert pieces[-1].until == ""
    for piece, following in pairwise(pieces):
        assert piece.until == following.after == piece.engine_sids[-1]


def test_every_sid_lies_in_the_range_of_its_piece() -> None:
    for piece in ranges(reversed(sids(2 * PIECE + 5))):
        assert all(piece.after < sid and (not piece.until or sid <= piece.until) for sid in piece.engine_sids)


def test_pieces_are_cut_by_value_not_by_the_order_given() -> None:
    shuffled = sids(PIECE + 3)[::-1]
    assert list(ranges(shuffled)) == list(ranges(sids(PIECE + 3)))
