import pytest

from socketio_do.limits import MAX_BACKLOG, MAX_BACKLOG_OF_ALL
from socketio_do.server.backlog import PACKET_OVERHEAD, Backlog

MEGABYTE = 1_000_000


async def nothing() -> None:
    """Stand for the work of a packet."""


@pytest.fixture
def cancelled() -> list[str]:
    return []


@pytest.fixture
def backlog(cancelled: list[str]) -> Backlog:
    return Backlog(cancelled.append)


def test_a_session_that_holds_too_much_must_be_closed(backlog: Backlog) -> None:
    closed = [backlog.add("a", nothing, MEGABYTE)[1] for _ in range(8)]
    assert closed == [None] * 7 + ["a"]


def test_small_packets_count_for_what_they_take_besides_their_bytes(backlog: Backlog) -> None:
    closed = [backlog.add("a", nothing, 1)[1] for _ in range(MAX_BACKLOG // PACKET_OVERHEAD + 1)]
    assert closed[-1] == "a"
    assert not any(closed[:-10])


def test_over_the_limit_of_all_whoever_holds_most_must_be_closed(backlog: Backlog) -> None:
    for number in range(3):
        for _ in range(7 - number):
            assert backlog.add(f"s{number}", nothing, MAX_BACKLOG_OF_ALL // 20)[1] is None
    assert [backlog.add("late", nothing, MAX_BACKLOG_OF_ALL // 20)[1] for _ in range(3)][-1] == "s0"


def test_what_is_done_is_held_no_longer(backlog: Backlog) -> None:
    for _ in range(100):
        held, closed = backlog.add("a", nothing, MEGABYTE)
        assert closed is None
        backlog.end("a", held)
        backlog.end("a", held)


def test_half_received_bytes_count_with_the_packets(backlog: Backlog) -> None:
    assert backlog.hold("a", MAX_BACKLOG - PACKET_OVERHEAD) is None
    held, closed = backlog.add("a", nothing, 10)
    assert closed == "a"
    backlog.end("a", held)
    backlog.release("a", MAX_BACKLOG - PACKET_OVERHEAD)
    assert backlog.add("a", nothing, 7 * MEGABYTE)[1] is None


def test_what_a_session_has_waiting_is_given_up_when_it_is_dropped(backlog: Backlog, cancelled: list[str]) -> None:
    first, _ = backlog.add("a", nothing, MEGABYTE)
    running, _ = backlog.add("a", nothing, MEGABYTE)
    running.task = "running"
    done, _ = backlog.add("a", nothing, MEGABYTE)
    done.task = "done"
    backlog.end("a", done)
    other, _ = backlog.add("b", nothing, MEGABYTE)
    backlog.drop("a")
    assert (first.work, other.work) == (None, nothing)
    assert cancelled == ["running"]
    backlog.end("a", first)
    again, closed = backlog.add("a", nothing, 7 * MEGABYTE)
    assert closed is None
    assert again.work is nothing
