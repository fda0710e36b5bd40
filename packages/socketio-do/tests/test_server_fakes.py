import sqlite3
from collections.abc import Awaitable

import pytest
from server_fakes import ENGINE, Cancelled, FakeDatabase, FakeEvent, FakeRuntime, Log, Until, World, finish, socket_sid

from shared_wire import AdmitSessions, CloseSessions, EngineSid, SendPackets


def make_runtime() -> FakeRuntime:
    return FakeRuntime(lambda: socket_sid(1))


async def note(trace: list[str], name: str, wait: Awaitable[None] | None = None) -> None:
    trace.append(f"{name} begins")
    if wait is not None:
        await wait
    trace.append(f"{name} ends")


class TestDatabase:
    def test_it_gives_the_first_column_of_the_first_row_as_text(self) -> None:
        database = FakeDatabase()
        assert database.execute("CREATE TABLE t (a, b)") is None
        assert database.execute("INSERT INTO t VALUES (?, ?), ('2', 'y')", "1", "x") is None
        assert database.execute("SELECT 7, a FROM t") == "7"
        assert database.execute("SELECT a FROM t WHERE b = ?", "z") is None
        assert database.rows("t") == [("1", "x"), ("2", "y")]

    def test_it_has_the_json_functions(self) -> None:
        assert FakeDatabase().execute("SELECT json_group_array(value) FROM json_each(?)", "[1,2]") == "[1,2]"

    def test_a_statement_that_fails_raises(self) -> None:
        with pytest.raises(sqlite3.OperationalError):
            FakeDatabase().execute("SELECT nothing")

    def test_the_successor_has_the_rows_and_nothing_that_comes_later(self) -> None:
        old = FakeDatabase()
        old.execute("CREATE TABLE t (a)")
        old.execute("INSERT INTO t VALUES ('kept')")
        new = old.successor()
        old.execute("INSERT INTO t VALUES ('lost')")
        assert new.rows("t") == [("kept",)]
        assert old.rows("t") == [("kept",), ("lost",)]

    def test_statements_are_given_once(self) -> None:
        database = FakeDatabase()
        database.execute("CREATE TABLE t (a)")
        database.execute("SELECT a FROM t")
        assert database.take("SELECT") == ["SELECT a FROM t"]
        assert database.take() == []


