from collections.abc import Iterable

import pytest
from wire_fakes import Actor, FakeWire, Pair, Step, advance

from shared_wire import AdmitSessions, Call, EngineSid, MessageReceived, SendPackets

X, Y = EngineSid("x"), EngineSid("y")


def never(engine_sids: Iterable[EngineSid]) -> None:
    raise AssertionError(engine_sids)


def test_a_step_resolved_first_is_not_waited_for() -> None:
    step: Step[int] = Step()
    step.resolve(5)
    seen: list[int] = []

    async def look() -> None:
        seen.append(await step)

    advance(look())
    assert seen == [5]
    assert step.done


def test_resolving_a_step_runs_its_waiter_on_at_once() -> None:
    step: Step[str] = Step()
    seen: list[str] = []

    async def look() -> None:
        seen.append("before")
        seen.append(await step)

    advance(look())
    assert seen == ["before"]
    assert not step.done
    step.resolve("after")
    assert seen == ["before", "after"]


def test_a_step_is_resolved_once_and_awaited_by_one() -> None:
    step: Step[None] = Step()

    async def wait() -> None:
        await step

    advance(wait())
    second = wait()
    with pytest.raises(AssertionError, match="one coroutine"):
        advance(second)
    step.resolve(None)
    with pytest.raises(AssertionError, match="once"):
        step.resolve(None)


def test_a_coroutine_that_awaits_something_else_is_a_failure() -> None:
    class Foreign:
        def __await__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
            yield "surprise"

    async def wait() -> None:
        await Foreign()

    coroutine = wait()
    with pytest.raises(AssertionError, match="surprise"):
        advance(coroutine)
    coroutine.close()


def test_what_a_coroutine_raises_reaches_whoever_ran_it_on() -> None:
    step: Step[None] = Step()

    async def wait() -> None:
        await step
        raise LookupError("late")

    advance(wait())
    with pytest.raises(LookupError, match="late"):
        step.resolve(None)


def test_a_wire_records_a_call_until_it_is_failed() -> None:
    wire = FakeWire()
    results: list[bytes | None] = []

    async def talk() -> None:
        results.append(await wire.call("peer", b"data"))

    wire.start(talk())
    assert [(journey.peer, journey.data) for journey in wire.journeys] == [("peer", b"data")]
    assert not wire.idle
    assert results == []
    wire.fail()
    assert results == [None]
    assert wire.idle
    assert wire.calls_made == 1


def test_a_wire_with_a_stream_tells_what_became_of_a_call() -> None:
    wire, heard = FakeWire(), list[bytes | None]()
    assert not wire.say("peer", b"data", heard.append)
    wire.has_stream = True
    assert wire.say("peer", b"data", heard.append)
    assert wire.say("peer", b"more", heard.append)
    assert heard == []
    wire.journeys.pop().answer.resolve(b"reply")
    wire.fail()
    assert heard == [b"reply", None]
    assert wire.idle


def test_a_wire_holds_a_pause_until_it_is_ended() -> None:
    wire = FakeWire()
    seen: list[str] = []

    async def wait() -> None:
        await wire.pause(3)
        seen.append("over")

    wire.start(wait())
    assert [pause.attempt for pause in wire.pauses] == [3]
    assert not wire.idle
    wire.wake()
    assert seen == ["over"]
    assert wire.idle


def test_a_wire_records_deliveries_and_losses() -> None:
    wire = FakeWire()
    wire.deliver("peer", (AdmitSessions((X,)),), never)
    wire.lose("peer", (X,))
    assert wire.delivered == [AdmitSessions((X,))]
    assert wire.lost == [X]


def test_a_wire_tells_whoever_wants_to_know_of_a_loss() -> None:
    told: list[tuple[str, tuple[EngineSid, ...] | None]] = []
    wire = FakeWire(loser=lambda peer, engine_sids: told.append((peer, engine_sids)))
    wire.lose("peer", (X,))
    assert told == [("peer", (X,))]


def test_a_wire_is_done_when_its_handler_is() -> None:
    gate: Step[None] = Step()
    seen: list[EngineSid] = []
    wire = FakeWire(lambda peer, _operations: gate if peer == "slow" else None)
    wire.deliver("quick", (MessageReceived(X, ""), MessageReceived(X, "")), seen.extend)
    wire.deliver("slow", (MessageReceived(Y, ""), AdmitSessions((X,))), seen.extend)
    assert seen == [X]
    assert not wire.may_sleep
    gate.resolve(None)
    assert seen == [X, Y]
    assert wire.may_sleep


