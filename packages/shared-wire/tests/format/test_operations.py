import dataclasses
from typing import get_args

import pytest

from shared_wire.format import operations
from shared_wire.format.operations import (
    AcceptDigest,
    AdmitSessions,
    CloseSessions,
    DownOperation,
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
    UpOperation,
    sessions_of,
)

X, Y = EngineSid("x"), EngineSid("y")

CASES: list[tuple[Operation, tuple[EngineSid, ...]]] = [
    (SessionOpened(X, (("path", "/"),)), (X,)),
    (MessageReceived(X, "text"), (X,)),
    (SessionClosed(X, "transport close"), (X,)),
    (SessionsDigest(2, b"\x00" * 16), ()),
    (SessionsRange("", "", (X, Y)), ()),
    (SessionUpgraded(X), ()),
    (SendPackets((X, Y), ("a", b"b")), (X, Y)),
    (CloseSessions((X, Y), "server disconnect"), (X, Y)),
    (AdmitSessions((X, Y)), ()),
    (AcceptDigest(b"\x00" * 16), ()),
    (ListSessions(), ()),
]


@pytest.mark.parametrize(("operation", "lost"), CASES)
def test_the_sessions_an_operation_would_cost(operation: Operation, lost: tuple[EngineSid, ...]) -> None:
    assert sessions_of(operation) == lost


def test_the_cases_above_are_all_operations() -> None:
    assert {type(operation) for operation, _ in CASES} == set(get_args(Operation))


def test_up_and_down_share_no_operation() -> None:
    up, down = set(get_args(UpOperation)), set(get_args(DownOperation))
    assert not up & down
    assert up | down == set(get_args(Operation))


def test_every_operation_class_of_the_module_is_in_the_union() -> None:
    classes = {value for value in vars(operations).values() if dataclasses.is_dataclass(value)}
    assert classes == set(get_args(Operation))


@pytest.mark.parametrize("operation", [operation for operation, _ in CASES])
def test_operations_are_values_without_a_dict(operation: Operation) -> None:
    assert dataclasses.replace(operation) == operation
    assert hash(dataclasses.replace(operation)) == hash(operation)
    assert not hasattr(operation, "__dict__")


def test_a_text_and_a_binary_packet_are_never_equal() -> None:
    assert MessageReceived(X, "a") != MessageReceived(X, b"a")
