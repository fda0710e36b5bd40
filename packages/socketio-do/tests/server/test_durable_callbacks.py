"""Answers across sleep, resets and deadlines, as clients and applications see them."""

import re
from typing import Any

import pytest
from server_fakes import FakeEvent, Log, World, finish, socket_sid

from shared_wire import CloseSessions, EngineSid
from shared_wire.reasons import Reason
from socketio_do.errors import ConfigError, SessionDataError
from socketio_do.server import backlog
from socketio_do.state import callbacks

S1, S2, S3 = socket_sid(1), socket_sid(2), socket_sid(3)


class Shop:
    """Asks clients to pay, and writes down what becomes of it."""

    def __init__(self, *, told_of_silence: bool = True, **options: Any) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._told_of_silence = told_of_silence
        self.world = World(self._register, **options)

    def _register(self, sio: Any) -> None:
        @sio.on_answer("paid")
        async def paid(context: Any, sid: str, *answer: Any) -> None:
            self.calls.append(("paid", context, sid, *answer))

        if self._told_of_silence:
            sio.on_no_answer("paid", lambda context, sid, reason: self.calls.append((reason, context, sid)))
        assert paid

    def ask(self, timeout: float | None = 30, context: Any = None, **chosen: Any) -> None:
        chosen = chosen or {"to": S1}
        work = self.world.sio.emit("pay", 5, callback="paid", callback_context=context, timeout=timeout, **chosen)
        finish(work)

    def take(self) -> list[tuple[Any, ...]]:
        taken, self.calls = self.calls, []
        return taken


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    for client in ("e1", "e2", "e3"):
        shop.world.connect(client)
    return shop


@pytest.mark.parametrize("resets", [0, 1, 3])
def test_the_answer_comes_to_the_handler_in_whatever_life(shop: Shop, resets: int) -> None:
    shop.ask(context={"order": 7})
    (packet,) = shop.world.take("e1")
    assert packet == '21000["pay",5]'
    for _ in range(resets):
        shop.world.reset()
    shop.world.receive("e1", '31000["card",1]', '31000["again"]')
    assert shop.take() == [("paid", {"order": 7}, S1, "card", 1)]
    shop.world.advance(60)
    assert shop.take() == []


@pytest.mark.parametrize("reset", [False, True])
def test_without_an_answer_the_deadline_comes_by_the_alarm(shop: Shop, reset: bool) -> None:
    shop.ask(timeout=30, context=7)
    if reset:
        shop.world.reset()
    shop.world.advance(29.9)
    assert shop.take() == []
    shop.world.advance(0.2)
    assert shop.take() == [("timeout", 7, S1)]
    shop.world.receive("e1", "31000[]")
    assert shop.take() == []
    assert shop.world.closes() == []


def test_no_timeout_is_the_usual_one(shop: Shop) -> None:
    shop.ask(timeout=None)
    assert shop.world.runtime.alarm_ms == 60_000


def test_the_alarm_is_set_for_the_earliest_deadline_and_then_for_the_next(shop: Shop) -> None:
    shop.ask(timeout=30)
    shop.ask(timeout=10, to=S2)
    shop.ask(timeout=20, to=S3)
    assert shop.world.runtime.alarm_ms == 10_000
    shop.world.reset()
    shop.world.advance(10)
    assert shop.take() == [("timeout", None, S2)]
    assert shop.world.runtime.alarm_ms == 20_000
    shop.world.advance(20)
    assert shop.take() == [("timeout", None, S3), ("timeout", None, S1)]
    assert shop.world.runtime.alarm_ms is None


def test_an_alarm_that_comes_too_early_gives_up_nothing(shop: Shop) -> None:
    shop.ask(timeout=30)
    shop.world.sio.receive_alarm()
    assert shop.take() == []
    assert shop.world.runtime.alarm_ms == 30_000


def test_each_of_a_broadcast_is_told_apart(shop: Shop) -> None:
    shop.ask(timeout=30, context="all", skip_sid=S2)
    assert shop.world.take("e3") == ['21000["pay",5]']
    shop.world.receive("e3", "31000[3]")
    shop.world.receive("e2", "31000[2]")
    shop.world.advance(31)
    assert shop.take() == [("paid", "all", S3, 3), ("timeout", "all", S1)]


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_goes_is_told_at_once_and_once(shop: Shop, reset: bool) -> None:
    shop.ask(context=7)
    if reset:
        shop.world.reset()
    shop.world.close("e1")
    assert shop.take() == [("disconnect", 7, S1)]
    shop.world.advance(60)
    assert shop.take() == []
    assert shop.world.database.rows("sio_callbacks") == []


def test_nobody_asked_expects_nothing(shop: Shop) -> None:
    shop.world.database.take()
    shop.ask(room="nobody")
    assert shop.world.database.take("INSERT") == []
    assert shop.world.database.rows("sio_callbacks") == []
    assert shop.world.runtime.alarm_ms is None


def test_the_oldest_of_too_many_is_given_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "MAX_ACKS", 1)
    shop.ask(context="first")
    shop.world.advance(1)
    shop.ask(context="second")
    assert shop.take() == [("too many", "first", S1)]


def test_without_a_handler_for_silence_the_log_has_a_line(log: Log) -> None:
    shop = Shop(told_of_silence=False)
    shop.world.connect("e1")
    shop.ask(timeout=1)
    shop.world.advance(2)
    assert log.take("WARNING") == [f"= socket {S1}: no answer for 'paid': timeout"]


