"""The same scenarios on stock `socketio.AsyncServer` and on ours: clients are sent the same, and handlers are called the same.

Where we differ on purpose, the difference is data, with its reason; both sides of it are checked.
"""

from dataclasses import dataclass
from typing import Any, Final

import pytest
from server_fakes import Log, World, socket_sid
from server_msgpack import MsgPackStockWorld, MsgPackWorld
from server_play import ANSWERS, REFUSALS, Close, Play, Scenario, Step, Trace, classes
from server_stock import StockWorld

S1, S2, S3 = socket_sid(1), socket_sid(2), socket_sid(3)


@dataclass(frozen=True, kw_only=True)
class Difference(Scenario):
    """The last thing that happens is another there and here."""

    stock: Trace
    ours: Trace
    reason: str


BINARY: Final = '52-7["echo",{"a":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":0}]'
HELLO: Final[list[Step]] = [("e1", "0"), ("e2", "0"), ("e3", "0")]
REJECTED: Final = "Connection rejected by server"
ENVIRON: Final = {"QUERY_STRING": "e1"}

SAME: Final[dict[str, Scenario]] = {
    "connect": Scenario(
        [
            ("e2", "0"),
            ("e3", "0{}"),
            ("e1", '0{"token":"t"}', '21["echo",null,{"a":[1.5]},"e"]', '22["nobody"]'),
        ]
    ),
    "work in connect": Scenario([("e1", '0{"do":1}', '21["count"]', '22["join","later"]')]),
    "refuse": Scenario([("e1", '0{"refuse":""}', '0{"refuse":""}', "0", '21["echo"]')]),
    "refuse with": Scenario([("e1", f'0{{"refuse":{number}}}') for number in range(len(REFUSALS))]),
    "always connect": Scenario([("e1", '0{"a":1}', '21["echo"]')], options={"always_connect": True}),
    "acks": Scenario([("e1", "0", *(f'2{number}["answer",{number}]' for number in range(len(ANSWERS))))]),
    "no acks": Scenario([("e1", "0", *(f'2["answer",{number}]' for number in range(len(ANSWERS))))]),
    "data": Scenario([*HELLO, *(lambda sio, data=data: sio.emit("x", data) for data in ANSWERS)]),
    "send": Scenario([*HELLO, lambda sio: sio.send("y"), lambda sio: sio.send(b"3", to=S2)]),
    "binary": Scenario([("e1", "0", BINARY, b"0", b"", '51-["echo",{"_placeholder":true,"num":0}]', b"\xff")]),
    "rooms": Scenario(
        [
            *HELLO,
            ("e1", '21["join","a"]'),
            ("e2", '21["join","a"]', '22["join","b"]'),
            ("e3", '21["join","b"]'),
            ("e1", '2["say",1,"a"]', '2["say",2,["a","b"]]', f'2["say",3,"{S3}"]', '2["say",4,"x"]', '2["say",5,null]'),
            lambda sio: sio.emit("all"),
            lambda sio: sio.emit("skip", room="b", skip_sid=[S2]),
            ("e2", '23["leave","b"]'),
            lambda sio: sio.close_room("a"),
            ("e1", '22["leave","a"]', '23["join","a"]'),
            Close("e3"),
            lambda sio: sio.emit("last", room=["a", "b", S2]),
        ]
    ),
    "callbacks": Scenario(
        [
            *HELLO,
            ("e1", '2["ask"]', "3#0[]", "3#0[]", '2["ask",1]', '2["ask",2]', '3#2["b"]', '3#1["a",1]'),
            ("e2", '2["ask"]', '61-#0[{"_placeholder":true,"num":0}]', b"0"),
        ]
    ),
    "call": Scenario([("e1", "0", '21["call",1]', "3#0[]", '22["call"]', '3#1["a",2]')], modes=(True,)),
    "sessions": Scenario(
        [*HELLO, ("e1", '21["count"]', '22["count"]', '2["elsewhere"]'), ("e2", '21["count"]'), Close("e1")]
    ),
    "disconnect": Scenario(
        [
            *HELLO,
            ("e1", '2["join","a"]', '2["count"]', "1"),
            Close("e1"),
            ("e2", f'21["kick","{S3}"]', f'22["kick","{S3}"]'),
            ("e3", "0"),
            Close("e3", "ping timeout"),
            ("e2", f'2["kick","{S2}"]'),
            lambda sio: sio.disconnect("nobody"),
        ]
    ),
    "namespaces": Scenario(
        [
            ("e1", "0", '0/stars,{"a":1}', '21["echo"]', '2/stars,2["say",1]', '2/stars,["echo"]'),
            lambda sio: sio.emit("here", namespace="/stars"),
            lambda sio: sio.disconnect(S2, namespace="/stars"),
            ("e1", "0/stars,", "1/stars,", "0/stars,"),
            Close("e1"),
        ]
    ),
    "any": Scenario([("e1", "0/a,", '2/a,1["x",1]', "1/a,", "0/a,"), Close("e1")], options={"namespaces": ["/a"]}),
    "class": Scenario(
        [
            ("e1", "0/chat,", '2/chat,1["say","hi"]', '2/chat,2["unknown"]'),
            ("e2", "0/chat,", '2/chat,1["say","ho"]'),
            ("e1", "1/chat,"),
            Close("e2", "ping timeout"),
        ],
        classes,
    ),
    "own class": Scenario([("e1", '0/own,{"a":1}', '2/own,1["x",1]', '2/own,["x"]'), Close("e1")], classes),
    "any class": Scenario(
        [("e1", '0/a,{"a":1}', '2/a,1["x",1]'), Close("e1")], classes, options={"namespaces": ["/a"]}
    ),
}

