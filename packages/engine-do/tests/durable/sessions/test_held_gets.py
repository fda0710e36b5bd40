"""Sessions that poll in front of an application, and their rows, on SQLite."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine_do.protocol.ids import EngineSid
from engine_do.session.polling import Polling
from engine_do.session.session import Session
from shared_wire.testing.modules import install
from shared_wire.testing.storage import ObjectStorage

install()
from engine_do.durable.sessions.held_gets import HeldGets  # noqa: E402 - its package imports what the line before puts in place
from engine_do.durable.sessions.resting_rows import RestingRows  # noqa: E402

SIDS = [EngineSid(f"s{number}") for number in range(3)]


class Object:
    """The storage of an object, and how many hold it awake."""

    def __init__(self) -> None:
        self.holders = 0
        #: Begins of statements that fail; and how many are still taken before.
        self.failing, self.taken = "nothing", 0
        self.storage = ObjectStorage(lambda *_: None, lambda _: None)
        self._exec = self.storage.sql.exec
        self.storage.sql.exec = self._run  # type: ignore[method-assign,assignment]

    def _run(self, statement: str, *arguments: object) -> object:
        if statement.startswith(self.failing):
            self.taken -= 1
            if self.taken < 0:
                raise OSError("the disk is full")
        return self._exec(statement, *arguments)

    def hold(self) -> Callable[[], None]:
        self.holders += 1
        return self._let_go

    def _let_go(self) -> None:
        self.holders -= 1

    def begin_life(self) -> HeldGets:
        return HeldGets(None, RestingRows(self.storage.sql, Counter()), self.hold)


def make(engine_sid: EngineSid, *waiting: str) -> Polling:
    return Polling(session=Session(engine_sid=engine_sid, pinged_ms=0), outbox=waiting, is_stored=False)


@pytest.fixture
def place() -> Object:
    return Object()


@pytest.fixture
def polls(place: Object) -> HeldGets:
    made = place.begin_life()
    for engine_sid in SIDS:
        made.put(make(engine_sid))
    return made


def test_sessions_that_rest_let_the_object_sleep_and_are_there_in_the_next_life(place: Object, polls: HeldGets) -> None:
    assert place.holders == 1
    polls.rest()
    assert place.holders == 0
    assert [one.session.engine_sid for one in place.begin_life().all()] == SIDS


def test_where_one_cannot_be_written_none_rests_and_no_row_outlasts_what_happens_next(
    place: Object, polls: HeldGets
) -> None:
    place.failing, place.taken = "INSERT", 2
    with pytest.raises(OSError, match="full"):
        polls.rest()
    assert place.holders == 1
    polls.put(make(SIDS[0], "4something"))
    assert place.begin_life().all() == []
    place.failing = "nothing"
    polls.rest()
    assert place.holders == 0
    assert [one.outbox for one in place.begin_life().all()] == [("4something",), (), ()]


def test_where_there_can_be_no_table_sessions_go_on(place: Object, polls: HeldGets) -> None:
    place.failing = "CREATE"
    with pytest.raises(OSError, match="full"):
        polls.rest()
    polls.put(make(SIDS[0], "4something"))
    assert [one.outbox for one in polls.all()] == [("4something",), (), ()]
    assert place.holders == 1


@pytest.mark.parametrize("end", [HeldGets.drop, HeldGets.store])
def test_who_ends_keeps_nobody_awake(
    place: Object, polls: HeldGets, end: Callable[[HeldGets, EngineSid], None]
) -> None:
    polls.rest()
    polls.put(replace(make(SIDS[0]), switched=True))
    assert place.holders == 1
    end(polls, SIDS[0])
    assert place.holders == 0
    assert [one.session.engine_sid for one in place.begin_life().all()] == SIDS[1:]
