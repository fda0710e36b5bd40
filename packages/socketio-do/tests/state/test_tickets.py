import pytest

from socketio_do.state.tickets import Ticket


@pytest.mark.parametrize("ticket", [Ticket("s" * 20, ""), Ticket('"\\\u00fc', "0.0.0"), Ticket("s", "f.7.0", True)])
def test_it_is_read_as_it_was_written(ticket: Ticket) -> None:
    assert Ticket.read(ticket.write()) == ticket


def test_a_socket_without_one_has_none() -> None:
    assert Ticket.read("") is None


def test_one_that_was_written_before_anybody_was_recovered_by_it() -> None:
    assert Ticket.read('["s", "3.1.0"]') == Ticket("s", "3.1.0", recovered_ms=None)


def test_what_a_later_release_has_appended_is_left_out() -> None:
    assert Ticket.read('["s", "3.1.0", null, "weur", {"more": 1}]') == Ticket("s", "3.1.0", recovered_ms=None)


@pytest.mark.parametrize("said", ["", "secre", "secrett", "Secret", "\u00fc"])
def test_another_secret_is_not_its(said: str) -> None:
    assert not Ticket("secret", "").is_of(said)
    assert Ticket("secret", "").is_of("secret")
