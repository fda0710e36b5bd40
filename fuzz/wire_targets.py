"""What shared-wire reads: frames, JSON, and calls and replies of a peer."""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from fuzz.grammar import any_json
from fuzz.inputs import Target
from fuzz.mutations import BYTES, TEXT
from fuzz.sequences import many
from shared_wire import (
    AcceptDigest,
    AdmitSessions,
    Call,
    CloseSessions,
    EngineSid,
    Frame,
    Life,
    ListSessions,
    LocalWireError,
    MessageReceived,
    Operation,
    Refusal,
    RefusedJson,
    RemoteWireError,
    Reply,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    SessionUpgraded,
    bounded_json,
    decode,
    encode,
)

_TESTS: Final = Path(__file__).resolve().parents[1] / "packages" / "shared-wire" / "tests"
if str(_TESTS) not in sys.path:
    sys.path.append(str(_TESTS))

#: `Actor` of the tests, a driver with its wire; imported by name, since the folder of the tests is no path of the types' check.
_Actor: Final[Any] = importlib.import_module("wire_fakes").Actor

__all__ = ["TARGETS"]

_SIDS: Final = tuple(map(EngineSid, ("", "a", "b", "c", "d", "e\u20ac")))
_OPERATIONS: Final[tuple[Operation, ...]] = (
    *(MessageReceived(engine_sid, "2[1]") for engine_sid in _SIDS),
    *(SessionOpened(engine_sid, (("k", "v"),)) for engine_sid in _SIDS),
    *(SessionClosed(engine_sid, "transport close") for engine_sid in _SIDS),
    *(SendPackets((engine_sid, _SIDS[1]), ("4a", b"b")) for engine_sid in _SIDS),
    *(SessionsDigest(2, b"d" * 16, 1), SessionsRange("", "", _SIDS), SessionsRange("a", "b", ())),
    *(SessionUpgraded(_SIDS[1]), CloseSessions(_SIDS, "server disconnect"), AdmitSessions(_SIDS), SendPackets((), ())),
    *(AcceptDigest(b"d" * 16, 1), ListSessions(), MessageReceived(_SIDS[1], b"\x00" * 300)),
)
#: What stands in a header: around each other, and far away. A number is raised by one, so none is the largest there is.
_NUMBERS: Final = (*range(8), 9, 17, 64, 65, 1_000, 2**32, 2**53)
_LIVES: Final = (Life(10, 1), Life(10, 2), Life(20, 1), Life(5, 9), Life(11, 1), Life(2**53, 0), Life(1, 2**64 - 1))
_PEERS: Final = ("peer", "peer", "peer", "other", "")
_SIZE: Final = 12


@dataclass(slots=True)
class _Peer:
    """What an actor's peer would say if it kept to the rules: the number of its next frame, and how far the actor's have come."""

    seq: int = 1
    received: int = 0
    noted: int = 0


def _frame_from(recipe: bytes, peer: _Peer) -> Frame:
    """Make a frame of twelve bytes, each of which chooses a field: whatever they are, the frame is one that can be read.

    Where a byte is 128 or more, the field is what ``peer`` would say.
    """
    kind, names, lives, attempt, seq, lowest, received, changed, end, noted, first, more = recipe
    count = changed % 4
    changes = tuple(
        (_NUMBERS[(changed + at) % len(_NUMBERS)], _SIDS[(noted + at) % len(_SIDS)], bool(at + names & 1))
        for at in range(count)
    )
    operations = tuple(_OPERATIONS[(first + at * more) % len(_OPERATIONS)] for at in range(more % 5))
    number = peer.seq if seq & 128 else _NUMBERS[seq % len(_NUMBERS)]
    facts: dict[str, Any] = {
        "sender": _PEERS[names % len(_PEERS)],
        "sender_life": _LIVES[lives % len(_LIVES) if lives & 64 else 0],
        "receiver_life": None if lives & 128 else _LIVES[(lives >> 3) % len(_LIVES) if lives & 32 else 0],
        "attempt": attempt % 8,
        "seq": number,
        "lowest_unconfirmed": number if lowest & 128 else _NUMBERS[lowest % len(_NUMBERS)],
        "received": peer.received if received & 128 else _NUMBERS[received % len(_NUMBERS)],
        "changes": changes,
        "changes_end": count + _NUMBERS[end % len(_NUMBERS)],
        "sent": number if lowest & 64 else _NUMBERS[noted % len(_NUMBERS)],
        "changes_noted": peer.noted if noted & 128 else _NUMBERS[noted % len(_NUMBERS)],
        "operations": operations if number else (),
    }
    return Reply(refusal=Refusal(kind % 5) if kind % 5 else None, **facts) if kind & 8 else Call(**facts)


def _check_frame(frame: Frame) -> str:
    assert decode(encode(frame)) == frame, f"{frame!r:.200} is written as something else"
    return type(frame).__name__


