import pytest

from engine_do.protocol.ids import EngineSid
from engine_do.requests.admission import Transport
from engine_do.session.pending import PendingHandshakes
from engine_do.session.polling import MAX_OUTBOX

X, Y, Z = EngineSid("x"), EngineSid("y"), EngineSid("z")


@pytest.fixture
def pending() -> PendingHandshakes:
    return PendingHandshakes()


def test_clients_count_while_they_are_judged(pending: PendingHandshakes) -> None:
    for engine_sid, address in ((X, "a"), (Y, "a"), (Z, "b")):
        pending.begin(engine_sid, Transport.POLLING, address)
    assert (len(pending.clients), pending.count_from("a"), pending.count_from("b"), pending.count_from("c")) == (
        3,
        2,
        1,
        0,
    )
    pending.end(X)
    pending.end(Z)
    assert (len(pending.clients), pending.count_from("a"), pending.count_from("b")) == (1, 1, 0)


def test_a_client_is_found_until_its_judgement_ends(pending: PendingHandshakes) -> None:
    assert pending.get(X) is None
    client = pending.begin(X, Transport.WEBSOCKET, "")
    assert pending.get(X) is client
    assert pending.end(X) is client
    assert pending.get(X) is None


def test_what_a_client_is_sent_waits_in_order(pending: PendingHandshakes) -> None:
    client = pending.begin(X, Transport.WEBSOCKET, "")
    client.send(("4a",), 5)
    client.send(("4b", b"c"), 20)
    assert (client.frames, client.size, client.refused) == (["4a", "4b", b"c"], 25, False)


def test_who_is_sent_too_much_before_being_let_in_is_refused_and_holds_nothing(pending: PendingHandshakes) -> None:
    client = pending.begin(X, Transport.WEBSOCKET, "")
    client.send(("4a",), MAX_OUTBOX)
    assert not client.refused
    client.send(("4b",), 1)
    client.send(("4c",), 1)
    assert (client.refused, client.frames) == (True, [])
