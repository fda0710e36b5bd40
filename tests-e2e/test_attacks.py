"""The public attacks on Socket.IO servers, replayed. `attacks.toml` names each, with its source and what comes of it here.

Each costs whoever makes it at most its own session, and a bystander on the same object goes on.
"""

import asyncio
import re
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attack_inputs import BODIES, FRAMES, HEADERS, MSGPACK, ONE, PACKETS
from clients.bystander import few_lines, undisturbed
from clients.polling import poll, site
from clients.python import client as python_client
from clients.raw import RawSocket, connect, handshake
from clients.revision3 import old_site, open_old
from clients.wire import FIN, PING, PONG, TEXT, frame, wire
from conftest import EngineWorker, Worker
from waiting import silence, until

HERE = Path(__file__).parent
ATTACKS: list[dict[str, Any]] = tomllib.loads((HERE / "attacks.toml").read_text(encoding="utf-8"))["attack"]
FIELDS = ("id", "project", "source", "was", "sent", "outcome")
THIS_TEST = "test_every_attack_has_tests_and_every_test_an_attack"

ENGINE, OLD = "ENGINE/e0", "OLD/v3-0"
SOCKETIO, ENGINEIO = "/socket.io/", "/engine.io/"
WEBSOCKET = "EIO=4&transport=websocket"
EVIL = {"Origin": "https://evil.example"}


def test_every_attack_has_tests_and_every_test_an_attack() -> None:
    """One that does not apply has a reason instead."""
    tests = {name for name in globals() if name.startswith("test_")} - {THIS_TEST}
    assert {test for attack in ATTACKS for test in attack.get("tests", [])} == tests
    named = [attack["id"] for attack in ATTACKS]
    assert (len(set(named)), {*PACKETS, *BODIES} - set(named)) == (len(named), set())
    for attack in ATTACKS:
        instead = "reason" if attack["outcome"] == "not applicable" else "tests"
        assert set(attack) == {*FIELDS, instead}, attack["id"]
        assert all(attack.values()), attack["id"]
        assert attack["source"].startswith("https://"), attack["id"]


@pytest.mark.parametrize("attack", PACKETS)
async def test_what_is_no_packet_closes_its_sender(worker: Worker, attack: str) -> None:
    connects = (await worker.probe("socket"))["connects"]
    async with undisturbed(worker, SOCKETIO, lines=len(PACKETS[attack])):
        for messages in PACKETS[attack]:
            async with connect(worker.url) as client:
                await client.join()
                for message in messages:
                    await client.send(message)
                closed = await client.wait_closed()
                assert (closed.code, closed.reason) == (1011, ""), messages
    assert (await worker.probe("socket"))["connects"] == connects + len(PACKETS[attack]) + 1


@pytest.mark.parametrize("attack", BODIES)
async def test_what_is_no_payload_of_revision_3_ends_its_session(engine_worker: EngineWorker, attack: str) -> None:
    async with undisturbed(engine_worker, "/old/", 3, lines=len(BODIES[attack])), old_site(engine_worker.url) as where:
        for body in BODIES[attack]:
            client = await open_old(where)
            assert (await client.post(body)).error == (400, 3), body
            assert await engine_worker.ended(OLD, client.sid) == ["transport error"]


@pytest.mark.parametrize(
    ("body", "packets"),
    [
        ("3:4\U0001f6002:4\u00e93:4\u20ac\u20ac", ["4\U0001f600", "4\u00e9", "4\u20ac\u20ac"]),
        (
            b"\x00\x05\xff4\xf0\x9f\x98\x80" + b"\x01\x03\xff\x04\xc3\x28" + b"\x00\x03\xff4\xc3\xa9",
            ["4\U0001f600", b"\x04\xc3\x28", "4\u00e9"],
        ),
    ],
)
async def test_packets_of_revision_3_stay_apart(
    engine_worker: EngineWorker, body: str | bytes, packets: list[str | bytes]
) -> None:
    async with undisturbed(engine_worker, "/old/", 3, lines=0), old_site(engine_worker.url) as where:
        client = await open_old(where)
        parked = asyncio.create_task(client.get())
        await silence(0.1)
        assert (await client.post(body)).text == "ok"
        found = await parked
        while len(found) < len(packets):
            found += await client.get()
        assert found == packets
        await client.post("1:1")


async def test_a_parked_poll_gets_packets_apart(worker: Worker) -> None:
    async with undisturbed(worker, SOCKETIO, lines=0), poll(worker.url, SOCKETIO) as client:
        await client.send("40")
        await client.receive()
        parked = client.hold()
        await silence(0.1)
        await client.send(f'451-1["echo",{ONE}]', b"\x01\x02")
        assert (await parked).frames == [f"461-1[{ONE}]", b"\x01\x02"]
        await client.send("1")