DIFFERENT: Final[dict[str, Difference]] = {
    "unknown namespace": Difference(
        [("e1", "0/nowhere,")],
        stock=[("e1", '4/nowhere,"Unable to connect"')],
        ours=[("e1", '4/nowhere,{"message":"Invalid namespace"}')],
        reason="the protocol has an object here; these are Node's words",
    ),
    "second connect": Difference(
        [("e1", "0", "0")],
        stock=[("e1", '4"Unable to connect"')],
        ours=[("e1", "closed")],
        reason="Node closes what is out of turn",
    ),
    "event before connect": Difference(
        [("e1", '21["echo"]')], stock=[], ours=[("e1", "closed")], reason="Node closes what is out of turn"
    ),
    "text beyond ASCII": Difference(
        [("e1", "0", '21["echo","é"]')],
        stock=[("call", "echo", S1, "é"), ("e1", '31["\\u00e9"]')],
        ours=[("call", "echo", S1, "é"), ("e1", '31["é"]')],
        reason="text is sent as text, as Node does: escapes take two to three times the bytes",
    ),
    "answer of whom its handler disconnects": Difference(
        [("e1", "0", f'21["kick","{S1}"]')],
        stock=[("call", "disconnect", S1, "server disconnect", {}, [S1], ENVIRON), ("e1", "1"), ("e1", "31[]")],
        ours=[("call", "disconnect", S1, "server disconnect", {}, [S1], ENVIRON), ("e1", "1")],
        reason="nothing of a socket follows its DISCONNECT",
    ),
    "not a packet": Difference(
        [("e1", "9")], stock=[], ours=[("e1", "closed")], reason="Node closes what is no packet"
    ),
    "refused, always connect": Difference(
        [("e1", '0{"refuse":""}')],
        options={"always_connect": True},
        stock=[
            ("call", "connect", S1, ENVIRON, {"refuse": ""}),
            ("e1", f'0{{"sid":"{S1}"}}'),
            ("e1", f'1{{"message":"{REJECTED}"}}'),
        ],
        ours=[("call", "connect", S1, ENVIRON, {"refuse": ""}), ("e1", f'0{{"sid":"{S1}"}}'), ("e1", "1")],
        reason="a disconnect packet has no payload",
    ),
    "connect raises": Difference(
        [("e1", '0{"raise":1}')],
        stock=[("call", "connect", S1, ENVIRON, {"raise": 1})],
        ours=[("call", "connect", S1, ENVIRON, {"raise": 1}), ("e1", '4{"message":"Connection refused by server"}')],
        reason="a client waits for an answer",
    ),
    "auth left out": Difference(
        [("e1", '0/chat,{"a":1}')],
        classes,
        stock=[],
        ours=[("call", "connect", S1, ENVIRON), ("e1", f'0/chat,{{"sid":"{S1}"}}')],
        reason="whether a handler takes auth is its own affair, not the client's",
    ),
    "type error": Difference(
        [("e1", "0/rude,", "1/rude,", "0/rude,")],
        classes,
        stock=[("e1", '4/rude,"Unable to connect"')],
        ours=[("call", "connect", S2, ENVIRON), ("e1", f'0/rude,{{"sid":"{S2}"}}')],
        reason="a socket is gone also when its disconnect handler raises",
    ),
    "ack of id 0": Difference(
        [("e1", "0", '2["ask"]', "30[]", '2["ask"]')],
        stock=[],
        ours=[("e1", '2#1["question"]')],
        reason="upstream keeps its counter of ids where a client's id 0 finds it",
    ),
    "event named *": Difference(
        [("e1", "0/stars,", '2/stars,["*","victim"]')],
        stock=[("call", "any event", S1, "victim")],
        ours=[("call", "any event", "*", S1, "victim")],
        reason="a client's data must not be taken for a sid",
    ),
    "event named by a number": Difference(
        [("e1", "0/stars,", "2/stars,[7.0]")],
        stock=[("call", "any event", 7.0, S1)],
        ours=[("call", "any event", "7", S1)],
        reason="names are text in JavaScript, and in `on`",
    ),
    "what was not saved": Difference(
        [("e1", "0", '2["scribble"]', "1")],
        stock=[
            (
                "call",
                "disconnect",
                S1,
                "client disconnect",
                {"lost": "in memory only"},
                [S1],
                {**ENVIRON, "LOST": "in memory only"},
            )
        ],
        ours=[("call", "disconnect", S1, "client disconnect", {}, [S1], ENVIRON)],
        reason="what a handler changes in memory would be lost by chance, so it is always",
    ),
    "call in a handler": Difference(
        [("e1", "0", '21["call"]')],
        modes=(False,),
        stock=[],
        ours=[("e1", '2#0["question"]')],
        reason="acknowledgements go past the queue, so a handler may wait for one",
    ),
    "order": Difference(
        [("e1", "0", '2["wait"]', '21["echo"]')],
        modes=(True,),
        stock=[("call", "echo", S1), ("e1", "31[]")],
        ours=[],
        reason="handlers of one socket run in order",
    ),
    "order over namespaces": Difference(
        [("e1", "0", "0/stars,", '2["wait"]', '2/stars,["x"]')],
        modes=(False,),
        stock=[],
        ours=[("call", "any event", "x", S2)],
        reason="handlers of different sockets run side by side",
    ),
}


