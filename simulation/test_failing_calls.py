"""What waits behind a call that fails: whoever misses it is told, whatever becomes of the socket actor, and nobody else."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from shared_wire.testing import LOST, LOST_ANSWER, Actor, Fate, Faults
from shared_wire.testing.modules import install
from socketio_do.testing import Client, World

install()

from socketio_do.testing.composition import compose_split  # noqa: E402 - it imports what the line before puts in place

PREFIX = "socketio_do:failing:"
#: Seconds after which the alarm has begun a life, and the engine actor has heard of it.
TOLD_S = 120


def configure(sio: Any) -> None:
    async def later(event: str, room: str) -> None:
        await asyncio.sleep(2)
        await sio.emit(event, room=room)

    @sio.event
    async def join(sid: str, room: str) -> None:
        await sio.enter_room(sid, room)

    @sio.event
    async def announce(sid: str, room: str) -> None:
        sio.start_background_task(later, "news", room)

    @sio.event
    async def reply(sid: str, now: str, then: str) -> None:
        await sio.emit("now", room=now)
        sio.start_background_task(later, "news", then)

    @sio.event
    async def wait(sid: str) -> None:
        await asyncio.sleep(3)

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        if "slow" in sio.rooms(sid):
            await asyncio.sleep(20)


class Cut(Faults):
    """Calls to engine actors fail, and writes; both as long as a test wants it."""

    #: What becomes of a call to an engine actor, and of one to the socket actor.
    fate: Fate | None = None
    fate_up: list[Fate]
    is_full = keeps_all = False

    def __init__(self) -> None:
        self.fate_up, self.written = [], list[str]()

    def call(self, target: Actor, method: str) -> Fate:
        if target.binding == "ENGINE" and self.fate is not None:
            return self.fate
        if target.binding == "SOCKET" and method == "link" and self.fate_up:
            return self.fate_up.pop()
        return super().call(target, method)

    def write(self, owner: Actor, what: str) -> str | None:
        if owner.binding == "SOCKET" and what.startswith(("put", "delete")):
            self.written.append(what)
            if (self.is_full and what.startswith("put")) or (self.keeps_all and what.startswith("delete")):
                return "Error: the storage is full"
        return super().write(owner, what)


@pytest.fixture
def cut() -> Cut:
    return Cut()


@pytest.fixture
def world(cut: Cut) -> Iterator[World]:
    with World.of(configure, is_split=True) as made:
        made.faults = cut
        made.raises_errors = False
        yield made


@pytest.fixture
def people(world: World) -> list[Client]:
    """A speaker, and clients that are each in a room of their number."""
    made = [world.client() for _ in range(3)]
    for number, client in enumerate(made):
        client.emit("join", str(number))
    world.advance(60)
    return made


def left(world: World) -> list[Any]:
    found: list[Any] = world.actor("SOCKET", "main").storage.kv.list({"prefix": PREFIX})
    return found


def reset(world: World, cut: Cut) -> None:
    """Reset the socket actor; from then on calls arrive."""
    world.reset("Socket")
    cut.fate = None


@pytest.mark.parametrize("fails_s", [3, 8, 15])
def test_a_reset_closes_those_for_whom_something_waited_and_no_others(
    world: World, cut: Cut, people: list[Client], fails_s: float
) -> None:
    speaker, listener, other = people
    speaker.emit("announce", "1")
    cut.fate = LOST
    world.advance(fails_s)
    assert len(left(world)) == 1
    reset(world, cut)
    world.advance(TOLD_S)
    assert (listener.disconnected, listener.received("news")) == ("transport close", [])
    assert (speaker.disconnected, other.disconnected) == (None, None)
    assert left(world) == []


def test_a_call_that_fails_for_a_while_costs_nobody_their_connection(
    world: World, cut: Cut, people: list[Client]
) -> None:
    people[0].emit("announce", "1")
    cut.fate = LOST
    world.advance(4)
    cut.fate = None
    world.advance(20)
    assert len(people[1].received("news")) == 1
    assert left(world) == []
    reset(world, cut)
    world.advance(TOLD_S)
    assert [client.disconnected for client in people] == [None, None, None]


def test_what_left_with_a_reply_that_was_lost_counts(world: World, cut: Cut, people: list[Client]) -> None:
    cut.fate_up = [LOST, LOST, LOST, LOST, LOST, LOST_ANSWER]
    people[0].emit("reply", "1", "2")
    cut.fate = LOST
    world.advance(5)
    reset(world, cut)
    world.advance(TOLD_S)
    assert [client.received("now") + client.received("news") for client in people[1:]] == [[], []]
    assert [client.disconnected for client in people[1:]] == ["transport close", "transport close"]


def test_attempts_that_hang_are_looked_after_for_as_long_as_they_do(
    world: World, cut: Cut, people: list[Client]
) -> None:
    people[0].emit("announce", "1")
    cut.fate = Fate(arrives_s=(), is_answered=False, told_s=20)
    world.advance(65)
    assert world.actor("SOCKET", "main").storage.alarm_ms is not None
    reset(world, cut)
    world.advance(TOLD_S)
    assert people[1].disconnected == "transport close"


def test_a_reset_after_a_call_was_given_up_and_before_it_is_heard_of(
    world: World, cut: Cut, people: list[Client]
) -> None:
    """The `disconnect` handler is suspended: the session's rows are still there, and its closing is in memory only."""
    people[1].emit("join", "slow")
    people[0].emit("announce", "1")
    cut.fate = LOST
    world.advance(25)
    reset(world, cut)
    world.advance(2 * TOLD_S)
    assert people[1].disconnected == "transport close"
    assert left(world) == []


