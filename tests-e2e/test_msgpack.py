"""Clients that speak msgpack: npm's `socket.io-msgpack-parser`, and python-socketio's with PyPI's `msgpack`."""

import asyncio
import functools
import json
import runpy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import msgpack
import pytest
import socketio
from clients.node import NodeClient, encode, node_client
from clients.python import Client, client
from clients.raw import Closed, RawSocket, connect
from conftest import Worker
from waiting import silence, until
from yarl import URL

PATH = "/msgpack/"
DEEP = {"deep": [b"\x00\xff", {"deeper": [b"", "ü\U0001f600", None, 1.5, -(2**40)]}], "big": 2**53 - 1}
ASLEEP_S = 11.5

pack: Any = msgpack.packb
unpack: Any = msgpack.unpackb


@asynccontextmanager
async def node(worker: Worker, namespace: str = "/", **options: Any) -> AsyncIterator[NodeClient]:
    options = {"path": PATH, "parser": "socket.io-msgpack-parser", **options}
    async with node_client(worker.url, namespace, **options) as made:
        yield made


@asynccontextmanager
async def python(worker: Worker, namespace: str = "/", **auth: Any) -> AsyncIterator[Client]:
    async with client(worker.url, namespace, path=PATH, serializer="msgpack", **auth) as made:
        yield made


class RawMsgPack:
    """Packets as they are on the wire."""

    def __init__(self, raw: RawSocket) -> None:
        self.raw = raw

    async def send(self, **fields: Any) -> None:
        await self.raw.send(pack(fields))

    async def next(self) -> dict[str, Any]:
        message = await self.raw.receive_message()
        assert isinstance(message, bytes), message
        found: dict[str, Any] = unpack(message)
        return found


@asynccontextmanager
async def joined(worker: Worker) -> AsyncIterator[RawMsgPack]:
    async with connect(worker.url, PATH) as raw:
        made = RawMsgPack(raw)
        await made.send(type=0, nsp="/")
        assert (await made.next())["type"] == 0
        yield made


@pytest.mark.parametrize("transports", [["polling", "websocket"], ["polling"], ["websocket"]], ids="+".join)
async def test_both_clients_connect_and_talk_over_every_transport(worker: Worker, transports: list[str]) -> None:
    async with node(worker, transports=transports, auth={"user": "ann"}) as ann, python(worker, user="bob") as bob:
        assert (await ann.next("connect"))["transport"] in transports
        assert await ann.call("echo", 1, DEEP) == [1, DEEP]
        assert await bob.call("echo", (1, DEEP)) == (1, DEEP)
        assert await ann.call("enter", "blue") == [["blue"]]
        assert await bob.call("enter", "blue") == ["blue"]
        assert await bob.call("say", ("blue", DEEP)) == "ok"
        assert (await ann.next("event"))["args"] == [DEEP]
        assert await ann.call("say", "blue", b"\x89PNG") == ["ok"]
        assert await bob.next("said") == (b"\x89PNG",)
        assert await ann.call("ask", DEEP) == [DEEP]
        assert await bob.call("ask", DEEP) == [DEEP, "answered"]
        assert (await ann.call("whoami"))[0]["session"] == {"user": "ann"}


async def test_a_date_comes_back_as_a_date(worker: Worker) -> None:
    async with node(worker) as ann:
        await ann.next("connect")
        for date in (1_700_000_000_123, -1):
            assert await ann.call("echo", {"at": [{"$date": date}]}) == [{"at": [{"$date": date}]}]


