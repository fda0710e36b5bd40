"""Every documented option of python-socketio's two clients, used against our server: each does what its documentation says.

The lists of options are read from the installed packages: the signatures and the docstrings. A new option fails the test until a
case uses it. Each case runs with the client for asyncio, and with the one that blocks.
"""

import asyncio
import gc
import json as json_module
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import engineio
import pytest
import requests
import socketio
from clients import python
from clients.options import KINDS, PATIENCE_S, Bench, Lines, documented, perform, signal_a_child
from conftest import EngineWorker, Worker
from waiting import until

#: The client that blocks leaves sockets that the server closed to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

Case = Callable[[Bench], Awaitable[None]]
CASES: dict[Case, set[str]] = {}
#: Where our Worker serves nothing. Over polling, the client for asyncio raises `RuntimeError` when the refusal's body is late.
NOWHERE = {"socketio_path": "/nowhere/", "transports": "websocket"}
ConnectionError_ = socketio.exceptions.ConnectionError


def shows(*options: str) -> Callable[[Case], Case]:
    """Have a case for these options."""

    def register(case: Case) -> Case:
        CASES[case] = {*options}
        return case

    return register


@pytest.fixture
def bench(kind: str, worker: Worker, engine_worker: EngineWorker) -> Iterator[Bench]:
    """Where a case tries its options; what is left of the clients is collected before the warnings count again."""
    yield Bench(kind, worker, engine_worker)
    gc.collect()


async def is_back(client: Any, before: str) -> None:
    """Wait until a client has a new sid."""

    async def has_another() -> bool:
        return client.get_sid() not in (None, before)

    await until(has_another, "the client is back")


@shows("reconnection", "auth")
async def a_client_comes_back_with_another_auth(bench: Bench) -> None:
    asked: list[int] = []

    def auth() -> dict[str, Any]:
        asked.append(1)
        return {"conformance": len(asked)}

    client = bench.client(reconnection=True, reconnection_delay=0.05, randomization_factor=0)
    await bench.connect(client, auth=auth)
    before = client.get_sid()
    await bench.worker.kill("parity-engine")
    await is_back(client, before)
    assert len(asked) == 2


@shows("reconnection")
async def a_client_stays_away(bench: Bench) -> None:
    lines, gone = Lines(), asyncio.Event()
    loop = asyncio.get_running_loop()
    client = bench.client(reconnection=False, logger=lines.logger)
    client.on("disconnect", lambda _reason: loop.call_soon_threadsafe(gone.set))
    await bench.connect(client)
    await bench.worker.kill("parity-engine")
    await asyncio.wait_for(gone.wait(), PATIENCE_S)
    assert lines.delays_s == []
    assert client._reconnect_task is None


@shows(
    "reconnection_attempts", "reconnection_delay", "reconnection_delay_max", "randomization_factor", "logger", "retry"
)
async def attempts_become_rarer_until_there_are_no_more(bench: Bench) -> None:
    lines = Lines()
    delays = {"reconnection_delay": 0.02, "reconnection_delay_max": 0.05, "randomization_factor": 0}
    client = bench.client(reconnection=True, reconnection_attempts=4, **delays, logger=lines.logger)
    with pytest.raises(ConnectionError_):
        await bench.connect(client, **NOWHERE, retry=True)
    assert lines.delays_s == [0.02, 0.04, 0.05, 0.05]
    assert "Maximum reconnection attempts reached, giving up" in lines.said
    lines.said.clear()
    with pytest.raises(ConnectionError_):
        await bench.connect(client, **NOWHERE, retry=False)
    assert lines.delays_s == []


@shows("randomization_factor")
async def delays_differ(bench: Bench) -> None:
    lines = Lines()
    delays = {"reconnection_delay": 0.1, "reconnection_delay_max": 0.1, "randomization_factor": 0.09}
    client = bench.client(reconnection_attempts=6, **delays, logger=lines.logger)
    with pytest.raises(ConnectionError_):
        await bench.connect(client, **NOWHERE, retry=True)
    assert len(lines.delays_s) == 6
    assert all(0.01 <= delay <= 0.19 for delay in lines.delays_s)
    assert len(set(lines.delays_s)) > 1


@shows("url", "retry")
async def the_url_is_asked_for_at_each_attempt(bench: Bench) -> None:
    urls = iter(["http://127.0.0.1:9", f"{bench.worker.url}?at=last"])
    client = bench.client(reconnection_delay=0.02, randomization_factor=0)
    await bench.connect(client, lambda: next(urls), retry=True)
    assert (await bench.environ(client))["QUERY_STRING"].startswith("at=last&")


