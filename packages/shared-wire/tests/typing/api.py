"""Every public name, used as the two actors use it. mypy checks this file strictly; nobody runs it.

`test_typing.py` has it that no public name is left out.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, assert_never, assert_type

from shared_wire import (
    AcceptDigest,
    AdmitSessions,
    Call,
    Change,
    CloseSessions,
    DownOperation,
    EngineSid,
    Frame,
    FrameTooLarge,
    HeldBytes,
    Lanes,
    Life,
    LinkDriver,
    ListSessions,
    LocalWireError,
    MalformedFrame,
    MessageReceived,
    NestedTooDeep,
    Operation,
    Packet,
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
    UnsupportedVersion,
    UnwritableValue,
    UpOperation,
    Wire,
    WireError,
    Work,
    decode,
    digest,
    encode,
    ranges,
    sessions_in,
    sessions_of,
)
from shared_wire.bounded_json import check_depth, check_text, has_collisions, parse, write
from shared_wire.durable import (
    ALARMS_APART_MS,
    RpcWire,
    Stream,
    Streams,
    Timer,
    begin_life,
    hold_awake,
    log_fault,
    name_of_object,
    next_alarm_ms,
    now_ms,
    raw,
    raw_request,
    shorten_way_to,
    start_eagerly,
)

LIFE = Life(start_ms=1, nonce=2)
SID = EngineSid("a sid")


class OwnWire:
    """A `Wire` from nothing: the protocol needs no base."""

    def say(self, peer: str, data: bytes, heard: Callable[[bytes | None], None]) -> bool:
        return False

    async def call(self, peer: str, data: bytes) -> bytes | None:
        return data or None

    async def pause(self, attempt: int) -> None: ...

    def note_unheard(self, peer: str) -> None: ...

    def note_failing(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None: ...

    def defer(self, action: Callable[[], None]) -> None:
        action()

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        coroutine.close()

    def deliver(
        self, peer: str, operations: tuple[Operation, ...], done: Callable[[Iterable[EngineSid]], None]
    ) -> None:
        done(sessions_in(operations))

    def stay_awake(self, peer: str, needed: bool) -> None: ...

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None: ...

    def log_fault(self, what: str, error: BaseException) -> None:
        log_fault(what, error)


class DurableWire(RpcWire):
    """A `Wire` in a Durable Object: what is the same for all actors is there."""

    def defer(self, action: Callable[[], None]) -> None:
        self._timer = Timer(0.5, action)
        self._timer.cancel()

    def deliver(
        self, peer: str, operations: tuple[Operation, ...], done: Callable[[Iterable[EngineSid]], None]
    ) -> None: ...

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None: ...


class NoStreams:
    """`Streams` of an actor that has none."""

    def find(self, peer: str) -> Stream | None:
        del peer
        return None


def carry(ctx: Any, namespace: Any) -> None:
    streams: Streams = NoStreams()
    wires: list[Wire] = [OwnWire(), DurableWire(ctx, namespace, streams, Counter())]
    name: str | None = name_of_object(ctx, Counter())
    driver = LinkDriver(name or "engine-0", begin_life(), wires[0], peer_holds_sockets=False, counters=Counter())
    driver.send("main", SessionOpened(SID, (("PATH_INFO", "/"),)), MessageReceived(SID, b"binary"))
    assert_type(driver.answer(b"a call"), bytes)
    assert_type(driver.answer(b"a call", list[str]().append), bytes)
    driver.contact("main")
    assert_type(driver.peer_life("main"), Life | None)
    assert_type(driver.must_remember("main"), bool)
    assert_type(driver.busy("main"), frozenset[EngineSid])


def run_in_lanes(ctx: Any) -> None:
    async def one() -> None: ...

    work: Work = one
    lanes = Lanes(lambda coroutine: start_eagerly(ctx, coroutine), log_fault)
    lanes.run(("a key", 1), work)
    assert_type((lanes.waiting("a key"), lanes.busy("a key")), tuple[int, bool])
    assert_type(hold_awake(raw(ctx)), Callable[[], None])
    raw_request(ctx)
    shorten_way_to(ctx, "webSocketMessage")
    assert_type(next_alarm_ms(now_ms() + ALARMS_APART_MS, now_ms()), int)


def count_bytes() -> None:
    held_bytes = HeldBytes(of_one=1_000, of_all=10_000)
    assert_type(held_bytes.add(SID, 10), str | None)
    held_bytes.release(SID, 10)
    held_bytes.drop(SID)
    assert_type((held_bytes.held(SID), held_bytes.total), tuple[int, int])


def write_frames() -> None:
    change: Change = (1, SID, True)
    call = Call(
        sender="engine-0",
        sender_life=LIFE,
        receiver_life=None,
        attempt=1,
        seq=1,
        lowest_unconfirmed=1,
        received=0,
        changes=(change,),
        changes_end=1,
        changes_noted=0,
        operations=(SessionClosed(SID, "transport close"),),
    )
    reply = Reply(
        sender="main",
        sender_life=LIFE,
        receiver_life=LIFE,
        attempt=1,
        seq=1,
        lowest_unconfirmed=1,
        received=1,
        refusal=Refusal.OVERLOADED,
        operations=(SendPackets((SID,), ("text", b"binary")),),
    )
    try:
        assert_type(encode(call) + encode(reply), bytes)
    except LocalWireError as error:
        assert_type(error.code, str)


def read_frame(data: bytes) -> tuple[Operation, ...]:
    try:
        frame = decode(data)
    except (MalformedFrame, FrameTooLarge, UnsupportedVersion):
        return ()
    except RemoteWireError as error:
        raise WireError(error.code) from None
    assert_type(frame, Frame)
    match frame:
        case Call():
            return frame.operations
        case Reply(refusal=refusal):
            assert_type(refusal, Refusal | None)
            return frame.operations


def take_up(operation: UpOperation) -> tuple[EngineSid, ...]:
    match operation:
        case SessionOpened(engine_sid) | SessionUpgraded(engine_sid) | SessionClosed(engine_sid):
            return (engine_sid,)
        case MessageReceived(engine_sid, packet):
            assert_type(packet, Packet)
            return (engine_sid,)
        case SessionsDigest(count, fingerprint, mark):
            assert_type((count, fingerprint, mark), tuple[int, bytes, int])
            return ()
        case SessionsRange(engine_sids=engine_sids):
            return engine_sids
        case _:
            assert_never(operation)


def take_down(operation: DownOperation) -> tuple[EngineSid, ...]:
    match operation:
        case SendPackets(engine_sids) | CloseSessions(engine_sids) | AdmitSessions(engine_sids):
            return engine_sids
        case AcceptDigest() | ListSessions():
            return sessions_of(operation)
        case _:
            assert_never(operation)


def compare() -> None:
    assert_type(digest([SID], mark=1), SessionsDigest)
    assert_type(ranges([SID]), Iterator[SessionsRange])


def pass_on(text: str) -> str:
    try:
        check_text(text)
        value = parse(text, max_depth=3)
    except RefusedJson as error:
        return error.code
    assert_type(has_collisions(["a", "b"], lambda key: len(key)), bool)
    try:
        check_depth(value)
        return write(value)
    except NestedTooDeep as error:
        return error.code
    except UnwritableValue as error:
        return error.code