async def test_a_refusal_arrives_as_connect_error_with_data(worker: Worker) -> None:
    async with node(worker, auth={"refuse": {"why": [1]}}) as refused:
        error = await refused.next("connect_error")
        assert (error["message"], error["data"]) == ("not you", {"why": [1]})
    bob = Client(serializer="msgpack")
    errors: list[Any] = []
    bob.on("connect_error", errors.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await bob.connect(worker.url, socketio_path=PATH, auth={"refuse": b"binary"})
    assert errors == [{"message": "not you", "data": b"binary"}]


async def test_namespaces_by_name_and_an_unknown_one(worker: Worker) -> None:
    async with node(worker, "/rooms") as ann, python(worker, "/rooms") as bob, node(worker, "/nowhere") as lost:
        await ann.next("connect")
        assert await bob.call("shout", "hey", namespace="/rooms") == "heard"
        assert (await ann.next("event", event="shouted"))["args"] == ["hey"]
        assert (await lost.next("connect_error"))["message"] == "Invalid namespace"


async def test_a_disconnect_by_the_server_is_known_as_one(worker: Worker) -> None:
    """With the packet that python-socketio would send, npm's client saw a fault and came back."""
    async with node(worker) as ann, python(worker) as bob:
        sid = (await ann.next("connect"))["id"]
        await bob.call("kick", sid)
        assert (await ann.next("disconnect"))["reason"] == "io server disconnect"
        async with node(worker) as eve:
            sid = (await eve.next("connect"))["id"]
            await eve.call("kick", bob.get_sid())
            await bob.wait_gone()


async def test_a_disconnect_by_a_client_is_known_as_one(worker: Worker) -> None:
    """python-socketio's client writes data that is none, but may be gone before its packet is."""
    async with python(worker) as ann, joined(worker) as raw:
        async with node(worker, auth={"user": "node"}) as one:
            await one.next("connect")
        assert (await raw.next())["data"][0] == "left"
        await raw.send(type=1, nsp="/", data=None)
        await raw.send(type=0, nsp="/", data={"user": "raw"})
        assert (await raw.next())["type"] == 0
        await raw.send(type=1, nsp="/", data=None)
        for user in ("node", "raw"):
            assert await ann.next("left") == ({"user": user, "reason": "client disconnect", "rooms": []},)


@pytest.mark.two_objects
async def test_a_broadcast_is_one_message_for_the_engine_actor(worker: Worker) -> None:
    async with node(worker) as ann, node(worker) as bob, python(worker) as eve, python(worker) as sender:
        for one in (ann, bob):
            await one.next("connect")
        before = await worker.counters("msgpack-engine")
        await sender.emit("say", (None, DEEP))
        assert (await ann.next("event"))["args"] == (await bob.next("event"))["args"] == [DEEP]
        assert await eve.next("said") == (DEEP,)
        after = await worker.counters("msgpack-engine")
    assert after["life"] == before["life"]
    assert after["operations_received"] - before.get("operations_received", 0) == 1


async def test_after_an_eviction_everything_goes_on(worker: Worker) -> None:
    async with node(worker, auth={"user": "ann"}) as ann, python(worker) as bob:
        await ann.next("connect")
        await ann.call("enter", "blue")
        before = await worker.probe("msgpack-socket")
        for actor in ("msgpack-engine", "msgpack-socket"):
            await worker.evict(actor)
        assert await bob.call("say", ("blue", DEEP)) == "ok"
        assert (await ann.next("event"))["args"] == [DEEP]
        for actor in ("msgpack-engine", "msgpack-socket"):
            await worker.evict(actor)
        assert await ann.call("ask", DEEP) == [DEEP]
        assert (await ann.call("whoami"))[0]["session"] == {"user": "ann"}
        after = await worker.probe("msgpack-socket")
    assert after["life"] != before["life"]
    assert (after["connects"], after["disconnects"]) == (before["connects"], before["disconnects"])


async def test_asleep_between_two_messages(own_worker: Worker) -> None:
    async with node(own_worker) as ann, joined(own_worker) as raw:
        await ann.next("connect")
        before = await own_worker.probe("msgpack-socket")
        await silence(ASLEEP_S)
        await raw.send(type=2, nsp="/", data=["say", None, b"morning"], id=7)
        assert await raw.next() == {"type": 3, "nsp": "/", "data": ["ok"], "id": 7}
        assert (await ann.next("event"))["args"] == [b"morning"]
        assert (await own_worker.probe("msgpack-socket"))["life"] != before["life"]


async def test_an_emitter_reaches_them(worker: Worker) -> None:
    async with node(worker) as ann, python(worker) as bob:
        await ann.next("connect")
        arguments = json.dumps(encode({"event": "said", "data": {"deep": [b"\x00"]}}))
        url = URL(f"{worker.url}/msgpack-emitter/emit?{quote(arguments)}", encoded=True)
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert response.status == 200, await response.text()
        assert (await ann.next("event"))["args"] == [{"deep": [b"\x00"]}]
        assert await bob.next("said") == ({"deep": [b"\x00"]},)


def event(*data: Any, **fields: Any) -> bytes:
    written: bytes = pack({"type": 2, "nsp": "/", "data": list(data), **fields})
    return written


#: What only hostile clients send, as frames, and what the log says.
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "text": ('42["echo"]', "text in place of msgpack"),
    "nothing": (b"", "msgpack is cut short"),
    "no msgpack": (b"\xc1", "not msgpack"),
    "no packet": (pack([2, "/", ["echo"]]), "msgpack that is no packet"),
    "cut short": (event("echo", "x")[:-1], "msgpack is cut short"),
    "something behind it": (event("echo", "x") + b"\0", "msgpack with something behind it"),
    "a length of 4 GiB": (b"\x83\xa4data\xc6\xff\xff\xff\xff", "msgpack is cut short"),
    "4 G values": (b"\x83\xa4data\xdd\xff\xff\xff\xff", "too many values"),
    "as many values as fit": (b"\xdd" + (450_000).to_bytes(4, "big") + b"\x90" * 450_000, "too many values"),
    "nested 450,000 deep": (b"\x91" * 450_000, "data nested too deep"),
    "dicts 150,000 deep": (b"\x81\xa1k" * 150_000, "data nested too deep"),
    "no UTF-8": (b"\x81\xa2\xc0\x80\x01", "text is not UTF-8"),
    "a key that is a list": (b"\x81\x90\x01", "a key is not text"),
    "a key that is a number": (event("echo", {1: 2}), "a key is not text"),
    "an attachment's packet": (pack({"type": 5, "nsp": "/", "data": ["echo"]}), "unknown packet type"),
    "a reserved event": (event("disconnect", "x"), "invalid payload"),
    "an event named NaN": (event(float("nan")), "invalid payload"),
    "an event named by an extension": (event(msgpack.ExtType(5, b"echo")), "invalid payload"),
    "an ack id of text": (event("echo", id="1"), "illegal ack id"),
    "an ack id beyond 2**53": (event("echo", id=2**63), "illegal ack id"),
    "a namespace of bytes": (pack({"type": 2, "nsp": b"/", "data": ["echo"]}), "not a namespace"),
    "a second connect": (pack({"type": 0, "nsp": "/"}), "connected to this namespace already"),
}