async def test_what_is_no_msgpack_closes_its_sender(worker: Worker) -> None:
    async with python_client(worker.url, path="/msgpack/", serializer="msgpack") as bystander:
        assert await bystander.call("echo", 1) == 1
        async with few_lines(worker, len(MSGPACK)):
            for message in MSGPACK:
                async with connect(worker.url, "/msgpack/") as client:
                    await client.send(message)
                    assert (await client.wait_closed()).code == 1011, message
            assert await bystander.call("echo", 2) == 2


async def test_an_event_named_error_is_an_event(worker: Worker) -> None:
    async with undisturbed(worker, SOCKETIO, lines=0), connect(worker.url) as client:
        await client.join()
        for event in ('42["error"]', '42["error",{"message":"x"}]', '42["uncaughtException"]'):
            await client.send(event)
        await client.send('427["echo","still here"]')
        assert await client.receive_message() == '37["still here"]'


async def test_half_a_packet_ends_with_its_session(worker: Worker) -> None:
    async def are(number: int) -> bool:
        return bool((await worker.probe("socket"))["sessions"] == number)

    async with undisturbed(worker, SOCKETIO, lines=0):
        await until(lambda: are(1), "only the bystander is left")
        async with connect(worker.url) as client:
            await client.join()
            await client.send('4510-["echo"]')
            for _ in range(9):
                await client.send(b"x" * 50_000)
            assert await are(2)
        await until(lambda: are(1), "the session is forgotten")


async def test_attachments_of_who_has_not_joined_are_not_kept(worker: Worker) -> None:
    async with undisturbed(worker, SOCKETIO), connect(worker.url) as client:
        await client.send('4510-["echo"]')
        assert (await client.wait_closed()).code == 1011


async def test_pongs_nobody_asked_for_start_nothing(engine_worker: EngineWorker) -> None:
    async with (
        undisturbed(engine_worker, ENGINEIO, lines=0),
        connect(engine_worker.url, ENGINEIO) as client,
        poll(engine_worker.url) as polling,
    ):
        for _ in range(1_000):
            await client.send("3")
        await client.send("4end")
        while (received := await client.receive()) != "4end":
            assert received == "6"
        await polling.send(*["3"] * 500)
        await polling.send("4end")
        assert await polling.receive() == ["4end"]
        await polling.send("1")


async def test_what_is_larger_than_allowed_ends_its_session(engine_worker: EngineWorker) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"4"
        for _ in range(101):
            yield b"x" * 10_000

    async with undisturbed(engine_worker, ENGINEIO, lines=3):
        for data in (b"4" + b"x" * 1_000_000, pieces()):
            async with poll(engine_worker.url) as client:
                assert (await client.post(data=data)).status == 413
                assert await engine_worker.ended(ENGINE, client.sid) == ["transport error"]
        async with connect(engine_worker.url, ENGINEIO, max_msg_size=0) as socket:
            await socket.send("4" + "x" * 1_000_000)
            assert (await socket.wait_closed()).code == 1009


async def test_a_payload_of_too_many_packets_ends_its_session(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, "/old/", 3), old_site(engine_worker.url) as where:
        old = await open_old(where)
        assert (await old.post("1:6" * 300_000)).error == (400, 3)
        assert await engine_worker.ended(OLD, old.sid) == ["transport error"]
    async with undisturbed(engine_worker, ENGINEIO), poll(engine_worker.url) as client:
        assert (await client.post(data=b"6\x1e" * 20_000)).error == (400, 3)
        assert await engine_worker.ended(ENGINE, client.sid) == ["transport error"]


@pytest.mark.parametrize("body", [b"4fine", b"", b"\x00\x01\xff4", b"\xff" * 100])
async def test_an_octet_stream_post_is_answered_and_ends_its_session(engine_worker: EngineWorker, body: bytes) -> None:
    async with undisturbed(engine_worker, ENGINEIO), poll(engine_worker.url) as client:
        answer = await client.post(data=body, headers={"Content-Type": "application/octet-stream"})
        assert answer.error == (400, 3)
        assert await engine_worker.ended(ENGINE, client.sid) == ["transport error"]


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/plain"])
async def test_a_post_that_never_ends_is_answered_when_its_session_ends(engine_worker: EngineWorker, kind: str) -> None:
    over = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while not over.is_set():
            yield b"4"
            await silence(0.05)

    async with undisturbed(engine_worker, ENGINEIO), poll(engine_worker.url, "/fast/") as client:
        posting = asyncio.create_task(client.post(data=endless(), headers={"Content-Type": kind}))
        assert await engine_worker.ended("FAST/e0", client.sid) in (["ping timeout"], ["transport error"])
        try:
            async with asyncio.timeout(3):
                assert (await asyncio.shield(posting)).status == 400
        finally:
            over.set()
            await posting