def _link(data: bytes) -> str:
    """Let calls, replies, failures and sends come in any order to both kinds of actor: none may raise, or be a fault of ours."""
    actors = [_Actor("engine", peer_holds_sockets=False), _Actor("socket", peer_holds_sockets=True)]
    peers = [_Peer(), _Peer()]
    for at in range(0, len(data) - _SIZE + 1, _SIZE):
        recipe = data[at : at + _SIZE]
        actor, peer = actors[recipe[0] >> 6 & 1], peers[recipe[0] >> 6 & 1]
        frame = _frame_from(recipe, peer)
        peer.seq += frame.seq == peer.seq
        reply = _happen(actor, recipe, frame)
        if reply is not None:
            peer.received, peer.noted = max(peer.received, reply.seq), reply.changes_end
        assert not actor.wire.faults, actor.wire.faults[-1]
    return "lost" if any(actor.wire.lost or actor.wire.all_lost for actor in actors) else "kept"


def _happen(actor: Any, recipe: bytes, frame: Frame) -> Reply | None:
    wire, what = actor.wire, recipe[0] >> 4 & 3
    if what == 1:
        actor.driver.send(frame.sender, *frame.operations)
    elif what == 2 and wire.journeys:
        wire.journeys.pop(0).answer.resolve(encode(frame) if recipe[0] & 8 else None)
    elif what == 2 and wire.pauses:
        wire.wake()
    else:
        reply = decode(actor.driver.answer(encode(frame)))
        assert isinstance(reply, Reply), "a call is answered by a call"
        return reply
    return None


def _read_json(text: str) -> Any:
    _check_any_part(text)
    return bounded_json.parse(text)


def _check_any_part(text: str) -> None:
    try:
        bounded_json.check_text(text)
    except RefusedJson:
        return


def _check_json(value: Any) -> str:
    written = bounded_json.write(value)
    again = bounded_json.parse(written)
    # Two halves of a surrogate pair, one of them not escaped, are written as what is read as a pair. UTF-8 holds no such text.
    assert again == value or bounded_json.write(again) == written, f"written as {written!r:.200}"
    return type(value).__name__


def _golden() -> tuple[bytes, ...]:
    return tuple(file.read_bytes() for file in sorted((_TESTS / "golden" / "v1").glob("*.bin")))


def _any_frame(chance: Random) -> bytes:
    frame = _frame_from(_any_recipe(chance), _Peer())
    try:
        return encode(frame)
    except LocalWireError:
        return b"\x01"


def _any_recipe(chance: Random) -> bytes:
    return int(chance.random() * 2**53).to_bytes(7, "big")[1:] + int(chance.random() * 2**53).to_bytes(7, "big")[1:]


def _broadcast(size: int) -> bytes:
    sids = tuple(EngineSid(f"{at:020}") for at in range(min(size // 24, 30_000)))
    return encode(_frame_of(SendPackets(sids, ("4a",))))


def _frame_of(*operations: Operation) -> Frame:
    life = Life(10, 1)
    return Call(
        sender="peer",
        sender_life=life,
        receiver_life=None,
        attempt=1,
        seq=1,
        lowest_unconfirmed=1,
        received=0,
        operations=operations,
    )


def _calls(size: int) -> bytes:
    """Make calls in turn, each with four operations."""
    return b"\x00\x00\x00\x01\x80\x80\x80\x00\x00\x80\x00\x04" * max(size // _SIZE, 1)


TARGETS: Final[tuple[Target[Any], ...]] = (
    Target(
        name="frames",
        material=BYTES,
        examples=_golden(),
        make=_any_frame,
        read=decode,
        refusals=(RemoteWireError,),
        check=_check_frame,
        harmless=(
            lambda size: encode(_frame_of(MessageReceived(EngineSid("a"), "x" * size))),
            lambda size: encode(_frame_of(*[MessageReceived(EngineSid("a"), "2[1]")] * min(size // 15 + 1, 30_000))),
            _broadcast,
        ),
    ),
    Target(
        name="links",
        scale=0.05,
        every=4,
        material=BYTES,
        examples=(bytes(12), _calls(48), bytes(range(48)), bytes(range(200, 248)), b"\x10" * 24 + b"\x28" * 24),
        make=lambda chance: b"".join(_any_recipe(chance) for _ in range(1 + int(10 * chance.random() ** 2))),
        read=_link,
        harmless=(_calls,),
    ),
    Target(
        name="json",
        material=TEXT,
        examples=(
            '{"a":[1,2.5,null,true,"x"]}',
            "[]",
            '"a"',
            "1e5",
            '[{"a":1},{"b":{"c":[]}}]',
            '"\\ud83d\\ude00"',
            "[1e400]",
        ),
        make=any_json,
        read=_read_json,
        refusals=(RefusedJson,),
        check=_check_json,
        harmless=(many('"', "x", '"'), many('["\\n"', ',{"a":1}', "]")),
    ),
)
