"""Sessions that close, that are lost, and that an engine actor has no more: what was announced and is gone, and what never was."""

from typing import Any

import pytest
from server_fakes import ENGINE, FakeEvent, World, socket_sid

from shared_wire import AcceptDigest, CloseSessions, EngineSid, ListSessions, SessionsRange, digest


def sids(*names: str) -> tuple[EngineSid, ...]:
    return tuple(map(EngineSid, names))


def crowd(trace: list[str]) -> World:
    """Three sessions at one engine actor, and one at another."""

    def register(sio: Any) -> None:
        @sio.event
        async def disconnect(sid: str, reason: str) -> None:
            trace.append(reason)

    world = World(register)
    for name in ("a", "b", "c"):
        world.connect(name, actor="east")
    world.connect("d", actor="west")
    world.reset()
    world.sent.clear()
    return world


def test_a_digest_of_just_our_sessions_is_accepted_under_its_mark() -> None:
    world = crowd([])
    world.sio.receive_digest("east", digest(sids("c", "b", "a"), 7))
    assert world.runtime.sent == [("east", AcceptDigest(digest(sids("a", "b", "c")).digest, 7))]


def test_any_other_is_answered_by_asking_for_the_list() -> None:
    world = crowd([])
    world.sio.receive_digest("east", digest(sids("a", "b"), 7))
    world.sio.receive_digest("west", digest(sids("a", "b", "c"), 7))
    world.sio.receive_digest("north", digest(sids("a"), 7))
    assert world.runtime.sent == [(actor, ListSessions()) for actor in ("east", "west", "north")]


def test_sessions_that_are_gone_end_and_those_we_do_not_know_are_closed() -> None:
    trace: list[str] = []
    world = crowd(trace)
    world.sio.receive_range("east", SessionsRange("", "b", sids("a", "aa")))
    world.runtime.settle()
    assert trace == ["transport error"]
    assert world.runtime.sent == [("east", CloseSessions(sids("aa"), "transport error"))]
    assert sorted(world.sio.environ) == ["a", "c", "d"], "b is gone; c lies outside the range, d at another actor"


def test_a_session_that_has_ended_is_not_asked_for_while_its_handlers_run() -> None:
    """Asking at once would ask without end: list, range and digest would follow each other for as long as the handler takes."""
    trace: list[str] = []

    def register(sio: Any) -> None:
        @sio.event
        async def wait(sid: str) -> None:
            await sio.sleep(60)
            trace.append("waited")

    world = World(register)
    for name in ("a", "b"):
        world.connect(name, actor="east")
    world.receive("a", '2["wait"]', actor="east")
    world.sent.clear()
    world.sio.receive_range("east", SessionsRange("", "", sids("b")))
    world.sio.receive_digest("east", digest(sids("b"), 1))
    world.sio.receive_range("east", SessionsRange("", "", sids("b")))
    assert world.runtime.sent == []
    world.sio.receive_digest("east", digest(sids("a", "b"), 2))
    world.sio.receive_digest("east", digest((), 3))
    assert [operation for _, operation in world.runtime.sent] == [
        AcceptDigest(digest(sids("a", "b")).digest, 2),
        ListSessions(),
    ]
    world.runtime.advance(60)
    assert trace == ["waited"]
    assert sorted(world.sio.environ) == ["b"]


def test_a_range_that_agrees_changes_nothing() -> None:
    trace: list[str] = []
    world = crowd(trace)
    world.sio.receive_range("east", SessionsRange("", "", sids("a", "b", "c")))
    world.sio.receive_range("east", SessionsRange("c", "", ()))
    world.runtime.settle()
    assert (trace, world.runtime.sent) == ([], [])


def noting(trace: list[tuple[str, str]], *namespaces: str) -> World:
    """Note who leaves, and why."""

    def register(sio: Any) -> None:
        for namespace in ("/", *namespaces):
            sio.on("disconnect", lambda sid, reason: trace.append((sid, reason)), namespace=namespace)

    return World(register)


@pytest.mark.parametrize("reason", ["transport close", "ping timeout", "server disconnect"])
def test_a_closed_session_disconnects_every_socket_once_with_the_reason(reason: str) -> None:
    trace: list[tuple[str, str]] = []
    world = noting(trace, "/chat")
    first, second = world.connect("e1"), world.connect("e1", "/chat")
    third = world.connect("e2")
    world.close("e1", reason)
    world.close("e1", "again")
    assert sorted(trace) == [(first, reason), (second, reason)]
    assert [row[1:] for row in world.database.rows("sio_sessions")] == [(ENGINE, "{}")]
    assert [row[0] for row in world.database.rows("sio_sockets")] == [third]


def test_a_client_that_left_by_itself_is_not_disconnected_again() -> None:
    trace: list[tuple[str, str]] = []
    world = noting(trace)
    world.connect("e1")
    world.receive("e1", "1")
    world.close("e1")
    assert trace == [(socket_sid(1), "client disconnect")]
    assert world.database.rows("sio_sessions") == []


def test_a_session_that_never_connected_leaves_nothing() -> None:
    trace: list[tuple[str, str]] = []
    world = noting(trace)
    world.open("e1")
    world.close("e1")
    assert trace == world.database.rows("sio_sessions") == []


def test_an_unknown_session_may_close() -> None:
    trace: list[tuple[str, str]] = []
    world = noting(trace)
    world.close("unknown")
    assert trace == []
    assert world.sent == []


def test_a_half_received_packet_ends_with_its_session() -> None:
    world = World()
    world.connect("e1")
    world.receive("e1", '51-["x",{"_placeholder":true,"num":0}]')
    assert world.runtime.held["e1"] == 1
    world.close("e1")
    assert world.runtime.held["e1"] == 0


def test_a_session_that_ends_twice_ends_once() -> None:
    gate, calls = FakeEvent(), list[str]()

    def register(sio: Any) -> None:
        async def disconnect(sid: str, reason: str) -> None:
            calls.append(reason)
            await gate.wait()

        sio.on("disconnect", disconnect)

    world = World(register)
    world.connect("e1")
    world.close("e1", "ping timeout")
    world.close("e1", "transport error")
    gate.set()
    world.runtime.settle()
    assert calls == ["ping timeout"]
    assert world.database.rows("sio_sessions") == []


def test_lost_sessions_end_and_are_closed_each_once() -> None:
    trace: list[tuple[str, str]] = []
    world = noting(trace)
    for name in ("a", "b"):
        world.connect(name)
    world.connect("c", actor="west")
    world.sent.clear()
    world.sio.receive_lost(ENGINE, sids("a", "unknown"))
    world.sio.receive_lost(ENGINE, None)
    world.sio.receive_lost(ENGINE, None)
    world.runtime.settle()
    assert trace == [(socket_sid(1), "transport error"), (socket_sid(2), "transport error")]
    assert world.closes() == [
        (ENGINE, CloseSessions(sids("a"), "transport error")),
        (ENGINE, CloseSessions(sids("b"), "transport error")),
    ]
    assert [*world.sio.environ] == ["c"]
