"""Clients that poll do not keep a deploy from their object: a quiet moment lets it sleep, and nobody's session is touched."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from engine_do import EngineConfig
from engine_do.session.quiet import QUIET_MS
from shared_wire.testing import Actor, Faults
from socketio_do.testing import Client, World

#: After so long a deploy resets an object that has not slept, where nothing else is configured.
MAX_DELAY_S = 300
QUIET_S = QUIET_MS / 1000


def configure(sio: Any) -> None:
    @sio.event
    async def say(sid: str, text: str) -> str:
        await sio.emit("said", text)
        return text

    @sio.event
    async def work(sid: str, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"


@pytest.fixture(params=[False, True], ids=["one object", "split"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with World.of(configure, is_split=request.param) as made:
        yield made


@pytest.fixture
def people(world: World) -> list[Client]:
    """Two clients that poll, and one on a WebSocket, in one object; the alarm has looked at them."""
    made = [world.client(transport=transport) for transport in ("polling", "polling", "websocket")]
    world.advance(60)
    return made


def engine(world: World) -> Actor:
    found: list[Actor] = [one for one in world.actors if one.binding in ("CHAT", "ENGINE")]
    return found[0]


def quiet(world: World, seconds: float = MAX_DELAY_S) -> float:
    """Let time pass until the object has slept; returns how long that took."""
    lives = engine(world).lives
    for passed in range(int(seconds)):
        world.advance(1)
        if engine(world).life is None:
            assert engine(world).lives == lives
            return passed
    return float("inf")


def everybody_hears(world: World, people: list[Client], text: str) -> None:
    for number, one in enumerate(people):
        assert one.call("say", f"{text} {number}") == f"{text} {number}"
    world.advance(QUIET_S)
    for one in people:
        assert one.received("said")[-len(people) :] == [f"{text} {number}" for number in range(len(people))]
        assert one.disconnected is None


def test_an_object_whose_clients_poll_never_sleeps(world: World, people: list[Client]) -> None:
    assert quiet(world) == float("inf")
    everybody_hears(world, people, "as ever")


def test_after_a_deploy_it_sleeps_within_the_delay_and_everybody_stays(world: World, people: list[Client]) -> None:
    for release in range(3):
        lives = engine(world).lives
        world.deploy()
        assert quiet(world) < 40, "a ping interval, and the time it takes to fall asleep"
        world.advance(30)
        assert engine(world).lives == lives + 1, "the clients have come back, and it is awake"
        assert quiet(world, 60) == float("inf")
        everybody_hears(world, people, f"release {release}")


def test_gets_that_are_held_for_different_times_are_answered_together() -> None:
    seldom = EngineConfig(path="/socket.io/", ping_interval_ms=600_000, ping_timeout_ms=700_000)
    with World.of(configure, config=seldom) as world:
        people = []
        for _ in range(3):
            people.append(world.client(transport="polling"))
            world.advance(8)
        world.deploy()
        assert quiet(world) < 40
        everybody_hears(world, people, "deployed")


def test_what_is_said_in_a_quiet_moment_arrives_at_its_end(world: World, people: list[Client]) -> None:
    world.deploy()
    quiet(world)
    *_, speaker = people
    assert speaker.call("say", "now") == "now"
    assert [one.received("said") for one in people] == [[], [], ["now"]]
    world.advance(QUIET_S)
    assert [one.received("said") for one in people] == [["now"]] * 3
    everybody_hears(world, people, "later")


def test_a_reset_in_a_quiet_moment_costs_no_session_that_rested(world: World, people: list[Client]) -> None:
    world.deploy()
    quiet(world)
    world.reset(engine(world).binding)
    world.advance(60)
    assert [one.disconnected for one in people] == [None, None, "transport close"]
    everybody_hears(world, people[:2], "still here")


def test_a_reset_of_an_object_in_which_a_handler_waited_costs_all_sessions_there(
    world: World, people: list[Client]
) -> None:
    asker, other, _ = people
    world.deploy()
    asker.emit("work", 110)
    world.advance(100)
    world.reset(engine(world).binding)
    world.advance(60)
    assert (asker.disconnected, other.disconnected) == ("transport close", "transport close")


def test_what_comes_to_a_session_that_rested_wakes_it_for_good(world: World, people: list[Client]) -> None:
    world.deploy()
    quiet(world)
    *_, speaker = people
    speaker.call("say", "now")  # it waits in memory for those who poll, whose rows are gone
    world.reset(engine(world).binding)
    world.advance(60)
    assert [one.disconnected for one in people[:2]] == ["transport close"] * 2


def test_without_a_version_nothing_is_sought(world: World, people: list[Client]) -> None:
    world.version.id = ""
    assert quiet(world) == float("inf")


class Unwritten(Faults):
    """Sessions that poll cannot be written down."""

    def write(self, owner: Actor, what: str) -> str | None:
        return (
            "Error: database or disk is full: SQLITE_FULL"
            if what.startswith("INSERT OR REPLACE INTO engine_do")
            else None
        )


def test_where_sessions_cannot_be_written_down_the_object_stays_awake_and_everybody_is_served(
    world: World, people: list[Client], caplog: pytest.LogCaptureFixture
) -> None:
    world.faults = Unwritten()
    with caplog.at_level(logging.CRITICAL, "shared_wire"):  # what is logged as an error is a failure to the kit
        world.deploy()
        assert quiet(world, 60) == float("inf")
    everybody_hears(world, people, "as ever")
