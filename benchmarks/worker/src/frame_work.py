"""The work that is measured: a frame of 100 operations, written and read. Runs on the host and in workerd."""

from shared_wire import Call, EngineSid, Life, MessageReceived, SendPackets, decode, encode

__all__ = ["OPERATIONS", "run"]

OPERATIONS = 100


def run(rounds: int) -> int:
    """Encode and decode the frame so often; returns the bytes of all."""
    sids = [EngineSid(f"{number:022d}e0") for number in range(OPERATIONS // 2)]
    up = [MessageReceived(sid, '42["say",{"room":"lobby","text":"good morning"}]') for sid in sids]
    down = [SendPackets((sid,), ('2["said",{"from":"ann","text":"good morning"}]',)) for sid in sids]
    call = Call(
        sender="e0",
        sender_life=Life(1, 2),
        receiver_life=Life(3, 4),
        attempt=1,
        seq=5,
        lowest_unconfirmed=5,
        received=6,
        operations=(*up, *down),
    )
    total = 0
    for _ in range(rounds):
        data = encode(call)
        total += len(data)
        if decode(data) != call:
            raise AssertionError("not what was written")
    return total
