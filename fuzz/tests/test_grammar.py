import json
from random import Random

from fuzz import grammar
from socketio_do.protocol.msgpack_codec import unpack
from socketio_do.protocol.packets import decode


def _share_of(read: object, make: object, errors: tuple[type[Exception], ...] = (Exception,)) -> float:
    chance, fine = Random(1), 0
    for _ in range(300):
        try:
            read(make(chance))  # type: ignore[operator]
        except errors:
            continue
        fine += 1
    return fine / 300


def test_most_json_is_json() -> None:
    assert _share_of(json.loads, grammar.any_json) > 0.8


def test_many_packets_are_packets() -> None:
    assert _share_of(decode, grammar.any_packet) > 0.25


def test_much_msgpack_is_msgpack() -> None:
    assert _share_of(unpack, grammar.any_msgpack) > 0.25


def test_events_of_a_sequence_are_separated() -> None:
    assert b"\xff" in b"".join(grammar.any_sequence(Random(at), lambda _: b"x") for at in range(20))
