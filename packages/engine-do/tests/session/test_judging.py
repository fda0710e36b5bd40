import pytest

from engine_do.protocol.ids import EngineSid
from engine_do.requests.admission import Transport
from engine_do.session.judging import Judging
from engine_do.session.polling import MAX_OUTBOX

X, Y, Z = EngineSid("x"), EngineSid("y"), EngineSid("z")


@pytest.fixture
def judging() -> Judging:
    return Judging()


def test_clients_count_while_they_are_judged(judging: Judging) -> None:
    for engine_sid, address in ((X, "a"), (Y, "a"), (Z, "b")):
        judging.begin(engine_sid, Transport.POLLING, address)
    assert (len(judging), judging.count_from("a"), judging.count_from("b"), judging.count_from("c")) == (3, 2, 1, 0)
    judging.end(X)
    judging.end(Z)
    assert (len(judging), judging.count_from("a"), judging.count_from("b")) == (1, 1, 0)


def test_a_client_is_found_until_its_judgement_ends(judging: Judging) -> None:
    assert judging.get(X) is None
    client = judging.begin(X, Transport.WEBSOCKET, "")
    assert judging.get(X) is client
    assert judging.end(X) is client
    assert judging.get(X) is None


def test_what_a_client_is_sent_waits_in_order(judging: Judging) -> None:
    client = judging.begin(X, Transport.WEBSOCKET, "")
    client.send(("4a",), 5)
    client.send(("4b", b"c"), 20)
    assert (client.frames, client.size, client.refused) == (["4a", "4b", b"c"], 25, False)


def test_who_is_sent_too_much_before_being_let_in_is_refused_and_holds_nothing(judging: Judging) -> None:
    client = judging.begin(X, Transport.WEBSOCKET, "")
    client.send(("4a",), MAX_OUTBOX)
    assert not client.refused
    client.send(("4b",), 1)
    client.send(("4c",), 1)
    assert (client.refused, client.frames) == (True, [])