@shows("engineio_logger")
async def the_engine_has_a_logger_of_its_own(bench: Bench) -> None:
    own, engines = Lines(), Lines()
    await bench.connect(bench.client(logger=own.logger, engineio_logger=engines.logger))
    assert any("WebSocket upgrade was successful" in line for line in engines.said)
    assert not any("WebSocket upgrade" in line for line in own.said)
    assert any("Namespace / is connected" in line for line in own.said)


class Shouting(socketio.packet.Packet):  # type: ignore[misc, name-defined, unused-ignore]
    """Events of another spelling."""

    def encode(self) -> Any:
        if self.packet_type == socketio.packet.EVENT:
            self.data = [self.data[0], *(str(one).upper() for one in self.data[1:])]
        return super().encode()


@shows("serializer")
async def packets_are_written_differently(bench: Bench) -> None:
    for serializer, path, sent, answered in (
        ("default", "/socket.io/", {"of": b"\0\xff"}, {"of": b"\0\xff"}),
        ("msgpack", "/msgpack/", {"of": b"\0\xff"}, {"of": b"\0\xff"}),
        (Shouting, "/socket.io/", "hello", "HELLO"),
    ):
        client = await bench.connect(bench.client(serializer=serializer), socketio_path=path)
        assert await bench.call(client, "echo", sent) == answered


@shows("json")
async def json_is_written_by_another_module(bench: Bench) -> None:
    """It counts for the whole process, so it is put back."""
    seen: list[str] = []

    def dumps(value: Any, **_options: Any) -> str:
        seen.append("dumps")
        return json_module.dumps(value, indent=1)

    def loads(text: str, **_options: Any) -> Any:
        seen.append("loads")
        return json_module.loads(text)

    packets: list[Any] = [socketio.packet.Packet, engineio.packet.Packet]
    before = [one.json for one in packets]
    try:
        client = bench.client(json=SimpleNamespace(dumps=dumps, loads=loads))
        await bench.connect(client, auth={"some": ["thing"]})
        assert await bench.call(client, "message-with-ack", {"deep": [1, "ü"]}) == {"deep": [1, "ü"]}
        await bench.close()
    finally:
        for one, json in zip(packets, before, strict=True):
            one.json = json
    assert {*seen} == {"dumps", "loads"}


@shows("handle_sigint")
async def an_interrupt_says_goodbye_or_does_not(bench: Bench) -> None:
    bench.used.add("handle_sigint")
    # Where pings are rare, nobody is given up before the interrupt; where they are not, who says nothing is found soon.
    for path, handle_sigint, reason in (("/socket.io/", True, "client disconnect"), ("/fast/", False, "ping timeout")):
        user = f"{bench.kind} {handle_sigint}"
        async with python.client(bench.worker.url, path=path) as watcher:
            async with signal_a_child(bench.kind, bench.worker.url, path, user, handle_sigint):
                pass
            (left,) = await watcher.next("left")
            assert (left["user"], left["reason"]) == (user, reason)


@shows("request_timeout")
async def a_handshake_that_is_not_answered_is_given_up(bench: Bench) -> None:
    await bench.engine_worker.ask("kill", "ENGINE/e1")  # a new life holds handshakes again
    url = f"{bench.engine_worker.url}?held=1&actor=1"
    try:
        async with asyncio.timeout(4):
            with pytest.raises(ConnectionError_):
                await bench.connect(bench.client(request_timeout=0.3), url, socketio_path="/engine.io/")
    finally:
        await bench.engine_worker.ask("let_in", "ENGINE/e1")


@shows("http_session")
async def requests_are_made_with_a_session_of_the_application(bench: Bench) -> None:
    if bench.blocks:
        with requests.Session() as session:
            session.headers["X-Session"] = "mine"
            await _talk_with(bench, session)
    else:
        async with aiohttp.ClientSession(headers={"X-Session": "mine"}) as http:
            await _talk_with(bench, http)
            assert not http.closed


async def _talk_with(bench: Bench, session: Any) -> None:
    client = await bench.connect(bench.client(http_session=session), transports="polling")
    assert (await bench.environ(client))["HTTP_X_SESSION"] == "mine"
    await bench.close()


