"""`socketio_do.testing`: applications' own entrypoints, unmodified, in one process."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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
def chat(load: Load) -> World:
    return load(EXAMPLES / "chat")


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


def test_a_hundred_clients_take_a_moment(chat: World) -> None:
    began = time.perf_counter()
    people = [chat.client(auth={"nick": str(number)}) for number in range(100)]
    for one in people:
        one.emit("join", "lobby")
    say(people[0], "hi all")
    assert [len(one.received("said")) for one in people] == [0, *([1] * 99)]
    for one in people:
        one.disconnect()
    assert time.perf_counter() - began < 10
