"""`socketio_do.testing`: applications' own entrypoints, unmodified, in one process."""

import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine_do import EngineConfig
from socketio_do.testing import Client, Refused, World

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "packages" / "socketio-do" / "examples"

Load = Callable[..., World]


@pytest.fixture
def load() -> Iterator[Load]:
    """Load a project; what was loaded is closed."""
    worlds: list[World] = []

    def load(project: Path, **env: Any) -> World:
        worlds.append(World.load(project, **env))
        return worlds[-1]

    yield load
    for world in worlds:
        world.close()


@pytest.fixture
def chat() -> Iterator[World]:
    """The chat, in two objects whose calls are RPCs."""
    register = runpy.run_path(str(EXAMPLES / "chat" / "src" / "chat.py"))["register"]
    with World.of(register, is_split=True, config=EngineConfig(path="/socket.io/", stream=False)) as world:
        yield world


def lobby(chat: World) -> tuple[Client, Client]:
    """Have two people in a room."""
    ann, bob = chat.client(auth={"nick": "ann"}), chat.client(auth={"nick": "bob"})
    for one in (ann, bob):
        one.emit("join", "lobby")
    return ann, bob


def say(one: Client, text: str) -> Any:
    return one.call("say", {"room": "lobby", "text": text})


def test_events_acknowledgements_and_rooms(chat: World) -> None:
    ann, bob = lobby(chat)
    assert say(ann, "hi") == "ok"
    assert bob.received("said") == [{"from": "ann", "text": "hi"}]
    assert ann.received("said") == [], "whoever says it does not hear it"


def test_rooms_and_sessions_survive_sleep(chat: World) -> None:
    ann, bob = lobby(chat)
    chat.sleep()
    assert [one.life for one in chat.actors] == [None, None]
    say(ann, "awake?")
    assert bob.received("said") == [{"from": "ann", "text": "awake?"}]
    assert [one.lives for one in chat.actors] == [2, 2]


def test_a_reset_of_the_socket_actor_closes_nobody_who_is_quiet(chat: World) -> None:
    ann, bob = lobby(chat)
    chat.reset("SOCKET")
    say(bob, "still here")
    assert ann.received("said") == [{"from": "bob", "text": "still here"}]
    assert (ann.disconnected, bob.disconnected) == (None, None)


def test_a_reset_of_the_engine_closes_its_sockets_and_the_others_are_told(chat: World) -> None:
    ann, _ = lobby(chat)
    chat.reset("ENGINE")
    assert ann.disconnected == "transport close"
    eve = chat.client(auth={"nick": "eve"})
    eve.emit("join", "lobby")
    chat.advance(120)
    assert sorted(eve.received("left")) == ["ann", "bob"]


def test_a_client_is_refused_with_what_the_application_says(chat: World) -> None:
    with pytest.raises(Refused) as refused:
        chat.client()
    assert refused.value.data == {"message": "tell us your nick"}


def test_clients_leave_with_a_word_and_without_one(chat: World) -> None:
    ann, bob = lobby(chat)
    ann.disconnect()
    assert bob.received("left") == ["ann"]
    eve = chat.client(auth={"nick": "eve"})
    eve.emit("join", "lobby")
    eve.drop()
    assert bob.received("left") == ["ann", "eve"]


def test_a_client_is_pinged_for_days_and_the_socket_actor_sleeps(chat: World) -> None:
    ann, bob = lobby(chat)
    chat.advance(3 * 24 * 3600)
    assert ann.disconnected is None
    assert chat.actor("SOCKET", "main").lives < 4
    say(bob, "good morning")
    assert ann.received("said") == [{"from": "bob", "text": "good morning"}]


def test_what_keeps_an_actor_awake_is_said(chat: World) -> None:
    lobby(chat)
    life = chat.actor("SOCKET", "main").life
    assert life is not None
    release = life.hold("a test")
    with pytest.raises(AssertionError, match=r"SOCKET/main does not sleep: a test"):
        chat.sleep()
    release()
    chat.sleep()


def test_costs_are_counted(chat: World) -> None:
    ann, _ = lobby(chat)
    before = chat.counters("SOCKET", "main")["rpcs_taken"]
    say(ann, "what does it cost?")
    assert chat.counters("SOCKET", "main")["rpcs_taken"] == before + 1


def test_two_worlds_know_nothing_of_each_other(load: Load) -> None:
    one, two = load(EXAMPLES / "chat"), load(EXAMPLES / "chat")
    ann, (bob, _) = one.client(auth={"nick": "ann"}), lobby(two)
    ann.emit("join", "lobby")
    say(ann, "anybody?")
    assert bob.received("said") == []


#: Python functions called for one client that connects, joins nine others, speaks and leaves; it was 4,660 when this was written.
MOST_CALLS = 4_900


def live_a_day(chat: World, clients: int, room: int = 10) -> None:
    """Have clients connect, join rooms, speak there and leave."""
    people = [chat.client(auth={"nick": str(number)}) for number in range(clients)]
    for number, one in enumerate(people):
        one.emit("join", f"room {number // room}")
    for number, one in enumerate(people):
        one.call("say", {"room": f"room {number // room}", "text": "hi all"})
    assert {len(one.received("said")) for one in people} == {room - 1}
    for one in people:
        one.disconnect()


def count_calls(work: Callable[[], None]) -> int:
    """Count the calls of Python functions; as exact as seconds are not."""
    calls = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def test_a_client_takes_few_calls_and_no_more_beside_many(chat: World) -> None:
    live_a_day(chat, 10)
    few, many = count_calls(lambda: live_a_day(chat, 20)) / 20, count_calls(lambda: live_a_day(chat, 200)) / 200
    assert many < MOST_CALLS
    assert many < few * 1.02
