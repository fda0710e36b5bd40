"""The fiddle in one process: values of every kind."""

from socketio_do.testing import World


def test_values_binary_and_questions(world: World) -> None:
    ann = world.client(auth={"any": 1})
    assert ann.received("hello") == [[1, "two", {"three": ""}]]
    assert ann.call("whatever", b"\x00", {"deep": [b"\xff"]}) == ["whatever", b"\x00", {"deep": [b"\xff"]}]