class TestRuntime:
    def test_work_of_one_lane_waits_and_other_lanes_do_not(self) -> None:
        runtime, trace, gate = make_runtime(), list[str](), FakeEvent()
        runtime.run(("e1", "a"), lambda: note(trace, "first", gate.wait()))
        runtime.run(("e1", "a"), lambda: note(trace, "second"))
        runtime.run(("e1", "b"), lambda: note(trace, "other"))
        assert trace == ["first begins", "other begins", "other ends"]
        assert [runtime.waiting(("e1", name)) for name in "ab"] == [1, 0]
        assert runtime.used == {("e1", "a"), ("e1", "b")}
        gate.set()
        runtime.settle()
        assert trace[3:] == ["first ends", "second begins", "second ends"]
        assert runtime.tasks == []

    def test_sleep_ends_when_its_time_has_passed(self) -> None:
        runtime, trace = make_runtime(), list[str]()
        task = runtime.start(note(trace, "sleeper", runtime.sleep(2)))
        runtime.advance(1.5)
        assert not task.done
        runtime.advance(0.5)
        assert task.done
        assert trace == ["sleeper begins", "sleeper ends"]

    def test_what_is_to_be_done_later_is_done_once_and_not_by_a_life_that_has_ended(self) -> None:
        runtime, done = make_runtime(), list[str]()
        runtime.later(1, lambda: done.append("first"))
        runtime.advance(0.9)
        assert done == []
        runtime.advance(0.1)
        runtime.later(1, lambda: done.append("second"))
        runtime.end()
        runtime.advance(2)
        assert done == ["first"]

    def test_wait_ends_with_the_event_or_the_time(self) -> None:
        runtime = make_runtime()
        event = runtime.make_event()
        by_event = runtime.start(runtime.wait(event, 10))
        by_time = runtime.start(runtime.wait(runtime.make_event(), 10))
        event.set()
        runtime.settle()
        assert [by_event.done, by_time.done] == [True, False]
        runtime.advance(10)
        assert by_time.done

    def test_a_wait_without_a_time_is_refused_as_a_timer_would(self) -> None:
        runtime = make_runtime()
        with pytest.raises(TypeError):
            runtime.start(runtime.wait(runtime.make_event(), None))  # type: ignore[arg-type]  # the mistake under test

    def test_holds_are_counted_and_let_go_once(self) -> None:
        runtime = make_runtime()
        release = runtime.hold("e1", lambda: None)
        assert runtime.held["e1"] == 1
        release()
        assert runtime.held["e1"] == 0
        with pytest.raises(AssertionError):
            release()

    def test_what_is_sent_is_kept_in_order(self) -> None:
        runtime = make_runtime()
        runtime.send("a", AdmitSessions((EngineSid("e1"),)), SendPackets((EngineSid("e1"),), ("x",)))
        runtime.send("b", CloseSessions((EngineSid("e2"),), "because"))
        assert [actor for actor, _ in runtime.sent] == ["a", "a", "b"]

    def test_a_cancel_ends_the_work_and_not_the_lane(self) -> None:
        runtime, trace = make_runtime(), list[str]()
        runtime.run(("e1", "a"), lambda: note(trace, "first", FakeEvent().wait()))
        runtime.run(("e1", "a"), lambda: note(trace, "second"))
        runtime.cancel()
        assert trace == ["first begins", "second begins", "second ends"]
        assert runtime.tasks == []

    def test_a_background_task_that_is_cancelled_says_so(self) -> None:
        runtime = make_runtime()
        task = runtime.start(FakeEvent().wait())
        with pytest.raises(Cancelled):
            task.cancel()
        assert task.done

    def test_what_raises_is_heard(self) -> None:
        async def fail() -> None:
            raise LookupError

        with pytest.raises(LookupError):
            make_runtime().start(fail())

    def test_the_end_of_a_life_ends_what_is_suspended(self) -> None:
        runtime, trace = make_runtime(), list[str]()
        runtime.start(note(trace, "one", FakeEvent().wait()))
        runtime.end()
        runtime.settle()
        assert trace == ["one begins"]
        assert runtime.tasks == []


class TestFinish:
    def test_it_gives_the_result_of_a_coroutine_that_does_not_yield(self) -> None:
        async def answer() -> int:
            return 42

        assert finish(answer()) == 42

    def test_it_refuses_one_that_yields(self) -> None:
        async def wait() -> None:
            await Until(lambda: False)

        with pytest.raises(AssertionError):
            finish(wait())


class TestWorld:
    def test_sids_are_predictable_and_as_long_as_real_ones(self) -> None:
        world = World()
        assert world.connect("e1") == socket_sid(1)
        assert len(socket_sid(1)) == 20

    def test_a_reset_keeps_the_rows_and_gives_new_sids(self) -> None:
        world = World()
        world.connect("e1")
        before = world.database.rows("sio_sockets")
        server = world.sio
        world.reset()
        assert world.sio is not server
        assert world.database.rows("sio_sockets") == before
        assert world.connect("e2") == socket_sid(2)

    def test_packets_are_taken_once(self) -> None:
        world = World()
        world.open("e1")
        world.receive("e1", "0")
        assert world.take("e1") == ['0{"sid":"' + socket_sid(1) + '"}']
        assert world.take("e1") == []
        assert [actor for actor, _ in world.sends()] == [ENGINE]
        assert world.closes() == []

    def test_what_the_application_does_must_end(self) -> None:
        world = World()
        with pytest.raises(AssertionError):
            world.do(FakeEvent().wait())


class TestLog:
    def test_lines_are_taken_by_level(self, log: Log) -> None:
        world = World()
        world.connect("e1")
        world.receive("e1", "9")
        assert len(log.take("WARNING")) == 1
        assert log.take("WARNING") == []
