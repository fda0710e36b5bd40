from hypothesis import given
from wire_strategies import frames, sid_sets

from shared_wire import EngineSid, Frame, decode, digest, encode, ranges


@given(frames())
def test_a_frame_reads_as_it_was_written(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


@given(frames(), frames())
def test_different_frames_are_written_differently(one: Frame, other: Frame) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@given(sid_sets)
def test_pieces_hold_each_session_once_and_each_sid_has_one_place(sids: set[EngineSid]) -> None:
    pieces = list(ranges(sids))
    assert [sid for piece in pieces for sid in piece.engine_sids] == sorted(sids)
    for sid in sids:
        places = [piece for piece in pieces if piece.after < sid and (not piece.until or sid <= piece.until)]
        assert [sid in piece.engine_sids for piece in places] == [True]


@given(sid_sets, sid_sets)
def test_fingerprints_are_equal_exactly_when_the_sets_are(one: set[EngineSid], other: set[EngineSid]) -> None:
    assert (digest(one) == digest(other)) == (one == other)
