"""What the parts share is tested through the parts; here is what they have in common."""

from typing import Any

import pytest
import server_fakes
from server_fakes import Log, World, socket_sid
from socketio import packet

from socketio_do import DurableServer
from socketio_do.limits import MAX_EVENT
from socketio_do.server.base import MAX_LOGGED

S1 = socket_sid(1)


def test_a_long_name_of_an_event_is_cut_in_the_log(log: Log) -> None:
    def fail(event: str, sid: str) -> None:
        raise LookupError

    world = World(lambda sio: sio.on("*", fail))
    world.connect("e1")
    world.receive("e1", f'2["{"n" * MAX_EVENT}"]')
    (line,) = log.take("ERROR")
    assert "n" * MAX_LOGGED in line
    assert len(line) < MAX_LOGGED + 100


def test_a_name_that_would_break_a_line_of_the_log_does_not(log: Log) -> None:
    def fail(event: str, sid: str) -> None:
        raise LookupError

    world = World(lambda sio: sio.on("*", fail))
    world.connect("e1")
    world.receive("e1", '2["a\\nb"]')
    assert "\n" not in log.take("ERROR")[0]


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "toString", "hasOwnProperty", "error", "", "*", "__class__"]
)
def test_names_that_mean_something_in_a_language_are_events_like_any_other(name: str) -> None:
    """As in Node, whose parser reserves only the names in `packets.py`."""
    seen: list[Any] = []

    def register(sio: Any) -> None:
        sio.on("*", lambda event, sid, *args: seen.append((event, sid, *args)))

    world = World(register)
    world.connect("e1")
    world.receive("e1", f'27["{name}",1]')
    assert seen == [(name, S1, 1)]
    assert world.take("e1") == ["37[]"]


def test_a_class_with_its_own_send_packet_sends_everything_but_events_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, int]] = []

    class Recording(DurableServer):
        async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
            sent.append((eio_sid, pkt.packet_type))
            await super()._send_packet(eio_sid, pkt)

    monkeypatch.setattr(server_fakes, "DurableServer", Recording)
    world = World(lambda sio: sio.on("ask", lambda sid: "answer"))
    world.connect("e1")
    world.receive("e1", '21["ask"]')
    assert world.take("e1") == ['31["answer"]']
    assert sent == [("e1", packet.CONNECT), ("e1", packet.ACK)]


@pytest.mark.parametrize("answer", [None, (), ("a", 1), [1], {"a": 1}, "text", 0, False, b"0", ({"deep": b"1"}, b"2")])
def test_an_answer_is_the_same_whether_a_packet_is_made_for_it_or_not(
    answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(DurableServer):
        async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
            await super()._send_packet(eio_sid, pkt)

    def packets() -> list[Any]:
        world = World(lambda sio: sio.on("ask", lambda sid: answer, namespace="/chat"))
        world.connect("e1", "/chat")
        world.receive("e1", '2/chat,17["ask"]')
        return list(world.take("e1"))

    ours = packets()
    monkeypatch.setattr(server_fakes, "DurableServer", Own)
    assert ours == packets()
    assert ours[0][:8] in ("3/chat,1", "61-/chat", "62-/chat")
