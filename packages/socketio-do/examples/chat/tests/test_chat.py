"""The chat in one process: its own entrypoint and configuration, in virtual time."""

import pytest

from socketio_do.testing import Client, Refused, World


def enter(world: World, nick: str) -> Client:
    client = world.client(auth={"nick": nick})
    client.emit("join", "lobby")
    return client


def test_rooms_survive_sleep(world: World) -> None:
    ann, bob = enter(world, "ann"), enter(world, "bob")
    world.sleep()
    assert ann.call("say", {"room": "lobby", "text": "hi"}) == "ok"
    assert bob.received("said") == [{"from": "ann", "text": "hi"}]
    assert world.cost.frames == 1


def test_who_leaves_is_missed_at_once_and_who_vanishes_after_a_while(world: World) -> None:
    ann, bob, eve = (enter(world, nick) for nick in ("ann", "bob", "eve"))
    bob.disconnect()
    assert ann.received("left") == ["bob"]
    eve.vanish()
    world.advance(seconds=200)
    assert ann.received("left") == ["bob", "eve"]


def test_a_reset_takes_the_connections_and_nobody_stays_behind(world: World) -> None:
    ann, bob = enter(world, "ann"), enter(world, "bob")
    world.reset("CHAT")
    assert (ann.disconnected, bob.disconnected) == ("transport close", "transport close")
    again = enter(world, "ann")
    world.advance(seconds=60)
    assert sorted(again.received("left")) == ["ann", "bob"]


def test_strangers_are_refused(world: World) -> None:
    with pytest.raises(Refused) as refused:
        world.client()
    assert refused.value.data == {"message": "tell us your nick"}
