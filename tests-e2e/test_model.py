"""The model of the runtime is held against the real one: what an object's clients get, and what it is told, is the same."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from conftest import PACKAGES, prepare_worker
from scenarios import SCENARIOS, Scenario

from local_runtime import WorkerdServer
from shared_wire.testing import ClientSocket, World

FOLDER = Path(__file__).parent / "model_worker"
#: How long a step's consequences may take.
QUIET_S = 0.15
SIDE_BY_SIDE = 10
_OVER = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)

Trace = dict[str, list[str]]

#: Where the model does otherwise on purpose, and why.
DIFFERENT = {
    "a text larger than fits": "Cloudflare documents 2 MB for a text and for a row; local workerd takes more",
}


def shown(frame: str | bytes) -> str:
    """Write a frame so that a person can read it."""
    text = frame if isinstance(frame, str) else f"bytes {frame.hex()}"
    return text if len(text) < 200 else f"{text[:20]}... of {len(text)}"


class Real:
    """One scenario on real workerd."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http, self.url = http, url
        self.trace: Trace = {"get": []}
        self.sockets: dict[str, aiohttp.ClientWebSocketResponse] = {}
        self.readers: list[asyncio.Task[None]] = []
        self.left: set[str] = set()

    async def open(self, client: str, query: str) -> None:
        self.sockets[client] = await self.http.ws_connect(self.url + query, max_msg_size=0)
        self.trace[client] = []
        self.readers.append(asyncio.create_task(self._read(client, self.sockets[client])))

    async def _read(self, client: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        while (message := await socket.receive()).type not in _OVER:
            self.trace[client].append(shown(message.data))
        if client not in self.left:
            self.trace[client].append(f"closed {socket.close_code}")

    async def send(self, client: str, frame: str | bytes) -> None:
        socket = self.sockets[client]
        await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))

    async def close(self, client: str, code: int, reason: str) -> None:
        self.left.add(client)
        await self.sockets[client].close(code=code, message=reason.encode())

    async def drop(self, client: str) -> None:
        self.left.add(client)
        transport = self.sockets[client]._response.connection.transport  # type: ignore[union-attr]
        transport.abort()  # type: ignore[union-attr]

    async def visit(self, verb: str) -> str:
        async with self.http.get(f"{self.url}/{verb}") as response:
            return await response.text()

    async def get(self, query: str) -> None:
        async with self.http.get(self.url + query) as response:
            self.trace["get"].append(f"{response.status} {await response.text()}")

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def end(self) -> Trace:
        self.trace["object"] = [await self.visit("notes")]
        for reader in self.readers:
            reader.cancel()
        for socket in self.sockets.values():
            await socket.close()
        return self.trace


class Modelled:
    """One scenario in the model."""

    def __init__(self, name: str) -> None:
        self.world = World.load(FOLDER)
        self.name = name
        self.trace: Trace = {"get": []}
        self.sockets: dict[str, ClientSocket] = {}

    async def open(self, client: str, query: str) -> None:
        self.trace[client] = found = []
        self.sockets[client] = self.world.connect(f"/{self.name}{query}")
        self.sockets[client].listen(
            lambda frame: found.append(shown(frame)), lambda code, _: found.append(f"closed {code}")
        )

    async def send(self, client: str, frame: str | bytes) -> None:
        self.sockets[client].send(frame)

    async def close(self, client: str, code: int, reason: str) -> None:
        self.sockets[client].close(code, reason)

    async def drop(self, client: str) -> None:
        self.sockets[client].drop()

    async def visit(self, verb: str) -> str:
        if verb == "evict":
            self.world.actor("PROBE", self.name).evict()
            return "evicted"
        return self.world.fetch(f"/{self.name}/{verb}").data.decode()

    async def get(self, query: str) -> None:
        answer = self.world.fetch(f"/{self.name}{query}")
        self.trace["get"].append(f"{answer.status} {answer.data.decode()}")

    async def pause(self, seconds: float) -> None:
        self.world.advance(seconds)

    async def end(self) -> Trace:
        self.trace["object"] = [await self.visit("notes")]
        self.world.close()
        return self.trace


async def play(scenario: Scenario, stage: Real | Modelled) -> Trace:
    """Do the steps of a scenario; returns what each client got, and what the object was told."""
    for step in scenario:
        await take(step, stage)
        await stage.pause(QUIET_S)
    return await stage.end()


async def take(step: str, stage: Real | Modelled) -> None:
    """Do one step."""
    client, rest = step[:1], step[2:].lstrip()
    if step[1:3] == ": ":
        await stage.send(client, step[3:])
    elif step[1:2] == ">":
        await stage.send(client, bytes.fromhex(step[2:]))
    elif rest.startswith("opens"):
        await stage.open(client, rest[6:])
    elif rest.startswith("closes"):
        _, code, reason = rest.split()
        await stage.close(client, int(code), reason)
    elif rest == "drops":
        await stage.drop(client)
    elif step.startswith("get "):
        await stage.get(step[4:])
    elif step.startswith("pause "):
        await stage.pause(float(step[6:]))
    else:
        await stage.visit(step)


def play_modelled(scenario: Scenario) -> Trace:
    """Play in the model, where nothing waits: a loop of asyncio's must not run around its own."""
    try:
        play(scenario, Modelled("s")).send(None)
    except StopIteration as done:
        trace: Trace = done.value
        return trace
    raise AssertionError("the model waits")


@pytest.fixture(scope="module")
def real() -> Iterator[dict[str, Trace]]:
    """What happened on real workerd: of each scenario."""
    with WorkerdServer(prepare_worker(FOLDER, (PACKAGES / "shared-wire",))) as server:
        yield asyncio.run(_play_all(server.url))


async def _play_all(url: str) -> dict[str, Trace]:
    free, found = asyncio.Semaphore(SIDE_BY_SIDE), dict[str, Trace]()

    async def one(number: int, name: str, scenario: Scenario) -> None:
        async with free, aiohttp.ClientSession() as http:
            found[name] = await play(scenario, Real(http, f"{url}/s{number}"))

    await asyncio.gather(*(one(number, *item) for number, item in enumerate(SCENARIOS.items())))
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_model_does_as_the_runtime(name: str, real: dict[str, Trace]) -> None:
    modelled = play_modelled(SCENARIOS[name])
    assert (modelled == real[name]) is (name not in DIFFERENT), {"model": modelled, "workerd": real[name]}


def test_there_are_many_scenarios() -> None:
    assert len(SCENARIOS) >= 80
    assert DIFFERENT.keys() <= SCENARIOS.keys()
