"""The demo as it is deployed, its objects and the Worker in front of them, in one process and in virtual time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from socketio_do.testing import Client, Refused, World

DEMO = Path(__file__).parents[1]


@pytest.fixture
def split() -> Iterator[World]:
    """The composition with two objects."""
    with World.load(DEMO, PLACEMENT="split") as world:
        yield world


def enter(world: World, nick: str, **options: Any) -> Client:
    client = world.client(auth={"nick": nick}, **options)
    client.call("join", {"room": "lobby"})
    return client


def say(client: Client, text: str) -> Any:
    return client.call("say", {"room": "lobby", "id": "message-0001", "text": text})


def test_people_talk_across_sleep_and_come_back_after_a_reset(world: World) -> None:
    ann, bob = enter(world, "Ann"), enter(world, "Bob", transport="polling")
    say(ann, "hello")
    world.advance(60)
    say(ann, "still there?")
    assert [said["text"] for said in bob.received("said")] == ["hello", "still there?"]
    world.reset("Chat")
    again = enter(world, "Ann")
    assert say(again, "and now?")["ok"]
    assert (ann.disconnected, bob.disconnected) == ("transport close", "transport close")


def test_people_talk_across_a_reset_of_the_application_alone(split: World) -> None:
    ann, bob = enter(split, "Ann"), enter(split, "Bob", transport="polling")
    say(ann, "hello")
    split.advance(60)
    split.reset("Socket")
    say(ann, "and now?")
    assert [said["text"] for said in bob.received("said")] == ["hello", "and now?"]


def test_a_quiet_room_wakes_nobody_but_the_alarm(world: World) -> None:
    for nick in ("Ann", "Bob", "Eve"):
        enter(world, nick)
    world.advance(60)
    world.sleep()
    world.advance(3_600)
    assert (world.cost.rpcs, world.cost.frames) == (0, 0)
    assert world.cost.alarms <= 3_600 / 25 + 1


def test_strangers_are_refused(world: World) -> None:
    with pytest.raises(Refused, match="A nickname has 1 to 24 printable characters"):
        world.client()


def test_the_worker_answers_besides(world: World) -> None:
    assert world.fetch("/counters").status == 200


def test_without_a_token_announcements_are_off(world: World) -> None:
    answer = world.fetch("/announce", method="POST", body="{}", headers={"Authorization": "Bearer "})
    assert answer.status == 404
    assert "ANNOUNCE_TOKEN" in str(answer.data)


def test_whoever_loses_the_line_keeps_a_place_and_gets_what_was_said(world: World) -> None:
    ann, bob = enter(world, "Ann"), enter(world, "Bob")
    bob.drop()
    say(ann, "while you were away")
    world.advance(20)
    assert bob.come_back()
    assert [said["text"] for said in bob.received("said")] == ["while you were away"]
    assert ann.received("left") == []
    bob.drop()
    world.advance(31)
    assert [left["id"] for left in ann.received("left")] == [bob.sid]
    assert not bob.come_back()