def test_full_storage_keeps_nobody_from_being_told_and_wakes_nobody(
    world: World, cut: Cut, people: list[Client]
) -> None:
    people[0].emit("announce", "1")
    cut.fate = LOST
    world.advance(4)
    cut.is_full = True
    reset(world, cut)
    world.advance(TOLD_S)
    assert people[1].disconnected == "transport close"
    actor = world.actor("SOCKET", "main")
    before = actor.lives
    world.advance(3_600)
    assert actor.lives - before < 20


def test_a_row_that_could_not_be_deleted_is_by_the_alarm_of_the_same_life(
    world: World, cut: Cut, people: list[Client]
) -> None:
    people[0].emit("announce", "1")
    cut.fate = LOST
    world.advance(4)
    cut.fate, cut.keeps_all = None, True
    world.advance(2)
    cut.keeps_all = False
    for _ in range(40):  # it stays awake
        people[0].emit("join", "0")
        world.advance(1)
    assert left(world) == []
    reset(world, cut)
    world.advance(TOLD_S)
    assert [client.disconnected for client in people] == [None, None, None]


def test_what_cannot_be_noted_is_tried_once_a_call(world: World, cut: Cut, people: list[Client]) -> None:
    cut.is_full = True
    for _ in range(5):
        people[0].emit("announce", "1")
    cut.fate = LOST
    world.advance(3)
    assert cut.written.count(f"put {PREFIX}e0") == 1
    cut.fate = None
    world.advance(20)
    assert len(people[1].received("news")) == 5


def test_a_call_that_brings_nothing_for_anybody_writes_nothing(world: World, cut: Cut, people: list[Client]) -> None:
    people[0].emit("wait")
    world.settle()
    cut.fate = LOST
    cut.written.clear()
    world.advance(5)
    assert cut.written == []


def test_handlers_of_those_that_are_closed_find_the_object_as_it_was_constructed(cut: Cut) -> None:
    told: list[bool] = []
    composition: Any = compose_split(configure, None, {})

    class Late(composition.Socket):
        def __init__(self, ctx: Any, env: Any) -> None:
            super().__init__(ctx, env)
            self.is_constructed = True

        def configure(self, sio: Any) -> None:
            configure(sio)
            sio.on("disconnect", lambda sid, reason: told.append(hasattr(self, "is_constructed")))

    composition.Socket = Late
    with World(composition, {"ENGINE": "Engine", "SOCKET": "Socket"}) as world:
        world.faults, world.env.CF_VERSION_METADATA = cut, world.version
        speaker, listener = world.client(), world.client()
        listener.emit("join", "1")
        world.advance(60)
        speaker.emit("announce", "1")
        cut.fate = LOST
        world.advance(4)
        reset(world, cut)
        world.advance(TOLD_S)
        assert listener.disconnected == "transport close"
    assert told == [True]