@pytest.mark.parametrize("query", ["EIO=3&", ""])
async def test_an_upgrade_has_the_revision_of_its_session(engine_worker: EngineWorker, query: str) -> None:
    async with undisturbed(engine_worker, ENGINEIO), poll(engine_worker.url) as client:
        address = f"{client.site.url}?{query}transport=websocket&sid={client.sid}"
        async with client.site.http.ws_connect(address) as ws:
            socket = RawSocket(ws)
            await socket.send("2probe")
            assert await socket.receive() == "3probe"
            await socket.send("5")
            await socket.send(b"\x04binary")
            assert await socket.receive() == b"\x04binary"
            await socket.send("2")
            assert (await socket.wait_closed()).code == 1011
        assert await engine_worker.ended(ENGINE, client.sid) == ["transport error"]


async def test_an_upgrade_of_revision_4_stays_what_its_session_is(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, "/old/", 3), old_site(engine_worker.url) as where:
        client = await open_old(where)
        async with where.http.ws_connect(f"{where.url}?{WEBSOCKET}&sid={client.sid}") as ws:
            socket = RawSocket(ws)
            await socket.send("2probe")
            assert await socket.receive() == "3probe"
            await socket.send("5")
            await socket.send(b"\x04binary")
            assert await socket.receive() == b"\x04binary"
            await socket.send(b"binary")
            assert (await socket.wait_closed()).code == 1011


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString", "hasOwnProperty"])
async def test_a_sid_named_like_a_property_is_unknown(engine_worker: EngineWorker, name: str) -> None:
    async with undisturbed(engine_worker, ENGINEIO, lines=0), site(engine_worker.url) as where:
        for sid in (name, "A" * 22 + name):
            for method in ("GET", "POST"):
                assert (await where.ask(method, f"EIO=4&transport=polling&sid={sid}")).error == (400, 1)
            status, body = await handshake(engine_worker.url, f"{ENGINEIO}?{WEBSOCKET}&sid={sid}")
            assert (status, '"code":1' in body) == (400, True)


@pytest.mark.parametrize("transport", ["polling", "__proto__", "toString", "constructor", "webtransport", ""])
async def test_an_upgrade_to_no_websocket_is_refused(engine_worker: EngineWorker, transport: str) -> None:
    async with undisturbed(engine_worker, ENGINEIO, lines=0), poll(engine_worker.url) as client:
        for sid in ("", f"&sid={client.sid}"):
            status, _ = await handshake(engine_worker.url, f"{ENGINEIO}?EIO=4&transport={transport}{sid}")
            assert status == 400
        await client.send("4well")
        assert await client.receive() == ["4well"]
        await client.send("1")


async def test_a_wrong_upgrade_that_is_reset_disturbs_nobody(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, ENGINEIO, lines=0):
        for query in ("EIO=4&transport=pigeon", f"{WEBSOCKET}&sid=unknown", "EIO=9&transport=websocket"):
            for waits in (False, True):
                async with wire(engine_worker.url) as line:
                    if waits:
                        assert await line.upgrade(f"{ENGINEIO}?{query}") == 400
                    else:
                        await line.send(
                            f"GET {ENGINEIO}?{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n".encode()
                        )
                    line.reset()


@pytest.mark.parametrize("sent", FRAMES.values(), ids=FRAMES)
async def test_a_frame_that_breaks_the_protocol_closes_its_sender(engine_worker: EngineWorker, sent: bytes) -> None:
    async with undisturbed(engine_worker, ENGINEIO), wire(engine_worker.url) as line:
        assert await line.upgrade(f"{ENGINEIO}?{WEBSOCKET}") == 101
        await line.send(sent)
        assert await line.wait_closed() == 1002


async def test_a_frame_that_claims_to_be_huge_closes_its_sender(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, ENGINEIO), wire(engine_worker.url) as line:
        assert await line.upgrade(f"{ENGINEIO}?{WEBSOCKET}") == 101
        await line.send(bytes([FIN | TEXT, 0xFF]) + (2**62).to_bytes(8, "big") + bytes(4) + b"4x")
        assert await line.wait_closed() == 1009


