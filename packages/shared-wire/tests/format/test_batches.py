from dataclasses import replace
from typing import get_args

import pytest

from shared_wire.format.batches import joined, largest_holder, sessions_in, split, weigh, without
from shared_wire.format.codec import encode
from shared_wire.format.frames import Call, Life
from shared_wire.format.operations import (
    AcceptDigest,
    AdmitSessions,
    CloseSessions,
    EngineSid,
    ListSessions,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    SessionUpgraded,
)
from shared_wire.limits import MAX_FRAME_BYTES

X, Y, Z = EngineSid("x"), EngineSid("y"), EngineSid("z")

EMPTY = Call(
    sender="engine",
    sender_life=Life(1, 1),
    receiver_life=None,
    attempt=1,
    seq=1,
    lowest_unconfirmed=1,
    received=0,
)

OPERATIONS: list[Operation] = [
    SessionOpened(X, (("path", "/"),)),
    MessageReceived(X, "text"),
    MessageReceived(X, b"bytes"),
    SessionClosed(X, "transport close"),
    SessionsDigest(2, bytes(16)),
    SessionsRange("", "", (X, Y)),
    SessionUpgraded(X),
    SendPackets((X, Y), ("a", b"b")),
    CloseSessions((X, Y), "server disconnect"),
    AdmitSessions((X, Y)),
    AcceptDigest(bytes(16)),
    ListSessions(),
]


def test_the_operations_above_are_of_every_class() -> None:
    assert {type(operation) for operation in OPERATIONS} == set(get_args(Operation))


# What is left without some sessions


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_left_out_for_sessions_it_does_not_concern(operation: Operation) -> None:
    assert without((operation,), frozenset()) == (operation,)
    assert without((operation,), frozenset({Z})) == (operation,)


@pytest.mark.parametrize("operation", [SessionOpened(X, ()), MessageReceived(X, "m"), MessageReceived(X, b"m")])
def test_what_opens_or_continues_a_gone_session_is_left_out(operation: Operation) -> None:
    assert without((operation,), frozenset({X})) == ()


@pytest.mark.parametrize(
    "operation",
    [
        SessionClosed(X, "transport error"),
        CloseSessions((X, Y), "transport error"),
        AdmitSessions((X, Y)),
        SessionsRange("", "", (X, Y)),
        SessionsDigest(1, b""),
        AcceptDigest(b""),
        ListSessions(),
    ],
)
def test_what_ends_a_gone_session_or_reports_it_stays(operation: Operation) -> None:
    assert without((operation,), frozenset({X})) == (operation,)


def test_a_broadcast_goes_on_to_the_others() -> None:
    packets = ("a", b"b")
    assert without((SendPackets((X, Y, Z), packets),), frozenset({Y})) == (SendPackets((X, Z), packets),)


def test_a_broadcast_to_nobody_does_not_travel() -> None:
    assert without((SendPackets((X, Y), ("a",)),), frozenset({X, Y})) == ()


def test_the_rest_keeps_its_order() -> None:
    operations = (
        MessageReceived(X, "1"),
        MessageReceived(Y, "2"),
        SendPackets((Y, X), ("3",)),
        SessionClosed(X, "transport close"),
        MessageReceived(Y, "4"),
    )
    assert without(operations, frozenset({X})) == (
        MessageReceived(Y, "2"),
        SendPackets((Y,), ("3",)),
        SessionClosed(X, "transport close"),
        MessageReceived(Y, "4"),
    )


def test_nothing_without_anything_is_nothing() -> None:
    assert without((), frozenset({X})) == ()


# Whose sessions they are


def test_the_sessions_of_operations_are_named_in_order() -> None:
    operations = (SendPackets((Y, X), ("p",)), ListSessions(), MessageReceived(Z, "m"), MessageReceived(Y, "m"))
    assert sessions_in(operations) == (Y, X, Z, Y)
    assert sessions_in(()) == ()


# What fits into one frame


def message(size: int) -> MessageReceived:
    return MessageReceived(X, bytes(size))