def test_a_handler_that_a_later_release_does_not_have_is_logged(log: Log) -> None:
    names = ["old", "new"]
    world = World(lambda sio: sio.on_answer(names.pop(0), print))
    world.connect("e1")
    finish(world.sio.emit("pay", to=S1, callback="old"))
    world.reset()
    world.receive("e1", "31000[]")
    assert log.take("WARNING") == ["= an answer came for the handler 'old', which is not there any more"]
    assert world.closes() == []


def test_a_handler_that_raises_is_reported_and_not_called_again(log: Log) -> None:
    calls: list[str] = []

    def paid(context: Any, sid: str) -> None:
        calls.append(sid)
        raise TypeError("its own")

    world = World(lambda sio: sio.on_answer("paid", paid))
    world.connect("e1")
    finish(world.sio.emit("pay", to=S1, callback="paid"))
    world.receive("e1", "31000[]", "31000[]")
    assert calls == [S1]
    assert log.take("ERROR") == ["= handler of 'paid' raised, /"]
    assert world.closes() == []


def test_a_handler_that_a_reset_ends_in_the_middle_is_not_called_again() -> None:
    calls: list[str] = []

    async def paid(context: Any, sid: str) -> None:
        calls.append(sid)
        await FakeEvent().wait()

    world = World(lambda sio: sio.on_answer("paid", paid))
    world.connect("e1")
    finish(world.sio.emit("pay", to=S1, callback="paid", timeout=5))
    world.receive("e1", "31000[]")
    world.reset()
    world.receive("e1", "31000[]")
    world.advance(10)
    assert calls == [S1]


@pytest.mark.parametrize("reset", [False, True])
def test_an_answer_that_is_too_much_to_hold_is_none(monkeypatch: pytest.MonkeyPatch, reset: bool) -> None:
    monkeypatch.setattr(backlog, "MAX_BACKLOG", 5_000)
    shop = Shop()
    shop.world.connect("e1")
    shop.ask(context=7)
    shop.world.receive("e1", f'31000["{"x" * 5_000}"]')
    assert shop.take() == []
    if reset:
        shop.world.reset()
    assert [close for _, close in shop.world.closes()] == [CloseSessions((EngineSid("e1"),), Reason.TRANSPORT_ERROR)]
    shop.world.close("e1")
    assert shop.take() == [("disconnect", 7, S1)]


def test_a_handler_for_silence_that_waits_keeps_no_other_from_being_told() -> None:
    told: list[int] = []

    async def silent(context: int, sid: str, reason: str) -> None:
        told.append(context)
        await FakeEvent().wait()

    shop = Shop()
    shop.world.sio.on_no_answer("paid", silent)
    shop.world.connect("e1")
    for number in range(3):
        shop.ask(context=number)
    shop.world.close("e1")
    assert told == [0, 1, 2]


def test_a_handler_may_ask_again(shop: Shop) -> None:
    again: list[str] = []

    async def silent(context: Any, sid: str, reason: str) -> None:
        again.append(reason)
        if len(again) < 3:
            await shop.world.sio.emit("pay", to=sid, callback="paid", timeout=10)

    shop.world.sio.on_no_answer("paid", silent)
    shop.ask(timeout=10)
    for _ in range(4):
        shop.world.advance(10)
    assert again == ["timeout"] * 3
    assert len(shop.world.take("e1")) == 3


def test_the_children_of_a_parent_are_asked_each() -> None:
    rooms, answers = re.compile("/room-."), list[Any]()

    def register(sio: Any) -> None:
        sio.on("x", print, namespace=rooms)
        sio.on_answer("paid", lambda context, sid, *answer: answers.append((sid, *answer)))

    world = World(register)
    world.connect("e1", "/room-1")
    world.connect("e1", "/room-2")
    finish(world.sio.emit("pay", namespace=rooms, callback="paid"))
    world.reset()
    world.receive("e1", "3/room-2,1001[2]", "3/room-1,1000[1]")
    assert answers == [(S2, 2), (S1, 1)]


def test_a_name_that_nobody_registered_is_refused_before_anything_is_sent(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="on_answer"):
        finish(shop.world.sio.emit("pay", callback="payed"))
    assert shop.world.take("e1") == []


def test_a_context_that_is_not_json_is_refused_before_anything_is_sent(shop: Shop) -> None:
    with pytest.raises(SessionDataError):
        shop.ask(context=object())
    assert shop.world.take("e1") == []


@pytest.mark.parametrize("options", [{"timeout": 1}, {"callback_context": {}}, {"timeout": 1, "callback": print}])
def test_a_deadline_without_a_name_is_refused(shop: Shop, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="by its name"):
        finish(shop.world.sio.emit("pay", **options))
    assert shop.world.take("e1") == []


def test_a_function_in_memory_and_a_name_do_not_disturb_each_other(shop: Shop) -> None:
    answers: list[Any] = []
    finish(shop.world.sio.emit("q", to=S1, callback=answers.append))
    shop.ask()
    shop.world.receive("e1", "31001[2]", "31000[1]")
    assert answers == [1]
    assert shop.take() == [("paid", None, S1, 2)]


def test_without_such_handlers_nothing_is_read_for_answers() -> None:
    world = World()
    world.connect("e1")
    world.database.take()
    world.receive("e1", "37[]", "31000[]")
    world.close("e1")
    assert not [one for one in world.database.statements if "sio_callbacks" in one]
