"""A session over HTTP long-polling, request by request. https://socket.io/docs/v4/engine-io-protocol/"""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from clients.polling import poll, site
from clients.raw import connect, handshake
from conftest import EngineWorker
from waiting import silence

ENGINE = "ENGINE/e0"


async def test_the_handshake_tells_the_configuration_and_that_it_may_move(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        sid = client.facts.pop("sid")
        assert client.facts == {
            "upgrades": ["websocket"],
            "pingInterval": 300_000,
            "pingTimeout": 360_000,
            "maxPayload": 1_000_000,
        }
        assert sid[22:] == "e0"
        assert client.opened_by.headers["content-type"] == "text/plain; charset=UTF-8"
        assert client.opened_by.headers["cache-control"] == "no-store"
        assert "set-cookie" not in client.opened_by.headers


async def test_a_session_belongs_to_the_chosen_actor(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, query="actor=1") as client:
        assert client.sid.endswith("e1")
        await client.send("4note:here")
        assert await engine_worker.seen("ENGINE/e1", client.sid) == ["connect", "message: here"]


async def test_a_get_is_held_until_there_is_something(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        held = client.hold()
        await silence(1)
        assert not held.done()
        await client.send("4now")
        assert (await held).frames == ["4now"]


async def test_what_was_sent_before_the_get_waits_for_it(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, query="greet") as client:
        await client.send("4one")
        await client.send("4two")
        assert (await client.get()).frames == ["4hello", "4one", "4two"]


async def test_several_packets_of_all_kinds_travel_in_one_body(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        frames: list[str | bytes] = ["4ünïcödé €😀", b"\x00\x1e\xff", "4", b"", "4b", "6", "4last"]
        await client.send(*frames)
        assert await client.receive(6) == [frame for frame in frames if frame != "6"]


async def test_an_answer_holds_at_most_sixteen_packets(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        await client.send("4many:40")
        sizes = []
        found: list[str | bytes] = []
        while len(found) < 40:
            frames = (await client.get()).frames
            sizes.append(len(frames))
            found += frames
        assert found == [f"4{number}" for number in range(40)]
        assert sizes == [16, 16, 8]


async def test_a_large_answer_is_compressed_for_clients_that_take_it(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        await client.send("4large:5000")
        answer = await client.get(headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert len(answer.body) < 200
        assert gzip.decompress(answer.body) == b"4" + b"x" * 5_000
        await client.send("4large:5000")
        answer = await client.get(headers={"Accept-Encoding": "gzip;q=0, deflate"})
        assert answer.headers["content-encoding"] == "deflate"
        assert zlib.decompress(answer.body) == b"4" + b"x" * 5_000
        for encodings in ({"Accept-Encoding": "identity"}, {}):
            await client.send("4large:5000")
            plain = await client.get(headers=encodings)
            assert (plain.headers.get("content-encoding"), plain.body) == (None, b"4" + b"x" * 5_000)


async def test_a_polling_client_is_pinged_and_stays_while_it_answers(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, "/fast/") as client:
        for _ in range(6):
            assert (await client.get()).frames == ["2"]
            await client.send("3")
        assert await engine_worker.seen("FAST/e0", client.sid) == ["connect"]


async def test_a_client_that_polls_but_answers_no_ping_is_found_dead(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, "/fast/") as client:
        while (answer := await client.get()).status == 200:
            assert set(answer.frames) == {"2"}
        assert answer.error in ((400, 1), (400, 3))
        assert await engine_worker.ended("FAST/e0", client.sid) == ["ping timeout"]


async def test_a_client_that_stopped_polling_is_found_dead(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, "/fast/") as client:
        assert (await client.get()).frames == ["2"]
        await client.send("3")
        assert await engine_worker.ended("FAST/e0", client.sid) == ["ping timeout"]


async def test_a_client_that_took_its_get_back_is_found_dead(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, "/fast/") as client:
        held = client.hold()
        await silence(0.1)
        held.cancel()
        assert await engine_worker.ended("FAST/e0", client.sid) == ["ping timeout"]


async def test_a_get_with_nothing_to_say_is_answered_before_proxies_cut_it(engine_worker: EngineWorker) -> None:
    loop = asyncio.get_running_loop()
    async with poll(engine_worker.url, "/strict/") as client:
        began = loop.time()
        assert (await client.get()).frames == ["6"]
        assert 24 < loop.time() - began < 28
        await client.send("1")


async def test_a_second_get_ends_the_session(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        held = client.hold()
        await silence(0.3)
        assert (await client.get()).status == 400
        # As the protocol's own test suite has it.
        assert (await held).frames == ["1"]
        assert await engine_worker.ended(ENGINE, client.sid) == ["transport error"]
        assert (await client.get()).error == (400, 1)


async def _slow_body() -> AsyncIterator[bytes]:
    yield b"4first "
    await silence(1)
    yield b"half"


async def test_a_slow_post_is_taken(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        assert (await client.post(data=_slow_body())).status == 200
        assert await client.receive() == ["4first half"]


async def test_a_second_post_ends_the_session(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        first = asyncio.create_task(client.post(data=_slow_body()))
        await silence(0.3)
        assert (await client.post("4second")).error[0] == 400
        assert (await first).error[0] == 400
        assert await engine_worker.ended(ENGINE, client.sid) == ["transport error"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "text/plain"),
        (b"9", "text/plain"),
        (b"4one\x1e", "text/plain"),
        (b"4one\x1e7", "text/plain"),
        (b"b!!!", "text/plain"),
        (b"\xff\xfe", "text/plain"),
        (b"2", "text/plain"),
        (b"4fine", "application/octet-stream"),
        (b"\x1e" * 10_000, "text/plain"),
    ],
)
async def test_a_body_that_is_no_payload_ends_the_session(engine_worker: EngineWorker, body: bytes, kind: str) -> None:
    async with poll(engine_worker.url) as client:
        assert (await client.post(data=body, headers={"Content-Type": kind})).error == (400, 3)
        assert await engine_worker.ended(ENGINE, client.sid) == ["transport error"]
        assert (await client.get()).error == (400, 1)


async def _chunks(size: int) -> AsyncIterator[bytes]:
    yield b"4"
    for _ in range(size // 100):
        yield b"x" * 100


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_ends_the_session(engine_worker: EngineWorker, chunked: bool) -> None:
    async with poll(engine_worker.url, "/strict/") as client:
        assert (await client.post("4" + "x" * 999)).status == 200
        assert len(str((await client.receive())[0])) == 1_000
        refused = await client.post(data=_chunks(1_100) if chunked else b"4" + b"x" * 1_000)
        assert (refused.status, refused.text) == (413, "")
        assert await engine_worker.ended("STRICT/e0", client.sid) == ["transport error"]


async def test_the_client_closes_by_a_packet(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        held = client.hold()
        await silence(0.3)
        assert (await client.post("4note:before", "1", "4note:after")).status == 200
        assert (await held).frames == ["6"]
        assert (await client.get()).error == (400, 1)
        assert (await client.post("4more")).error == (400, 1)
        assert await engine_worker.ended(ENGINE, client.sid) == ["client disconnect"]
        assert "message: after" not in await engine_worker.seen(ENGINE, client.sid)


@pytest.mark.parametrize("holds", [False, True])
async def test_the_server_closes_and_the_client_hears_what_was_said_before(
    engine_worker: EngineWorker, holds: bool
) -> None:
    async with poll(engine_worker.url) as client:
        held = client.hold() if holds else None
        await silence(0.3)
        await client.send("4many:3", "4leave:farewell")
        answer = await (held or client.get())
        assert answer.frames == ["40", "41", "42", "4farewell", "1"]
        assert (await client.get()).error == (400, 1)
        assert await engine_worker.ended(ENGINE, client.sid) == ["server disconnect"]


async def test_what_follows_in_the_payload_whose_message_made_the_server_close_is_not_heard(
    engine_worker: EngineWorker,
) -> None:
    async with poll(engine_worker.url) as client:
        await client.send("4note:before", "4leave:farewell", "4note:after")
        assert await engine_worker.ended(ENGINE, client.sid) == ["server disconnect"]
        expected = ["connect", "message: before", "disconnect: server disconnect"]
        assert await engine_worker.seen(ENGINE, client.sid) == expected


async def test_a_handler_that_raises_changes_nothing(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        await client.send("4fail:", "4still here")
        assert await client.receive() == ["4still here"]


async def test_what_is_stored_with_a_session_ends_with_it(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        await client.send("4keep:__proto__", "4kept:", "4transport:")
        assert await client.receive(2) == ['4{"kept": "__proto__"}', "4polling"]
        rows = (await engine_worker.probe(ENGINE))["rows"]
        await client.send("1")
        assert (await engine_worker.probe(ENGINE))["rows"] == rows - 1


async def test_what_is_stored_while_the_client_connects_is_there_afterwards(engine_worker: EngineWorker) -> None:
    expected = '4{"kept": "from the start"}'
    async with poll(engine_worker.url, query="keep") as client:
        await client.send("4kept:")
        assert await client.receive() == [expected]
    async with connect(engine_worker.url, "/engine.io/", "EIO=4&transport=websocket&keep") as socket:
        await socket.send("4kept:")
        assert await socket.receive() == expected


async def test_a_client_that_sends_more_than_its_share_is_closed(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, "/strict/") as client:
        await client.send(*["4note:x"] * 50)
        await client.send(*["4note:x"] * 100)
        assert (await client.post(*["4note:x"] * 100)).error == (400, 3)
        assert await engine_worker.ended("STRICT/e0", client.sid) == ["transport error"]


async def test_an_object_takes_so_many_sessions_and_so_many_of_one_address(engine_worker: EngineWorker) -> None:
    async with site(engine_worker.url, "/strict/") as strict:
        sessions = [await strict.open(headers={"CF-Connecting-IP": f"10.0.0.{number // 2}"}) for number in range(6)]
        full = await strict.ask(headers={"CF-Connecting-IP": "10.0.0.9"})
        assert (full.error, full.text) == ((403, 4), '{"code":4,"message":"Forbidden: too many sessions"}')
        status, body = await handshake(engine_worker.url, "/strict/?EIO=4&transport=websocket")
        assert (status, "too many sessions" in body) == (403, True)
        await sessions[0].send("1")
        crowd = await strict.ask(headers={"CF-Connecting-IP": "10.0.0.1"})
        assert crowd.text == '{"code":4,"message":"Forbidden: too many sessions of one address"}'
        sessions[0] = await strict.open(headers={"CF-Connecting-IP": "10.0.0.0"})
        for one in sessions:
            await one.send("1")


async def test_a_websocket_session_is_not_polled(engine_worker: EngineWorker) -> None:
    async with connect(engine_worker.url, "/engine.io/") as client, site(engine_worker.url) as where:
        query = f"EIO=4&transport=polling&sid={client.open['sid']}"
        assert (await where.ask(query=query)).error == (400, 3)
        assert (await where.ask("POST", query, data=b"4x")).error == (400, 3)
        await client.send("4still here")
        assert await client.receive() == "4still here"
