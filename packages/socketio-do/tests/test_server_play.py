"""Who plays scenarios sees what there is to see."""

from typing import Any

import pytest
from server_fakes import World, nothing, socket_sid
from server_play import Close, Play, Scenario, application
from server_stock import StockWorld

S1 = socket_sid(1)


def test_calls_come_first_then_packets_client_by_client() -> None:
    scenario = Scenario([("e2", "0"), ("e1", "0"), lambda sio: sio.emit("x"), Close("e2", "ping timeout")])
    traces = Play(World, scenario).run()
    assert [[entry[:2] for entry in trace] for trace in traces] == [
        [("call", "connect"), ("e2", f'0{{"sid":"{S1}"}}')],
        [("call", "connect"), ("e1", f'0{{"sid":"{socket_sid(2)}"}}')],
        [("e1", '2["x"]'), ("e2", '2["x"]')],
        [("call", "disconnect"), ("e1", f'2["left","{S1}"]')],
    ]


@pytest.mark.parametrize("kind", [World, StockWorld])
def test_ack_ids_have_names_in_both_directions(kind: Any) -> None:
    play = Play(kind, Scenario([("e1", "0", '2["ask",1]', '2["ask"]', '3#1["b"]', '3#0["a"]', '2["upload"]')], acks))
    assert play.run()[1:] == [
        [("e1", '2#0["question",1]')],
        [("e1", '2#1["question"]')],
        [("call", "answered", "b")],
        [("call", "answered", "a")],
        [("e1", '51-#2["x",{"_placeholder":true,"num":0}]'), ("e1", b"0")],
    ]
    if isinstance(play.world, StockWorld):
        play.world.end()


def acks(sio: Any, note: Any) -> None:
    async def upload(sid: str) -> None:
        await sio.emit("x", b"0", to=sid, callback=note)

    application(sio, note)
    sio.event(upload)


def test_a_connection_is_closed_where_it_is_asked_for() -> None:
    scenario = Scenario([("e1", "0", "9"), lambda sio: sio.emit("x")], lambda sio, note: nothing(sio))
    assert Play(World, scenario).run()[1:] == [[("e1", "closed")], [("e1", '2["x"]')]]
