"""Clients that poll do not keep a deploy from their object: a quiet moment lets it sleep, and nobody's session is touched."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from engine_do import EngineConfig
from engine_do.session.quiet import QUIET_MS
from shared_wire.testing import Actor, Faults, Response
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


def begin_moment(world: World) -> None:
    """Let time pass until a quiet moment has just begun, and the object does not sleep yet."""
    world.deploy()
    while not engine(world).storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'engine_do_resting'").toArray():
        world.advance(0.5)


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


class _FullDisk(Faults):
    """Every other session that is to rest cannot be written."""

    count = 0

    def write(self, owner: Actor, what: str) -> str | None:
        if not (what.startswith("INSERT") and "engine_do_resting" in what):
            return None
        self.count += 1
        return "database or disk is full" if self.count % 2 == 0 else None


def test_where_sessions_cannot_be_written_down_they_go_on(world: World, people: list[Client]) -> None:
    world.faults = disk = _FullDisk()
    world.raises_errors = False
    world.deploy()
    world.advance(MAX_DELAY_S)
    assert disk.count == 6, "three moments in this time, and each ends with the first failure"
    everybody_hears(world, people, "still here")
    world.reset(engine(world).binding)
    world.advance(60)
    assert [one.disconnected for one in people] == ["transport close"] * 3, "no row of what was is left"


class _Joining:
    """A client that polls, opens a WebSocket at once, and goes over to it when its GET is answered: as stock clients do."""

    def __init__(self, world: World) -> None:
        self.world, self.path = world, "/socket.io/?EIO=4"
        opened = world.fetch(f"{self.path}&transport=polling").data.decode()
        self.path += f"&sid={json.loads(opened[1:])['sid']}"
        self.answers: list[Response] = []
        self.frames: list[str | bytes] = []
        self.closed: list[int] = []

    def poll(self) -> None:
        async def get() -> None:
            self.answers.append(await self.world.ask(f"{self.path}&transport=polling"))

        self.world.loop.create_task(get())
        self.world.settle()

    def probe(self) -> None:
        self.socket = self.world.connect(f"{self.path}&transport=websocket")
        self.socket.listen(self.frames.append, lambda code, _: self.closed.append(code))
        self.socket.send("2probe")
        self.world.settle()

    def post(self, body: str) -> None:
        assert self.world.fetch(f"{self.path}&transport=polling", method="POST", body=body).status == 200


def test_who_connects_in_a_quiet_moment_does_not_wait_for_its_end(world: World, people: list[Client]) -> None:
    begin_moment(world)
    joining = _Joining(world)
    joining.poll()
    joining.post("40")
    assert [one.data[:2] for one in joining.answers] == [b"40"]


@pytest.mark.parametrize("probes_first", [False, True])
def test_who_upgrades_in_a_quiet_moment_gets_there(world: World, people: list[Client], probes_first: bool) -> None:
    begin_moment(world)
    joining = _Joining(world)
    joining.post("40")
    joining.poll()
    for act in (joining.probe, joining.poll) if probes_first else (joining.poll, joining.probe):
        act()
    assert joining.frames == ["3probe"]
    world.advance(QUIET_S)
    assert (len(joining.answers), joining.closed) == (2, []), (
        "the WebSocket waits for its client, who waits for its GET"
    )
    joining.socket.send("5")
    joining.socket.send('421["say","up"]')
    world.advance(1)
    assert joining.frames[-1] == '431["up"]'


class _Gradual:
    """The versions of a gradual deployment: each second request comes in through the newer one."""

    count = 0

    @property
    def id(self) -> str:
        self.count += 1
        return f"version {self.count % 2}"


def test_a_gradual_deployment_has_two_moments_an_hour(world: World, people: list[Client]) -> None:
    world.env.CF_VERSION_METADATA = _Gradual()
    lives = engine(world).lives
    world.advance(3_600)
    assert 1 <= engine(world).lives - lives <= 2
    everybody_hears(world, people, "as ever")
