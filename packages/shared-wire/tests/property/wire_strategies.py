"""Strategies for every value that a frame can carry, and for bytes that nearly are one."""

from typing import Any

from hypothesis import strategies as st

from shared_wire import (
    AcceptDigest,
    AdmitSessions,
    Call,
    CloseSessions,
    EngineSid,
    Frame,
    Life,
    ListSessions,
    MessageReceived,
    Operation,
    Packet,
    Refusal,
    Reply,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    SessionUpgraded,
    encode,
)

__all__ = ["frames", "nearly_frames", "operations", "sid_sets"]

_u32 = st.integers(0, 2**32 - 1)
_u64 = st.integers(0, 2**64 - 1)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_sids = _texts.map(EngineSid)
_sid_lists = st.lists(_sids, max_size=5).map(tuple)
_packets: st.SearchStrategy[Packet] = _texts | st.binary(max_size=20)

operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(SessionOpened, _sids, st.lists(st.tuples(_texts, _texts), max_size=4).map(tuple)),
    st.builds(MessageReceived, _sids, _packets),
    st.builds(SessionClosed, _sids, _texts),
    st.builds(SessionsDigest, _u32, st.binary(max_size=20), _u64),
    st.builds(SessionsRange, _texts, _texts, _sid_lists),
    st.builds(SessionUpgraded, _sids),
    st.builds(SendPackets, _sid_lists, st.lists(_packets, max_size=4).map(tuple)),
    st.builds(CloseSessions, _sid_lists, _texts),
    st.builds(AdmitSessions, _sid_lists),
    st.builds(AcceptDigest, st.binary(max_size=20), _u64),
    st.builds(ListSessions),
)

sid_sets = st.sets(_texts.filter(lambda text: bool(text) and "\n" not in text).map(EngineSid), max_size=30)

_lives = st.builds(Life, _u64, _u64)
#: No frame can be meant for the life (0, 0): on the wire it says "none yet".
_receiver_lives = st.none() | _lives.filter(lambda life: life != Life(0, 0))


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Draw any frame that may be written: number 0 carries nothing, and no more changes are told than there were."""
    changes = draw(st.lists(st.tuples(_u64, _sids, st.booleans()), max_size=5).map(tuple))
    said: dict[str, Any] = {
        "changes": changes,
        "changes_end": draw(st.integers(len(changes), 2**64 - 1)),
        "changes_noted": draw(_u64),
        "sent": draw(_u64),
    }
    seq = draw(_u64)
    call = Call(
        sender=draw(_texts),
        sender_life=draw(_lives),
        receiver_life=draw(_receiver_lives),
        attempt=draw(_u32),
        seq=seq,
        lowest_unconfirmed=draw(_u64),
        received=draw(_u64),
        **said,
        operations=draw(st.lists(operations, max_size=5).map(tuple)) if seq else (),
    )
    if draw(st.booleans()):
        return call
    return Reply(
        sender=call.sender,
        sender_life=call.sender_life,
        receiver_life=call.receiver_life,
        attempt=call.attempt,
        seq=call.seq,
        lowest_unconfirmed=call.lowest_unconfirmed,
        received=call.received,
        **said,
        refusal=draw(st.none() | st.sampled_from(Refusal)),
        operations=call.operations,
    )


@st.composite
def nearly_frames(draw: st.DrawFn) -> bytes:
    """Draw a written frame that was cut, lengthened, or changed in a few places."""
    data = bytearray(encode(draw(frames())))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data) + draw(st.just(b"") | st.binary(max_size=4))
