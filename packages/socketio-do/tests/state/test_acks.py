import pytest
from server_fakes import Log

from socketio_do.limits import MAX_ACKS
from socketio_do.state.acks import ACK_IDS, Acks


def answer(*args: object) -> None:
    """Stand for a callback."""


def other(*args: object) -> None:
    """Stand for another callback."""


def test_ids_go_up_from_the_first_id_of_the_life() -> None:
    acks = Acks(700)
    assert [acks.make_id(), acks.make_id(), acks.make_id()] == [700, 701, 702]


def test_ids_stay_below_what_every_official_client_reads() -> None:
    acks = Acks(1_795_716_994_941)
    assert 0 <= acks.make_id() < ACK_IDS == 2**30
    acks = Acks(2**40 - 2)
    assert [acks.make_id() for _ in range(4)] == [ACK_IDS - 2, ACK_IDS - 1, 0, 1]
    assert [acks.is_of_this_life(number) for number in (ACK_IDS - 3, ACK_IDS - 2, ACK_IDS - 1, 0, 1, 2)] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]


def test_a_callback_is_taken_once() -> None:
    acks = Acks(1)
    acks.add("s1", 1, answer)
    assert acks.take("s1", 1) is answer
    assert acks.take("s1", 1) is None


def test_callbacks_come_in_the_order_the_client_answers() -> None:
    acks = Acks(1)
    acks.add("s1", 1, answer)
    acks.add("s1", 2, other)
    assert acks.take("s1", 2) is other
    assert acks.take("s1", 1) is answer


def test_one_id_may_be_answered_by_many_sockets() -> None:
    acks = Acks(1)
    acks.add("s1", 1, answer)
    acks.add("s2", 1, other)
    assert acks.take("s2", 1) is other
    assert acks.take("s2", 1) is None
    assert acks.take("s1", 1) is answer


def test_an_acknowledgement_of_another_socket_answers_nobody() -> None:
    acks = Acks(1)
    acks.add("s1", 1, answer)
    assert acks.take("s2", 1) is None
    assert acks.take("s1", 1) is answer


def test_an_id_never_given_answers_nobody() -> None:
    acks = Acks(1)
    acks.add("s1", 1, answer)
    assert [acks.take("s1", number) for number in (0, -1, 2, 2**60)] == [None] * 4


@pytest.mark.parametrize(("number", "known"), [(9, False), (10, True), (11, True), (12, False), (0, False)])
def test_an_id_of_an_earlier_life_is_told_from_one_of_this(number: int, known: bool) -> None:
    acks = Acks(10)
    acks.make_id()
    acks.make_id()
    assert acks.is_of_this_life(number) == known


def test_whether_somebody_waits_is_told_until_the_callback_is_taken() -> None:
    acks = Acks(1)
    acks.add("s1", 1, answer)
    assert [acks.waits("s1", 1), acks.waits("s1", 2), acks.waits("s2", 1)] == [True, False, False]
    acks.take("s1", 1)
    assert not acks.waits("s1", 1)


def test_what_a_socket_waited_for_is_dropped_with_it_and_reported(log: Log) -> None:
    acks, lost = Acks(1), list[str]()
    acks.add("s1", 1, answer)
    acks.add("s1", 2, answer, lambda: lost.append("s1"))
    acks.add("s2", 1, answer)
    acks.drop("s1")
    acks.drop("nobody")
    assert acks.take("s1", 1) is None
    assert acks.take("s2", 1) is answer
    assert lost == ["s1"]
    assert log.take("WARNING") == ["= socket s1: 1 callbacks are lost: it is gone"]


def test_a_socket_that_waited_for_nothing_drops_in_silence(log: Log) -> None:
    acks = Acks(1)
    acks.add("s1", 1, answer)
    acks.take("s1", 1)
    acks.drop("s1")
    assert log.lines == []


def test_ids_are_not_given_again_after_a_drop() -> None:
    acks = Acks(1)
    acks.add("s1", acks.make_id(), answer)
    acks.drop("s1")
    assert acks.make_id() == 2


def test_of_too_many_unanswered_the_oldest_is_lost(log: Log) -> None:
    acks, lost = Acks(1), list[int]()
    for number in range(MAX_ACKS + 1):
        acks.add("s1", number, answer, lambda number=number: lost.append(number))  # type: ignore[misc]  # mypy: a default
    assert lost == [0]
    acks.add("s2", 0, answer)
    acks.add("s1", -1, answer)
    assert lost == [0, 1]
    assert log.lines == []


def test_a_lost_plain_callback_is_logged_with_the_reason(log: Log) -> None:
    acks = Acks(1)
    for number in range(MAX_ACKS + 1):
        acks.add("s1", number, answer)
    assert log.take("WARNING") == ["= socket s1: 1 callbacks are lost: it leaves too many unanswered"]
    assert not acks.waits("s1", 0)
    assert acks.waits("s1", MAX_ACKS)
