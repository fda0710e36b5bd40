"""The example of engine-do, with nothing of Socket.IO in the Worker."""

from collections.abc import Iterator

import pytest
from clients.raw import connect
from conftest import ENGINE_ALONE, PACKAGES, prepare_worker
from waiting import silence

from local_runtime import Prepared, WorkerdServer


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare_worker(PACKAGES / "engine-do" / "examples" / "echo", ENGINE_ALONE)


@pytest.fixture(scope="module")
def echo(prepared: Prepared) -> Iterator[str]:
    with WorkerdServer(prepared) as server:
        yield server.url


def test_nothing_of_socketio_is_shipped(prepared: Prepared) -> None:
    shipped = set(prepared.module_sizes)
    assert {"shared_wire", "engine_do"} <= shipped
    assert not {"socketio", "engineio", "socketio_do"} & shipped


async def test_text_and_binary_come_back_in_order_after_the_greeting(echo: str) -> None:
    async with connect(echo, "/engine.io/") as client:
        assert await client.receive() == "4hello from 127.0.0.1"
        sent: list[str | bytes] = [*(f"4{number}" for number in range(50)), b"\x00\xff", "4ünïcödé", b""]
        for frame in sent:
            await client.send(frame)
        assert [await client.receive() for _ in sent] == sent


async def test_the_socket_survives_sleep(echo: str) -> None:
    async with connect(echo, "/engine.io/") as client:
        await client.receive()
        await silence(11)
        await client.send("4awake?")
        assert await client.receive() == "4awake?"