def test_a_wire_is_done_with_each_session_when_its_own_step_is() -> None:
    gate: Step[None] = Step()
    seen: list[EngineSid] = []
    wire = FakeWire(lambda _peer, _operations: {X: gate})
    wire.deliver("peer", (MessageReceived(X, ""), MessageReceived(Y, "")), seen.extend)
    assert seen == [Y]
    gate.resolve(None)
    assert seen == [Y, X]


def test_a_wire_has_nothing_to_be_done_with_where_no_session_is_concerned() -> None:
    FakeWire().deliver("peer", (AdmitSessions((X,)),), never)


def test_a_wire_may_not_sleep_while_a_link_needs_it_awake() -> None:
    wire = FakeWire()
    wire.stay_awake("peer", True)
    wire.stay_awake("another", True)
    wire.stay_awake("peer", False)
    assert wire.awake == {"another"}
    assert not wire.may_sleep
    wire.stay_awake("another", False)
    assert wire.may_sleep


@pytest.mark.parametrize("needed", [True, False])
def test_a_wire_is_told_only_what_changes(needed: bool) -> None:
    wire = FakeWire()
    if needed:
        wire.stay_awake("peer", True)
    with pytest.raises(AssertionError, match="twice"):
        wire.stay_awake("peer", needed)


def test_a_wire_may_sleep_again_after_work_that_raised() -> None:
    wire = FakeWire()

    async def work() -> None:
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        wire.start(work())
    assert wire.may_sleep


def test_an_actor_sleeps_only_when_it_may() -> None:
    actor = Actor("engine", peer_holds_sockets=False)
    actor.sleep()
    assert actor.lives == 2
    actor.driver.send("socket", MessageReceived(X, "hello"))
    with pytest.raises(AssertionError, match="stay awake"):
        actor.sleep()
    assert actor.lives == 2


def test_a_restart_begins_a_later_life_with_nothing_under_way() -> None:
    actor = Actor("engine", peer_holds_sockets=False)
    old_life, old_wire = actor.life, actor.wire
    actor.driver.send("socket", MessageReceived(X, "hello"))
    actor.restart()
    assert actor.life > old_life
    assert actor.wire.idle
    assert not old_wire.idle


def test_a_pair_moves_a_call_and_its_reply_by_hand() -> None:
    pair = Pair()
    pair.engine.driver.send("socket", MessageReceived(X, "hello"))
    assert isinstance(pair.engine.wire.journeys[0].frame, Call)
    reply = pair.arrive(pair.engine)
    assert pair.socket.wire.delivered == [MessageReceived(X, "hello")]
    assert not pair.engine.wire.idle
    pair.finish(pair.engine, reply)
    assert pair.engine.wire.idle


def test_a_pair_settles_when_both_sides_have_said_everything() -> None:
    pair = Pair()
    pair.engine.driver.send("socket", MessageReceived(X, "up"))
    pair.socket.driver.send("engine", SendPackets((X,), ("down",)))
    pair.settle()
    assert pair.socket.wire.delivered == [MessageReceived(X, "up")]
    assert pair.engine.wire.delivered == [SendPackets((X,), ("down",))]


def test_settling_ends_pauses() -> None:
    pair = Pair()
    pair.engine.driver.send("socket", MessageReceived(X, "up"))
    pair.engine.wire.fail()
    assert [pause.attempt for pause in pair.engine.wire.pauses] == [2]
    pair.settle()
    assert pair.engine.wire.idle


def test_a_pair_that_never_stops_talking_is_a_failure() -> None:
    pair = Pair()
    pair.socket.wire.handler = lambda _peer, _operations: pair.socket.driver.send(
        "engine", SendPackets((X,), ("ping",))
    )
    pair.engine.wire.handler = lambda _peer, _operations: pair.engine.driver.send("socket", MessageReceived(X, "pong"))
    pair.engine.driver.send("socket", MessageReceived(X, "serve"))
    with pytest.raises(AssertionError, match="never stop"):
        pair.settle()


def test_what_is_deferred_is_done_at_once_unless_a_test_keeps_it() -> None:
    wire, done = FakeWire(), list[int]()
    wire.defer(lambda: done.append(1))
    wire.deferred = []
    wire.defer(lambda: done.append(2))
    assert done == [1]
    wire.deferred[0]()
    assert done == [1, 2]
