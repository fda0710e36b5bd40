"""A composition that cannot work says what to write instead."""

from pathlib import Path

from clients.raw import handshake
from conftest import ALL, prepare_worker
from waiting import until

from local_runtime import DevServer

WORKER = Path(__file__).parent / "worker"


async def test_a_missing_binding_is_named_in_the_log_and_hidden_from_the_client() -> None:
    engine_only = {"durable_objects": {"bindings": [{"name": "ENGINE", "class_name": "Engine"}]}}
    with DevServer(prepare_worker(WORKER, ALL, **engine_only)) as server:
        status, body = await handshake(server.url, "/socket.io/?EIO=4&transport=websocket")
        assert (status, body) == (500, "Internal server error")

        async def is_named() -> bool:
            return "peer_binding is 'SOCKET', but the Worker has no such binding" in server.log_text()

        await until(is_named, "the log says which binding is missing")