@shows("ssl_verify")
async def nothing_is_verified_where_nothing_is_encrypted(bench: Bench) -> None:
    for transport in ("polling", "websocket"):
        client = await bench.connect(bench.client(ssl_verify=False), transports=transport)
        assert client.transport() == transport


@shows("websocket_extra_options")
async def websockets_are_opened_with_more(bench: Bench) -> None:
    extra = {"header" if bench.blocks else "headers": {"X-Extra": "more"}}
    client = bench.client(websocket_extra_options=extra)
    await bench.connect(client, transports="websocket")
    assert (await bench.environ(client))["HTTP_X_EXTRA"] == "more"


@shows("timestamp_requests")
async def requests_are_stamped_or_not(bench: Bench) -> None:
    for stamped in (True, False):
        for transport in ("polling", "websocket"):
            client = await bench.connect(bench.client(timestamp_requests=stamped), transports=transport)
            assert ("&t=" in (await bench.environ(client))["QUERY_STRING"]) is stamped


@shows("headers")
async def headers_are_sent(bench: Bench) -> None:
    for headers, transport in (({"X-Shop": "open"}, "polling"), (lambda: {"X-Shop": "open"}, "websocket")):
        client = await bench.connected(headers=headers, transports=transport)
        assert (await bench.environ(client))["HTTP_X_SHOP"] == "open"


@shows("auth")
async def auth_reaches_the_application(bench: Bench) -> None:
    for auth in ({"user": "ann"}, lambda: {"user": "ann"}):
        client = await bench.connected(auth=auth, socketio_path="/socket.io/")
        assert (await bench.call(client, "whoami"))["session"] == {"user": "ann"}


@shows("transports")
async def transports_are_chosen(bench: Bench) -> None:
    for transports, last in (
        ("polling",) * 2,
        ("websocket",) * 2,
        (["polling", "websocket"], "websocket"),
        (None, "websocket"),
    ):
        client = await bench.connected(transports=transports)
        assert client.transport() == last
        assert (await bench.environ(client))["engine_do.transport"] == last


@shows("namespaces")
async def namespaces_are_named_or_follow_from_the_handlers(bench: Bench) -> None:
    for namespaces in ("/class", ["/", "/class", "/custom"]):
        client = await bench.connected(namespaces=namespaces)
        assert client.namespaces.keys() == {*([namespaces] if isinstance(namespaces, str) else namespaces)}
    client = bench.client()
    client.on("hello", print, namespace="/class")
    await bench.connect(client, namespaces=None)
    assert client.namespaces.keys() == {"/class"}
    described = await perform(client.call, "describe", namespace="/class", timeout=PATIENCE_S)
    assert described["namespace"] == "/class"


@shows("socketio_path")
async def the_path_chooses_the_application(bench: Bench) -> None:
    client = await bench.connected(socketio_path="parity")
    assert (await bench.environ(client))["PATH_INFO"] == "/parity/"


@shows("wait")
async def connect_waits_for_the_namespaces_or_does_not(bench: Bench) -> None:
    refusal = {"auth": {"refuse": "a reason"}, "socketio_path": "/socket.io/"}
    with pytest.raises(ConnectionError_, match="One or more namespaces failed to connect"):
        await bench.connected(wait=True, **refusal)
    loop, told = asyncio.get_running_loop(), asyncio.Queue[Any]()
    client = bench.client()
    client.on("connect_error", lambda error: loop.call_soon_threadsafe(told.put_nowait, error))
    await bench.connect(client, wait=False, **refusal)
    assert await asyncio.wait_for(told.get(), PATIENCE_S) == {"message": "not you", "data": "a reason"}


@shows("wait_timeout")
async def connect_does_not_wait_for_ever(bench: Bench) -> None:
    with pytest.raises(ConnectionError_, match=r"connection error|failed to connect"):
        await bench.connected(wait_timeout=0.1, socketio_path="/socket.io/", auth={"wait_s": 1})
    assert (await bench.connected(wait_timeout=PATIENCE_S)).connected


#: An interrupted process must come to its end, which takes it long beside others.
_MARKS = {"an_interrupt_says_goodbye_or_does_not": pytest.mark.alone}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=_MARKS.get(one.__name__, ()), id=one.__name__) for one in CASES]
)
async def test_an_option_of_python_s_clients(bench: Bench, case: Case) -> None:
    try:
        await case(bench)
    finally:
        await bench.close()
    assert CASES[case] <= bench.used


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_of_python_s_clients_is_used(kind: str) -> None:
    assert documented(kind) == set().union(*CASES.values())