async def test_hostile_frames_close_their_sender_with_one_line_and_nobody_else(worker: Worker) -> None:
    async with node(worker) as bystander, python(worker) as other:
        await bystander.next("connect")
        for name, (frame, said) in HOSTILE.items():
            before = len(worker.log_lines("closed: "))
            async with joined(worker) as bad:
                await bad.raw.send(frame)
                await bad.raw.send(event("say", None, f"after {name}"))
                assert (await bad.raw.wait_closed()).code == 1011, name
            assert await bystander.call("echo", name) == [name]
            await until(functools.partial(_has_more, worker, before), "a line in the log")
            lines = worker.log_lines("closed: ")[before:]
            assert len(lines) == 1, (name, lines)
            assert lines[0].endswith(said), (name, lines)
        assert await other.call("echo", "well") == "well"
        assert other.events.empty()


async def test_what_is_odd_but_harmless_is_served(worker: Worker) -> None:
    async with joined(worker) as raw:
        odd = [float("nan"), float("inf"), msgpack.ExtType(5, b"x"), 2**64 - 1, {"__proto__": 1}, msgpack.Timestamp(1)]
        await raw.send(type=2, nsp="/", data=["echo", *odd], id=0, options={"compress": True})
        assert await raw.next() == {"type": 3, "nsp": "/", "id": 0, "data": [None, None, *odd[2:]]}
        await raw.send(type=2, nsp="/", data=["echo", [0] * 99_000], id=1)
        assert len((await raw.next())["data"][0]) == 99_000


async def test_a_client_of_the_default_parser_is_closed_and_says_why_to_nobody(worker: Worker) -> None:
    async with connect(worker.url, PATH) as raw:
        await raw.send("40")
        assert (await raw.wait_closed()).code == 1011
    async with connect(worker.url) as raw:
        await raw.send(pack({"type": 0, "nsp": "/"}))
        with pytest.raises(Closed):
            await raw.receive_message()


async def test_a_packet_class_of_the_applications_own(worker: Worker) -> None:
    folder = Path(__file__).parent / "worker" / "src"
    plain = runpy.run_path(str(folder / "plain_packets.py"))["PlainPacket"]
    async with (
        client(worker.url, path="/plain/", serializer=plain, user="ann") as ann,
        connect(worker.url, "/plain/") as raw,
    ):
        assert await ann.call("echo", ("x", {"y": [1]})) == ("x", {"y": [1]})
        assert await ann.call("ask", "q") == ["q", "answered"]
        assert (await ann.call("whoami"))["session"] == {"user": "ann"}
        for frame in ('4={"type":0,"nsp":"/","data":null}', '4={"type":2,"nsp":"/","data":["connect"]}'):
            await raw.send(frame)
        assert (await raw.wait_closed()).code == 1011
        await asyncio.gather(*(ann.call("echo", number) for number in range(3)))


async def _has_more(worker: Worker, before: int) -> bool:
    return len(worker.log_lines("closed: ")) > before
