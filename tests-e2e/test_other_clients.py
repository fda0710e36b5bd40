"""What clients in other languages, and with unusual options, need on the wire; and what applications send in one go."""

import asyncio
import json

import pytest
from clients.asking import python
from clients.engine_node import engine_client
from clients.node import node_client
from clients.polling import poll
from clients.raw import RawSocket, connect
from conftest import EngineWorker, Worker

BINARY = b"\x00\x01\xfe\xff"


async def test_binary_comes_and_goes_as_text_where_a_client_wants_it_so(engine_worker: EngineWorker) -> None:
    query = "EIO=4&transport=websocket&b64=1"
    async with (
        connect(engine_worker.url, "/engine.io/", query) as one,
        connect(engine_worker.url, "/engine.io/") as two,
    ):
        for client in (one, two):
            await client.send("bAAH+/w==")
        assert await one.receive() == "bAAH+/w=="
        assert await two.receive() == BINARY
        await one.send(BINARY)
        assert await one.receive() == "bAAH+/w=="


@pytest.mark.parametrize(("revision", "path"), [(4, "/engine.io/"), (3, "/old/")])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_npm_clients_with_force_base64(
    engine_worker: EngineWorker, revision: int, path: str, transport: str
) -> None:
    options = {"transports": [transport], "forceBase64": True}
    async with engine_client(engine_worker.url, path, revision, **options) as client:
        await client.next("open")
        await client.send(BINARY)
        assert await client.message() == BINARY


async def test_a_socketio_client_with_force_base64_exchanges_binary(worker: Worker) -> None:
    async with node_client(worker.url, forceBase64=True) as client:
        await client.next("connect")
        assert await client.call("echo", {"of": [BINARY]}) == [{"of": [BINARY]}]


async def test_ack_ids_fit_into_32_bits(worker: Worker) -> None:
    """Clients in Java, C++, C# and Rust read no more."""
    async with connect(worker.url) as client:
        await client.join()
        await client.send('427["ask","how are you?"]')
        asked = str(await client.receive_message())
        number = int(asked[1 : asked.index("[")])
        assert 0 <= number < 2**30
        await client.send(f'43{number}["fine"]')
        assert await client.receive_message() == '37["fine"]'


async def test_nothing_of_a_socket_follows_its_disconnect(worker: Worker) -> None:
    async with connect(worker.url) as client:
        sid = (await client.join())["sid"]
        await client.send(f'427["kick","{sid}"]')
        assert await client.receive_message() == "1"
        assert (await client.join())["sid"] != sid, "what comes next is the answer to this"


async def test_text_travels_as_text(worker: Worker) -> None:
    async with connect(worker.url) as client:
        await client.join()
        await client.send('427["echo","Grüße, 世界 😀","\\ud800"]')
        assert await client.receive_message() == '37["Grüße, 世界 😀","\\ud800"]'


async def test_what_is_begun_in_the_background_comes_after_the_handler_s_own(worker: Worker) -> None:
    async with connect(worker.url) as client:
        await client.join()
        await client.send('427["later"]')
        received = [str(await client.receive_message()) for _ in range(3)]
        assert received == ['2["in the handler"]', '37["begun"]', '2["in the background"]']


async def heard(client: RawSocket, last: str) -> list[str]:
    """Read messages until one that begins so, however long the others take."""
    found: list[str] = []
    while not found or not found[-1].startswith(last):
        frame = str(await client.receive(60))
        if frame == "2":
            await client.send("3")
        else:
            found.append(frame[1:])
    return found


@pytest.mark.parametrize(("count", "size"), [(21_000, 1), (40, 500_000), (4, 10_000_000)])
async def test_a_handler_may_send_any_number_of_events(worker: Worker, count: int, size: int) -> None:
    async with connect(worker.url, max_msg_size=0) as one, connect(worker.url) as two:
        for client in (one, two):
            await client.join()
        await one.send(f'427["flood",{count},{size}]')
        received, told = await asyncio.gather(heard(one, "37["), heard(two, '2["over"'))
        drops = [json.loads(packet[1:])[1][0] for packet in received if packet.startswith('2["drop"')]
        assert drops == list(range(count))
        assert told == [f'2["over",{count}]']


async def test_a_client_that_polls_gets_much_that_was_sent_at_once(worker: Worker) -> None:
    """More than 5,000 packets, or 1.9 MB, ended the session of a client that had only begun, each time it came."""
    async with poll(worker.url, "/socket.io/") as client:
        await client.send("40")
        await client.receive()
        await client.send('427["flood",30,100000]')
        received = await client.receive(32)
        assert [str(one)[:9] for one in received] == [*['42["drop"'] * 30, '42["over"', '437["done']


async def test_each_life_begins_in_the_background_what_it_is_told_to(worker: Worker) -> None:
    async with python(worker) as ann:
        before = await ann.call("wakes")
        assert await ann.call("wakes") == before, "once in each life"
        await worker.kill("parity-socket")
        assert await ann.call("wakes") == before + 1


async def test_an_event_that_is_too_large_is_refused_where_it_is_emitted(worker: Worker) -> None:
    async with python(worker) as ann:
        assert await ann.call("too large") == {"raised": "OversizeError"}
        assert await ann.call("wakes") > 0, "nobody was closed for it"
