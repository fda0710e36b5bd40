"""A composition that cannot work says what to write instead."""

from pathlib import Path

from clients.raw import connect, handshake
from conftest import ALL, EngineWorker, prepare_worker
from waiting import until

from local_runtime import WorkerdServer

WORKER = Path(__file__).parent / "worker"


async def test_a_missing_binding_is_named_in_the_log_and_hidden_from_the_client() -> None:
    engine_only = {"durable_objects": {"bindings": [{"name": "ENGINE", "class_name": "Engine"}]}}
    with WorkerdServer(prepare_worker(WORKER, ALL, **engine_only)) as server:
        status, body = await handshake(server.url, "/socket.io/?EIO=4&transport=websocket")
        assert (status, body) == (503, "Service unavailable")

        async def is_named() -> bool:
            return "peer_binding is 'SOCKET', but the Worker has no such binding" in server.log_text()

        await until(is_named, "the log says which binding is missing")


async def test_route_with_another_configuration_than_the_class_has_is_named_in_the_log_once(
    engine_worker: EngineWorker,
) -> None:
    for _ in range(2):
        async with connect(engine_worker.url, "/skewed/") as client:
            await client.send("4served all the same")
            assert await client.receive() == "4served all the same"

    async def told() -> list[str]:
        return engine_worker.log_lines("another configuration")

    await until(told, "the log names what differs")
    (line,) = await told()
    assert line.endswith("They differ in: path, ping_interval_ms, ping_timeout_ms")


async def test_a_proxy_names_the_host_where_it_is_trusted(engine_worker: EngineWorker) -> None:
    """The Worker sees the inner host; the page comes from the outer one."""
    pages = {"Origin": "https://chat.example", "X_Forwarded_Host": "chat.example"}
    query = "?EIO=4&transport=websocket"
    assert (await handshake(engine_worker.url, f"/echo/{query}", **pages))[0] == 101
    assert (await handshake(engine_worker.url, f"/engine.io/{query}", **pages))[0] == 403
