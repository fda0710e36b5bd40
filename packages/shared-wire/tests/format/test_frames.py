import dataclasses

import pytest

from shared_wire.format.frames import Call, Life, Refusal, Reply

CALL = Call(
    sender="engine",
    sender_life=Life(1, 2),
    receiver_life=None,
    attempt=1,
    seq=1,
    lowest_unconfirmed=1,
    received=0,
)
REPLY = Reply(
    sender="socket",
    sender_life=Life(3, 4),
    receiver_life=Life(1, 2),
    attempt=1,
    seq=0,
    lowest_unconfirmed=1,
    received=1,
)


def test_lives_are_ordered_by_start_then_by_chance() -> None:
    assert Life(1, 9) < Life(2, 0)
    assert Life(1, 1) < Life(1, 2)
    assert Life(1, 1) == Life(1, 1)
    assert sorted([Life(2, 0), Life(1, 9), Life(1, 1)]) == [Life(1, 1), Life(1, 9), Life(2, 0)]


def test_a_life_prints_as_its_nonce_alone() -> None:
    assert str(Life(1_700_000_000_000, 0xAB)) == "00000000000000ab"
    assert str(Life(0, 2**64 - 1)) == "f" * 16


def test_the_numbers_of_refusals_are_pinned() -> None:
    assert {refusal.name: refusal.value for refusal in Refusal} == {
        "NEW_LIFE": 1,
        "OLD_SENDER": 2,
        "UNREADABLE": 3,
        "OVERLOADED": 4,
    }


def test_a_frame_carries_nothing_unless_told() -> None:
    assert (CALL.operations, CALL.changes) == ((), ())
    assert (REPLY.operations, REPLY.changes) == ((), ())
    assert REPLY.refusal is None


@pytest.mark.parametrize("frame", [CALL, REPLY])
def test_frames_are_values(frame: Call | Reply) -> None:
    assert dataclasses.replace(frame) == frame
    assert hash(dataclasses.replace(frame)) == hash(frame)
    assert dataclasses.replace(frame, seq=9) != frame
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.seq = 2  # type: ignore[misc]


def test_a_call_and_a_reply_are_never_equal() -> None:
    fields = {field.name: getattr(CALL, field.name) for field in dataclasses.fields(CALL)}
    frames: list[Call | Reply] = [CALL, Reply(**fields)]
    assert frames[0] != frames[1]
