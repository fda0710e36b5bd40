from typing import Any

from socketio_do.acks import Acks


def answer(*args: Any) -> None:
    """Stand for a callback."""


def other(*args: Any) -> None:
    """Stand for another callback."""


def test_ids_go_up_from_the_first_id_of_the_life_for_all_sockets_together() -> None:
    acks = Acks(700)
    assert [acks.add("s1", answer), acks.add("s2", answer), acks.add("s1", answer)] == [700, 701, 702]


def test_a_callback_is_taken_once() -> None:
    acks = Acks(1)
    number = acks.add("s1", answer)
    assert acks.take("s1", number) is answer
    assert acks.take("s1", number) is None


def test_callbacks_come_in_the_order_the_client_answers() -> None:
    acks = Acks(1)
    first, second = acks.add("s1", answer), acks.add("s1", other)
    assert acks.take("s1", second) is other
    assert acks.take("s1", first) is answer


def test_an_acknowledgement_of_another_socket_answers_nobody() -> None:
    acks = Acks(1)
    number = acks.add("s1", answer)
    assert acks.take("s2", number) is None
    assert acks.take("s1", number) is answer


def test_an_id_never_given_answers_nobody() -> None:
    acks = Acks(1)
    acks.add("s1", answer)
    assert [acks.take("s1", number) for number in (0, -1, 2, 2**60)] == [None] * 4


def test_an_acknowledgement_for_an_earlier_life_answers_nobody() -> None:
    old = Acks(10).add("s1", answer)
    acks = Acks(5_000)
    acks.add("s1", answer)
    assert acks.take("s1", old) is None


def test_whether_somebody_waits_is_told_until_the_callback_is_taken() -> None:
    acks = Acks(1)
    number = acks.add("s1", answer)
    assert [acks.waits("s1", number), acks.waits("s1", number + 1), acks.waits("s2", number)] == [True, False, False]
    acks.take("s1", number)
    assert not acks.waits("s1", number)


def test_what_a_socket_waited_for_is_dropped_with_it() -> None:
    acks = Acks(1)
    gone, kept = acks.add("s1", answer), acks.add("s2", answer)
    acks.drop("s1")
    acks.drop("nobody")
    assert acks.take("s1", gone) is None
    assert acks.take("s2", kept) is answer


def test_ids_are_not_given_again_after_a_drop() -> None:
    acks = Acks(1)
    first = acks.add("s1", answer)
    acks.drop("s1")
    assert acks.add("s1", answer) > first
