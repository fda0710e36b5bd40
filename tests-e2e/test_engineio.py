"""Raw frames against the engine: the handshake, the frames, and what a bad client gets."""

import json

import pytest
from clients.raw import connect, handshake
from conftest import Worker
from waiting import until

GOOD = "/socket.io/?EIO=4&transport=websocket"


async def test_the_open_packet_comes_first_and_announces_the_configuration(worker: Worker) -> None:
    async with connect(worker.url) as client:
        sid = client.open.pop("sid")
        assert client.open == {"upgrades": [], "pingInterval": 25_000, "pingTimeout": 85_000, "maxPayload": 100_000}
        assert len(sid) == 24
        assert sid.endswith("e0")
        assert set(sid) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


async def test_sids_are_never_the_same(worker: Worker) -> None:
    async with connect(worker.url) as one, connect(worker.url) as two:
        assert one.open["sid"] != two.open["sid"]


@pytest.mark.parametrize(
    ("target", "method", "headers", "status", "code", "words"),
    [
        ("/socket.io/?EIO=4&transport=polling", "GET", {}, 400, 3, "Bad request"),
        ("/socket.io/?EIO=4&transport=pigeon", "GET", {}, 400, 0, "Transport unknown"),
        ("/socket.io/?EIO=4", "GET", {}, 400, 0, "Transport unknown"),
        (GOOD + "&sid=AAAAAAAAAAAAAAAAAAAAAAe0", "GET", {}, 400, 1, "Session ID unknown"),
        (GOOD + "&sid=AAAAAAAAAAAAAAAAAAAAAAe9", "GET", {}, 400, 1, "Session ID unknown"),
        (GOOD + "&sid=__proto__", "GET", {}, 400, 1, "Session ID unknown"),
        (GOOD, "POST", {"Upgrade": "", "Connection": ""}, 400, 2, "Bad handshake method"),
        (GOOD, "GET", {"Upgrade": "", "Connection": ""}, 400, 3, "Bad request"),
        (GOOD, "GET", {"Origin": "https://evil.example"}, 403, 4, "Forbidden"),
        (GOOD, "GET", {"Origin": "null"}, 403, 4, "Forbidden"),
        ("/socket.io/?transport=websocket", "GET", {}, 400, 5, "Unsupported protocol version"),
        ("/socket.io/?EIO=3&transport=websocket", "GET", {}, 400, 5, "Unsupported protocol version"),
        ("/socket.io/?EIO=four&transport=websocket", "GET", {}, 400, 5, "Unsupported protocol version"),
    ],
)
async def test_a_bad_handshake_gets_the_documented_error(
    worker: Worker, target: str, method: str, headers: dict[str, str], status: int, code: int, words: str
) -> None:
    answered, body = await handshake(worker.url, target, method, **headers)
    error = json.loads(body)
    assert (answered, error["code"]) == (status, code)
    assert error["message"].startswith(words) or words in error["message"]
    assert set(error) == {"code", "message"}


async def test_other_paths_are_not_the_engines(worker: Worker) -> None:
    status, body = await handshake(worker.url, "/elsewhere?EIO=4&transport=websocket")
    assert (status, body) == (404, "Not found")


async def test_a_page_of_the_same_host_may_connect(worker: Worker) -> None:
    async with connect(worker.url, headers={"Origin": worker.url}) as client:
        assert await client.join()


async def test_where_any_origin_is_allowed_a_foreign_page_may_connect(worker: Worker) -> None:
    async with connect(worker.url, "/fast/", headers={"Origin": "https://else.where"}) as client:
        assert await client.join()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("7", 1011),
        ("x", 1011),
        ("", 1011),
        ("2", 1011),
        ("4" + "x" * 100_000, 1009),
        ("4" + "ü" * 60_000, 1009),
        (b"x" * 100_001, 1009),
        ("4hello", 1011),
        ("49", 1011),
        ("42", 1011),
        ("42{}", 1011),
        ('42["connect"]', 1011),
        ("42[not json", 1011),
        ('42["event before connect"]', 1011),
        ('452-["x",{"_placeholder":true,"num":0}]', None),
        ('45999999999-["x"]', 1011),
        ("41{}", 1011),
        ("44[]", 1011),
        ("40[1]", 1011),
        (b"a lone attachment", 1011),
    ],
)
async def test_a_bad_frame_costs_its_sender_the_connection_and_nobody_else(
    worker: Worker, frame: str | bytes, code: int | None
) -> None:
    async with connect(worker.url) as bystander, connect(worker.url) as client:
        await bystander.join()
        await client.send(frame)
        if code is None:
            await client.send("4text in place of an attachment")
            code = 1011
        closed = await client.wait_closed()
        assert (closed.code, closed.reason) == (code, "")
        lines = worker.log_lines(client.open["sid"])
        assert len(lines) <= 2, lines
        await bystander.send('421["echo",7]')
        assert await bystander.receive_message() == "31[7]"


async def test_a_bad_client_leaves_one_line_with_its_id_in_the_log(worker: Worker) -> None:
    async with connect(worker.url) as client:
        await client.join()
        await client.send("42[]")
        await client.wait_closed()

    async def said() -> list[str]:
        return [line for line in worker.log_lines(client.open["sid"]) if "closed" in line]

    assert len(await until(said, "the log says why")) == 1


async def test_a_close_packet_ends_the_session(worker: Worker) -> None:
    async with connect(worker.url) as client:
        await client.join()
        await client.send("1")
        assert (await client.wait_closed()).code == 1000


async def test_a_handler_that_raises_tells_the_client_nothing(worker: Worker) -> None:
    async with connect(worker.url) as client:
        await client.join()
        await client.send('421["fail"]')
        await client.send('422["echo","still here"]')
        assert await client.receive_message() == '32["still here"]'
