"""What applications written for python-socketio see otherwise here: data, each with its reason, and both sides are checked."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from clients.applications import noted, play_both, serve
from clients.polling import site
from clients.raw import Closed, connect
from clients.stock import load
from clients.tape import Stage
from conftest import Worker


@pytest.fixture(scope="session")
def applications() -> Iterator[Worker]:
    with serve() as worker:
        yield worker


async def first_answer(where: Stage, namespace: str, data: str) -> str:
    """Ask for a namespace, and then for another that lets in: gives the first packet that comes, without what is in it."""
    async with connect(where.url, where.path) as raw:
        await raw.send(f"40{namespace},{data}")
        await raw.send("40/rest,")
        return str(await raw.receive_message()).partition(",")[0]


async def notes_of(where: Stage, namespace: str, last: Any) -> list[Any]:
    """Come to a namespace and go; gives what is noted till then."""
    one = await where.python(namespace, namespace)
    if "connect" not in namespace:
        await one.until("connect")
        await one.leave()
    return await noted(where, last)


async def greeted_first(where: Stage) -> list[Any]:
    ann = await where.python("ann", auth={"greet": "first"})
    await ann.until("event", "greeting", "in the background")
    if ("connect",) not in ann.seen:
        await ann.until("connect")
    return [entry[-1] for entry in ann.seen[1:]]


async def refused_origin(where: Stage) -> list[Any]:
    """Ask for a handshake by HTTP from a page of an origin that may not; gives the status and the body."""
    async with site(where.url, where.path) as http:
        answer = await http.ask(headers={"Origin": "https://evil.example"})
        return [answer.status, answer.text]


async def allowed_origin(where: Stage) -> dict[str, str]:
    async with site(where.url, where.path) as http:
        answer = await http.ask(headers={"Origin": "https://app.example"})
        assert answer.status == 200
        return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}


@dataclass(frozen=True)
class Difference:
    """What differs on purpose: how to see it, what is seen of either, and why."""

    application: str
    look: Callable[[Stage], Awaitable[Any]]
    stock: Any
    ours: Any
    reason: str


ONCE = "a handler is called once: a TypeError of its own does not mean that it takes other arguments"
TOKEN = '{"token":"t1"}'
DIFFERENT = {
    "auth for a class without it": Difference(
        "dispatch",
        lambda where: first_answer(where, "/class", TOKEN),
        "2/rest",
        "2/class",
        "stock lets a client wait for ever whose auth the handler does not take; `auth` may be left out here",
    ),
    "auth for a decorated handler without it": Difference(
        "dispatch", lambda where: first_answer(where, "/bare", TOKEN), "2/rest", "2/bare", "the same"
    ),
    "a TypeError in connect": Difference(
        "dispatch",
        lambda where: first_answer(where, "/faulty-connect", ""),
        "2/rest",
        "4/faulty-connect",
        "stock lets the client wait for ever; whoever is not let in is told so here",
    ),
    "connect of an own trigger_event": Difference(
        "dispatch",
        lambda where: notes_of(where, "/class", "gone"),
        ["connect", "connect", "disconnect", "gone"],
        ["connect", "disconnect", "gone"],
        "stock tries the call with auth, then without; what is hidden behind trigger_event is looked up here",
    ),
    "a TypeError in connect with a default": Difference(
        "dispatch",
        lambda where: notes_of(where, "/faulty-connect-default", ["connect with a default", 1]),
        [["connect with a default", 1], ["connect with a default", 2]],
        [["connect with a default", 1]],
        ONCE,
    ),
    "a TypeError in disconnect with a default": Difference(
        "dispatch",
        lambda where: notes_of(where, "/faulty-default", ["disconnect with a default", 1]),
        [["disconnect with a default", 1], ["disconnect with a default", 2]],
        [["disconnect with a default", 1]],
        ONCE,
    ),
    "a task begun before the handler emits": Difference(
        "background",
        greeted_first,
        ["in the handler", "in the background", "connect"],
        ["in the handler", "connect", "in the background"],
        "emit gives way there, so the task runs in the middle of the handler; here it gives way only where much waits",
    ),
    "words for a refused origin": Difference(
        "origins",
        refused_origin,
        [400, '"https://evil.example is not an accepted origin."'],
        [403, '{"code":4,"message":"Forbidden"}'],
        "these are the status and the body of Node's server",
    ),
    "cookies of an allowed origin": Difference(
        "origins",
        allowed_origin,
        {"access-control-allow-origin": "https://app.example", "access-control-allow-credentials": "true"},
        {"access-control-allow-origin": "https://app.example"},
        "pages may not send cookies unless EngineConfig(cors_credentials=True) says so, as in Node",
    ),
}


@pytest.mark.parametrize("name", DIFFERENT)
async def test_what_differs_on_purpose(applications: Worker, name: str) -> None:
    different = DIFFERENT[name]
    found: list[Any] = []

    async def script(where: Stage) -> None:
        found.append(await different.look(where))

    await play_both(applications, different.application, script)
    assert found == [different.stock, different.ours]
    assert different.stock != different.ours


@dataclass(frozen=True)
class Odd:
    """What comes of a value: packets without their ids."""

    stock: list[Any]
    ours: list[Any]
    reason: str


SENT = '3["sent"]'
BINARY = '51-["value",{"_placeholder":true,"num":0}]'
BINARY_WITHIN = '51-["value",{"a":[{"_placeholder":true,"num":0}]}]'
NULL = (
    "NaN and the infinities are null in JSON, as JavaScript writes them: stock's words for them end a JavaScript client"
)
AS_TEXT = "text is sent as text, as Node does"
AS_BYTES = "stock hands a bytearray to aiohttp, which ends the connection over it"
CLOSED = "what no JavaScript client can send closes the connection"
#: What is sent otherwise, by the name of the value in `applications/src/odd.py`.
ODD_VALUES = {
    "nan": Odd(['2["value",NaN]', SENT], ['2["value",null]', SENT], NULL),
    "infinity": Odd(['2["value",Infinity]', SENT], ['2["value",null]', SENT], NULL),
    "minus infinity": Odd(['2["value",[-Infinity]]', SENT], ['2["value",[null]]', SENT], NULL),
    "nan within": Odd(['2["value",{"a":[1,NaN]}]', SENT], ['2["value",{"a":[1,null]}]', SENT], NULL),
    "two halves": Odd([r'2["value","\ud83d\ude00"]', SENT], ['2["value","😀"]', SENT], AS_TEXT),
    "beyond ASCII": Odd([r'2["value","Gr\u00fc\u00dfe \ud83d\ude00"]', SENT], ['2["value","Grüße 😀"]', SENT], AS_TEXT),
    "bytearray": Odd(
        ['51-["value",{"_placeholder":true,"num":0}]', "closed"],
        ['51-["value",{"_placeholder":true,"num":0}]', b"\0\xff", SENT],
        AS_BYTES,
    ),
    "bytearray within": Odd(
        ['51-["value",{"a":[{"_placeholder":true,"num":0}]}]', "closed"],
        ['51-["value",{"a":[{"_placeholder":true,"num":0}]}]', b"\0\xff", SENT],
        AS_BYTES,
    ),
}
#: What is sent by both, of all other values.
SAME_VALUES = {
    "half a character": [r'2["value","\ud83d"]', SENT],
    "nan as a key": ['2["value",{"NaN":1}]', SENT],
    "2**53 + 1": ['2["value",9007199254740993]', SENT],
    "10**400": ['2["value",1' + "0" * 400 + "]", SENT],
    "10**5000": ['3["ValueError"]'],
    "numbers as keys": ['2["value",{"1":"int","1.5":"float"}]', SENT],
    "other keys": ['2["value",{"true":"bool","null":"none"}]', SENT],
    **{name: ['3["TypeError"]'] for name in ("a tuple as a key", "bytes as a key", "memoryview", "datetime", "set")},
    "tuple": ['2["value",1,[2,3]]', SENT],
    "tuple within": ['2["value",[[1,[2,3]]]]', SENT],
    "empty tuple": ['2["value"]', SENT],
    "bytes": [BINARY, b"\0\xff", SENT],
    "minus zero": ['2["value",-0.0]', SENT],
    "1e22": ['2["value",1e+22]', SENT],
    "none": ['2["value"]', SENT],
    "true": ['2["value",true]', SENT],
    "placeholder": ['2["value",{"_placeholder":true,"num":0}]', SENT],
}
#: What is passed on of frames that a client writes by hand.
ODD_FRAMES = {
    **{
        written: Odd([f'2["relayed",{passed}]', f'3["({seen},)"]'], ["closed"], CLOSED)
        for written, passed, seen in (
            ("NaN", "NaN", "nan"),
            ("Infinity", "Infinity", "inf"),
            ("1e400", "Infinity", "inf"),
            ("-1e400", "-Infinity", "-inf"),
            ("[NaN]", "[NaN]", "[nan]"),
        )
    },
}
SAME_FRAMES = {
    r'"\ud800"': [r'2["relayed","\ud800"]', "3[\"('\\\\ud800',)\"]"],
    '{"a":1,"a":2}': ['2["relayed",{"a":2}]', "3[\"({'a': 2},)\"]"],
    "1E5": ['2["relayed",100000.0]', '3["(100000.0,)"]'],
    "-0": ['2["relayed",0]', '3["(0,)"]'],
    "-0.0": ['2["relayed",-0.0]', '3["(-0.0,)"]'],
    "12345678901234567890123": ['2["relayed",12345678901234567890123]', '3["(12345678901234567890123,)"]'],
}


async def exchange(where: Stage, event: str, written: str) -> list[Any]:
    """Send an event with an argument as it is written; gives what comes until the acknowledgement, or the end."""
    found: list[Any] = []
    async with connect(where.url, where.path) as raw:
        await raw.join()
        await raw.send(f'420["{event}",{written}]')
        try:
            while not found or not str(found[-1]).startswith("3["):
                packet = await raw.receive_message()
                found.append(packet.replace("30[", "3[", 1) if isinstance(packet, str) else packet)
        except Closed:
            found.append("closed")
    return found


async def test_odd_values(applications: Worker) -> None:
    async def script(where: Stage) -> None:
        found.append({name: await exchange(where, "send_me", json.dumps(name)) for name in load("odd").VALUES})

    found: list[dict[str, Any]] = []
    await play_both(applications, "odd", script)
    assert found[0] == SAME_VALUES | {name: odd.stock for name, odd in ODD_VALUES.items()}
    assert found[1] == SAME_VALUES | {name: odd.ours for name, odd in ODD_VALUES.items()}
    assert all(odd.stock != odd.ours for odd in ODD_VALUES.values())


async def test_odd_frames(applications: Worker) -> None:
    async def script(where: Stage) -> None:
        found.append({written: await exchange(where, "relay", written) for written in (*SAME_FRAMES, *ODD_FRAMES)})

    found: list[dict[str, Any]] = []
    await play_both(applications, "odd", script)
    assert found[0] == SAME_FRAMES | {written: odd.stock for written, odd in ODD_FRAMES.items()}
    assert found[1] == SAME_FRAMES | {written: odd.ours for written, odd in ODD_FRAMES.items()}


async def test_a_relayed_infinity_reaches_a_javascript_client_as_null(applications: Worker) -> None:
    """On stock it ends the client: its parser raises."""

    async def script(where: Stage) -> None:
        ann, bob = await where.node("ann", transports=["websocket"]), await where.python("bob")
        for one in (ann, bob):
            await one.until("connect")
        await bob.call("send_all", "infinity")
        found.append((await ann.until())[:2])

    found: list[Any] = []
    await play_both(applications, "odd", script)
    assert found == [("disconnect", "parse error"), ("event", "value")]
