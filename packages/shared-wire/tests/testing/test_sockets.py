from contextvars import copy_context
from types import SimpleNamespace
from typing import Any

import pytest

from shared_wire.testing.loop import current_life
from shared_wire.testing.sockets import CLOSED, OPEN, ClientSocket, ServerSocket, make_pair
from shared_wire.testing.values import JsBytes, JsException


class Owner:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def receive(self, socket: ServerSocket, frame: str | bytes) -> None:
        self.seen.append(frame)

    def receive_close(self, socket: ServerSocket, code: int, reason: str, was_clean: bool) -> None:
        self.seen.append((code, reason, was_clean))

    def forget(self, socket: ServerSocket) -> None:
        self.seen.append("forgotten")


@pytest.fixture
def ends() -> tuple[ClientSocket, ServerSocket, Owner]:
    client, server = make_pair()
    owner = Owner()
    server.owner, server.readyState = owner, OPEN
    return client, server, owner


def test_frames_go_both_ways(ends: tuple[ClientSocket, ServerSocket, Owner]) -> None:
    client, server, owner = ends
    client.send("text")
    client.send(b"bytes")
    server.send("answer")
    server.send(JsBytes(b"\x00"))
    assert owner.seen == ["text", b"bytes"]
    assert client.take() == ["answer", b"\x00"]
    assert client.take() == []


def test_whoever_listens_is_told_what_came_before(ends: tuple[ClientSocket, ServerSocket, Owner]) -> None:
    client, server, _ = ends
    told: list[Any] = []
    server.send("early")
    client.listen(told.append, lambda code, reason: told.append((code, reason)))
    server.send("late")
    server.close(1001, "bye")
    assert told == ["early", "late", (1001, "bye")]


def test_what_a_client_does_about_a_frame_is_no_part_of_the_objects_life(
    ends: tuple[ClientSocket, ServerSocket, Owner],
) -> None:
    client, server, _ = ends
    lives: list[Any] = []
    client.listen(lambda frame: lives.append(current_life.get()), lambda code, reason: lives.append(current_life.get()))
    life: Any = SimpleNamespace(is_alive=True)

    def work() -> None:
        current_life.set(life)
        server.send("one")
        server.close()
        assert current_life.get() is life

    copy_context().run(work)
    assert lives == [None, None]


def test_nothing_is_sent_on_a_socket_that_is_closed(ends: tuple[ClientSocket, ServerSocket, Owner]) -> None:
    client, server, owner = ends
    server.close(1000, "")
    client.send("late")
    assert owner.seen == ["forgotten", (1000, "", True)], "the client answers"
    assert (server.readyState, client.closed) == (CLOSED, (1000, ""))
    with pytest.raises(JsException):
        server.send("late")


@pytest.mark.parametrize(
    ("how", "told"),
    [("close", (1000, "", True)), ("drop", (1006, "WebSocket disconnected without sending Close frame.", False))],
)
def test_clients_leave_with_a_word_and_without_one(
    ends: tuple[ClientSocket, ServerSocket, Owner], how: str, told: Any
) -> None:
    client, _, owner = ends
    getattr(client, how)()
    getattr(client, how)()
    assert owner.seen == [told], "once"


def test_who_vanishes_says_nothing_and_hears_nothing(ends: tuple[ClientSocket, ServerSocket, Owner]) -> None:
    client, server, owner = ends
    told: list[Any] = []
    client.listen(told.append, lambda code, reason: told.append(code))
    client.vanish()
    client.send("lost")
    server.send("lost")
    assert (owner.seen, told) == ([], [])


@pytest.mark.parametrize(("value", "fits"), [("x" * 16_000, True), ("x" * 17_000, False), ("世" * 9_000, False)])
def test_an_attachment_has_sixteen_kilobytes(
    ends: tuple[ClientSocket, ServerSocket, Owner], value: str, fits: bool
) -> None:
    _, server, _ = ends
    if fits:
        server.serializeAttachment(value)
        assert server.deserializeAttachment() == value
    else:
        with pytest.raises(JsException):
            server.serializeAttachment(value)


def test_a_connection_that_breaks_is_told_to_both_ends_once(ends: tuple[ClientSocket, ServerSocket, Owner]) -> None:
    client, server, owner = ends
    told: list[int] = []
    client.listen(lambda _: None, lambda code, _: told.append(code))
    server.sever()
    server.sever()
    server.close(1000)
    assert told == [1006]
    assert [one[:1] for one in owner.seen] == [(1006,)]
    assert server.readyState == CLOSED
