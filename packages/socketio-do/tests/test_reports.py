"""`DurableServer` comparing its sessions with an engine actor's: what was announced and is gone, and what was never announced."""

from typing import Any

from server_fakes import World

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