def sizes(queue: tuple[Operation, ...]) -> list[int]:
    """Cut a queue into frames; nothing may be lost or reordered by that."""
    batches: list[tuple[Operation, ...]] = []
    rest = queue
    while rest:
        weight = sum(map(weigh, rest))
        batch, rest, left = split(rest, weight)
        assert left == sum(map(weigh, rest))
        batches.append(batch)
    assert tuple(operation for batch in batches for operation in batch) == queue
    return [len(batch) for batch in batches]


def test_an_empty_queue_gives_nothing() -> None:
    assert split((), 0) == ((), (), 0)


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [1]), (1_999, [1_999]), (2_000, [2_000]), (2_001, [2_000, 1]), (4_000, [2_000, 2_000])]
)
def test_a_frame_takes_2000_operations(count: int, expected: list[int]) -> None:
    assert sizes((ListSessions(),) * count) == expected


def test_a_frame_takes_2_mebibytes_by_estimate() -> None:
    half = 512 * 1024 - 32  # counts double, and 64 for the rest of the operation
    assert sizes((message(half), message(half))) == [2]
    assert sizes((message(half), message(half + 1))) == [1, 1]
    assert sizes((message(half), message(half), ListSessions())) == [2, 1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_too_large_for_the_estimate_travels_alone(place: int) -> None:
    queue = [message(1), message(1)]
    queue.insert(place, message(3 * 1024 * 1024))
    assert sizes(tuple(queue)) == {0: [1, 2], 1: [1, 1, 1], 2: [2, 1]}[place]


SNOW = "\N{SNOWMAN}" * 4_000  # three bytes each
LONG_SIDS = (EngineSid("x" * 20),) * 300


@pytest.mark.parametrize(
    "operation",
    [
        SessionOpened(X, (("HTTP_X", SNOW),)),
        SessionOpened(X, (("", ""),) * 700),
        MessageReceived(X, SNOW),
        MessageReceived(X, bytes(12_000)),
        SessionsRange("", "", LONG_SIDS),
        SendPackets(LONG_SIDS, ()),
        SendPackets((X,), (SNOW,)),
        SendPackets((X,), ("",) * 1_500),
        CloseSessions(LONG_SIDS, "transport error"),
        AdmitSessions(LONG_SIDS),
    ],
    ids=lambda operation: f"{type(operation).__name__}",
)
def test_the_estimate_sees_what_makes_an_operation_large(operation: Operation) -> None:
    batch, rest, _ = split((operation,) * 2_000, 2_000 * weigh(operation))
    assert rest, "2,000 of these are cut by their size"
    assert len(encode(replace(EMPTY, operations=batch))) <= MAX_FRAME_BYTES


@pytest.mark.parametrize("operation", OPERATIONS)
def test_small_operations_are_cut_by_their_number_only(operation: Operation) -> None:
    assert sizes((operation,) * 2_001) == [2_000, 1]


# Who holds most of a queue


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ((), ()),
        ((ListSessions(), SessionsDigest(1, b"")), ()),
        ((MessageReceived(X, "a"), MessageReceived(Y, "a" * 100)), (Y,)),
        ((MessageReceived(X, "a" * 60), MessageReceived(Y, "a" * 100), MessageReceived(X, "a" * 60)), (X,)),
        ((SendPackets((X, Y), ("a" * 1_000,)), MessageReceived(Z, "a" * 600)), (Z,)),
    ],
)
def test_the_largest_holder_is_whose_operations_weigh_most(
    queue: tuple[Operation, ...], expected: tuple[EngineSid, ...]
) -> None:
    assert largest_holder(queue) == expected


# Whoever takes operations does it once for the same sessions


def test_packets_for_the_same_sessions_are_sent_together_and_nothing_changes_places() -> None:
    close = CloseSessions((X,), "server disconnect")
    operations: tuple[Operation, ...] = (
        SendPackets((X,), ("a",)),
        SendPackets((X,), ("b", b"c")),
        SendPackets((X, Y), ("d",)),
        SendPackets((X,), ("e",)),
        close,
        close,
        SendPackets((X,), ("f",)),
    )
    assert [*joined(operations)] == [
        SendPackets((X,), ("a", "b", b"c")),
        SendPackets((X, Y), ("d",)),
        SendPackets((X,), ("e",)),
        close,
        close,
        SendPackets((X,), ("f",)),
    ]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_alone_stays_as_it_is(operation: Operation) -> None:
    assert [*joined((operation,))] == [operation]
