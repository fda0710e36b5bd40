"""What only plain workerd shows: one process, no wrangler, no proxy in front."""

import asyncio
import gzip
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients.polling import PollingSession, poll
from clients.raw import connect
from conftest import ENGINE_ALONE, EngineWorker, Worker, prepare_worker
from waiting import silence, until

from local_runtime import WorkerdServer

HERE = Path(__file__).parent
ENGINE = "ENGINE/e0"
#: What workerd waits for a close frame that nobody answers.
UNANSWERED_S = 10.0


@pytest.fixture(scope="module")
def plain_engine() -> Iterator[EngineWorker]:
    """The test Worker of an engine alone; it is told when a client takes its request back."""
    flags = ["python_workers", "unsafe_module", "enable_request_signal"]
    prepared = prepare_worker(HERE / "engine_worker", ENGINE_ALONE, compatibility_flags=flags)
    with WorkerdServer(prepared) as server:
        yield EngineWorker(server)


async def test_large_answers_are_compressed_where_no_edge_has_changed_what_a_client_takes(
    plain_engine: EngineWorker,
) -> None:
    async with poll(plain_engine.url) as session:
        await session.send("4large:5000")
        answer = await session.get(headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(answer.body) == b"4" + b"x" * 5_000


async def test_a_close_is_answered_at_once_whoever_begins(plain_engine: EngineWorker) -> None:
    async with asyncio.timeout(UNANSWERED_S / 2):
        async with connect(plain_engine.url, "/engine.io/") as leaver:
            await plain_engine.ask("evict", ENGINE)
            await leaver.ws.close()
            assert leaver.ws.close_code == 1000
        async with connect(plain_engine.url, "/engine.io/") as left:
            await left.send("4leave:bye")
            assert await left.receive() == "4bye"
            assert (await left.wait_closed()).code == 1000
    assert await plain_engine.ended(ENGINE, leaver.open["sid"]) == ["transport close"]
    assert await plain_engine.ended(ENGINE, left.open["sid"]) == ["server disconnect"]


async def test_after_a_kill_state_is_there_and_the_alarm_finds_the_ghosts(restarted_worker: Worker) -> None:
    async with connect(restarted_worker.url, "/fast/") as one:
        await one.join(auth={"user": "one"})
        before = await restarted_worker.probe("fast-socket")
        assert before["sessions"] == 1
        restarted_worker.server.kill()
        await one.wait_closed()
    restarted_worker.server.start()
    # Nothing but this question wakes an object, and it begins no session.
    after = await restarted_worker.probe("fast-socket")
    assert (after["connects"], after["life"]) == (before["connects"], after["life"])

    async def is_empty() -> bool:
        found = await restarted_worker.probe("fast-socket")
        return bool(found["sessions"] == 0 and found["disconnects"] == before["disconnects"] + 1)

    await until(is_empty, "the session of the killed process has ended", patience_s=30)


async def _hold_raw(session: PollingSession) -> socket.socket:
    """Begin a GET on a connection of its own, and wait until it is held."""
    host, port = session.site.url.split("/")[2].split(":")
    held = await asyncio.to_thread(socket.create_connection, (host, int(port)))
    target = f"/{session.site.url.split('/', 3)[3]}?{session.query}"
    held.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await silence(0.5)
    return held


async def test_a_get_that_is_reset_ends_its_session_at_once(plain_engine: EngineWorker) -> None:
    async with poll(plain_engine.url) as gone:
        held = await _hold_raw(gone)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        held.close()
        assert await plain_engine.ended(ENGINE, gone.sid, patience_s=5) == ["transport error"]


async def test_the_end_of_what_a_client_sends_is_not_the_end_of_its_get(plain_engine: EngineWorker) -> None:
    async with poll(plain_engine.url) as client_of_half:
        held = await _hold_raw(client_of_half)
        held.shutdown(socket.SHUT_WR)
        await silence(0.5)
        await client_of_half.send("4still here")
        answer = await asyncio.to_thread(held.recv, 65_536)
        held.close()
        assert answer.endswith(b"4still here"), answer
        assert await plain_engine.seen(ENGINE, client_of_half.sid) == ["connect"]