def on_ours(scenario: Scenario, mode: bool = False, kind: Any = World) -> list[Trace]:
    return Play(kind, scenario, async_handlers=mode).run()


def on_stock(scenario: Scenario, mode: bool, kind: Any = StockWorld) -> tuple[list[Trace], list[str]]:
    play = Play(kind, scenario, async_handlers=mode)
    try:
        return play.run(), play.world.faults()
    finally:
        play.world.end()


def cases(table: dict[str, Any]) -> list[Any]:
    """List the scenarios of a table in each of their modes."""
    return [
        pytest.param(scenario, mode, id=f"{name}-{'async' if mode else 'inline'}")
        for name, scenario in table.items()
        for mode in scenario.modes
    ]


@pytest.mark.parametrize(("scenario", "mode"), cases(SAME))
def test_ours_is_as_stock(scenario: Scenario, mode: bool) -> None:
    stock, faults = on_stock(scenario, mode)
    assert on_ours(scenario) == stock
    assert faults == []
    assert sum(map(len, stock)) > 1, "there is something to compare"


@pytest.mark.parametrize(("scenario", "mode"), cases(SAME))
def test_ours_is_as_stock_with_msgpack_too(scenario: Scenario, mode: bool) -> None:
    stock, faults = on_stock(scenario, mode, MsgPackStockWorld)
    assert on_ours(scenario, kind=MsgPackWorld) == stock == on_stock(scenario, mode)[0]
    assert faults == []


@pytest.mark.parametrize("scenario", [scenario for scenario in SAME.values() if True in scenario.modes])
def test_with_async_handlers_ours_is_as_stock_too(scenario: Scenario) -> None:
    stock, _ = on_stock(scenario, True)
    assert on_ours(scenario, True) == stock


def test_with_async_handlers_the_order_is_upstreams() -> None:
    difference = DIFFERENT["order"]
    assert on_ours(difference, True)[-1] == difference.stock


@pytest.mark.parametrize(("difference", "mode"), cases(DIFFERENT))
def test_ours_differs_from_stock_on_purpose(difference: Difference, mode: bool, log: Log) -> None:
    stock, _ = on_stock(difference, mode)
    ours = on_ours(difference)
    assert (stock[-1], ours[-1]) == (difference.stock, difference.ours), difference.reason
    log.take("ERROR")