async def test_a_ping_gets_its_own_payload_back_and_no_more(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, ENGINEIO, lines=0), wire(engine_worker.url) as line:
        assert await line.upgrade(f"{ENGINEIO}?{WEBSOCKET}") == 101
        await line.receive()
        for payload in (b"", b"50", b"x" * 125):
            await line.send_frame(FIN | PING, payload)
            assert await line.receive() == (PONG, payload)


async def test_a_message_in_tiny_fragments_is_one_message_or_too_large(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, ENGINEIO), wire(engine_worker.url) as line:
        assert await line.upgrade(f"{ENGINEIO}?{WEBSOCKET}") == 101
        await line.receive()
        await line.send(frame(TEXT, b"4") + frame(0, b"x") * 10_000 + frame(0) * 10_000 + frame(FIN))
        assert await line.receive() == (TEXT, b"4" + b"x" * 10_000)
        await line.send(frame(TEXT, b"4") + frame(0, b"x" * 100) * 10_000 + frame(FIN))
        assert await line.wait_closed() == 1009


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
async def test_a_crafted_header_of_a_handshake_does_nothing(engine_worker: EngineWorker, headers: list[str]) -> None:
    async with undisturbed(engine_worker, ENGINEIO, lines=0), wire(engine_worker.url) as line:
        assert await line.upgrade(f"{ENGINEIO}?{WEBSOCKET}", *headers) == 101
        await line.receive()
        await line.send_frame(FIN | TEXT, b"4well")
        assert await line.receive() == (TEXT, b"4well")


async def test_a_handshake_with_too_many_headers_is_refused(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, ENGINEIO, lines=0), wire(engine_worker.url) as line:
        assert await line.upgrade(f"{ENGINEIO}?{WEBSOCKET}", *(f"x{number}: x" for number in range(2_000))) == 400


async def test_empty_messages_close_their_sender(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, ENGINEIO), wire(engine_worker.url) as line:
        assert await line.upgrade(f"{ENGINEIO}?{WEBSOCKET}") == 101
        await line.send(frame(FIN | TEXT) * 20_000)
        assert await line.wait_closed() == 1011


@pytest.mark.parametrize("size", [1_000_000, 40 * 1024 * 1024])
async def test_a_compressed_message_that_grows_too_large_closes_its_sender(
    engine_worker: EngineWorker, size: int
) -> None:
    async with (
        undisturbed(engine_worker, ENGINEIO),
        connect(engine_worker.url, ENGINEIO, compress=15, max_msg_size=0) as client,
    ):
        assert client.ws.compress
        await client.send("4" + "x" * size)
        assert (await client.wait_closed(30)).code == 1009


async def test_a_page_of_another_origin_may_not_connect(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, ENGINEIO, lines=1), poll(engine_worker.url) as victim:
        for asked in (victim.site.ask(headers=EVIL), victim.get(headers=EVIL), victim.post("4evil", headers=EVIL)):
            refused = await asked
            assert refused.error == (403, 4)
            assert "access-control-allow-origin" not in refused.headers
        for sid in ("", f"&sid={victim.sid}"):
            status, _ = await handshake(engine_worker.url, f"{ENGINEIO}?{WEBSOCKET}{sid}", **EVIL)
            assert status == 403
        await victim.send("4mine")
        assert await victim.receive() == ["4mine"]
        await victim.send("1")


async def test_a_sid_tells_nothing_of_another(engine_worker: EngineWorker) -> None:
    async with undisturbed(engine_worker, ENGINEIO, lines=0), site(engine_worker.url) as where:
        sids = [(await where.open()).sid for _ in range(40)]
        for begin in (0, 8, 14):
            assert len({sid[begin : begin + 8] for sid in sids}) == len(sids)
        near = sids[0][:21] + ("A" if sids[0][21] != "A" else "B") + sids[0][22:]
        assert (await where.ask(query=f"EIO=4&transport=polling&sid={near}")).error == (400, 1)
        for sid in sids:
            await where.ask("POST", f"EIO=4&transport=polling&sid={sid}", data=b"1")


def test_nothing_is_unpickled() -> None:
    unpickles = re.compile(
        r"^\s*(?:import|from) (?:pickle|marshal|shelve|dill)\b|(?<![.\w])(?<!def )(?:eval|exec)\(", re.MULTILINE
    )
    sources = [*HERE.parent.glob("packages/*/src/**/*.py")]
    assert len(sources) > 50
    assert [path.name for path in sources if unpickles.search(path.read_text(encoding="utf-8"))] == []
