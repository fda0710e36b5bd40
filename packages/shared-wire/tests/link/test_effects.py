import dataclasses

import pytest

from shared_wire.format.frames import Life, Reply
from shared_wire.format.operations import EngineSid, MessageReceived
from shared_wire.link.effects import Deliver, Effect, Lose, SendReply

X = EngineSid("x")
REPLY = Reply(
    sender="socket",
    sender_life=Life(1, 1),
    receiver_life=None,
    attempt=1,
    seq=0,
    lowest_unconfirmed=1,
    received=0,
)

EFFECTS: list[Effect] = [Deliver(Life(1, 1), 1, (MessageReceived(X, "m"),)), Lose((X,)), SendReply(REPLY)]


@pytest.mark.parametrize("effect", EFFECTS)
def test_effects_are_values_without_a_dict(effect: Effect) -> None:
    assert dataclasses.replace(effect) == effect
    assert hash(dataclasses.replace(effect)) == hash(effect)
    assert not hasattr(effect, "__dict__")
