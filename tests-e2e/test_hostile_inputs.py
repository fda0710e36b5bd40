"""Hostile inputs from outside cost nobody but their sender, on both hosts.

What is sent, and what becomes of the sender, is in `hostile_inputs.py`. Beside each sender another client of the same objects asks
a question every few milliseconds. It stays connected, both objects live on, and it waits at most ten times as long as beside a
harmless message of the same size, or half of it, that is sent the same way, the longest of some. 80 ms are allowed in any case,
and in CI 200: a shared machine pauses anybody for so long.

In CI an eighth of the inputs is sent, to plain workerd in two objects; in `nox -s soak` each is sent to both hosts, and in one
object, too.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import aiohttp
import pytest
from clients.collisions import colliding
from clients.neighbour import Asking, Question, asking
from clients.polling import site
from clients.raw import RawSocket, connect
from clients.revision3 import old_site, open_old
from conftest import EngineWorker, Worker
from hostile_inputs import (
    ASK_MSGPACK,
    BODIES,
    BODIES_3,
    COMMANDS,
    EVENT_MSGPACK,
    JOINED,
    MSGPACK,
    STRANGERS,
    TAKEN,
    TAKEN_MSGPACK,
    Frames,
    Input,
)

pytestmark = pytest.mark.alone

#: What others may be held up by more than by a harmless message of the same size.
TIMES = 10
#: What is nobody's fault: this machine does other work as well, and so does the collector of a runtime.
NOISE_MS = 80.0 if float(os.environ.get("E2E_FAULT_SECONDS", "20")) > 60 else 200.0
#: Harmless messages of which the longest wait counts.
HARMLESS = 5
#: As much as any packet may weigh: what comes in several is compared with one of these.
MOST = 999_000

Outcome: TypeAlias = int | str | bytes
#: Sends what an input is made of, and returns when its outcome is there.
Send: TypeAlias = Callable[[Frames, Outcome], Awaitable[None]]


@dataclass(frozen=True)
class Way:
    """How a client of the Socket.IO stack comes, what it says there that is harmless, and the objects it meets."""

    path: str
    actors: tuple[str, str]
    question: Question
    joining: str | bytes
    harmless: Callable[[int], tuple[Frames, Outcome]]
    joins: bool = True


def ask_packet(number: int) -> tuple[str | bytes, str | bytes]:
    return f'42{number}["take"]', f'43{number}["taken"]'


def ask_msgpack(number: int) -> tuple[str | bytes, str | bytes]:
    text = b"\xaa%010d" % number
    return ASK_MSGPACK[:-6] + text, TAKEN_MSGPACK.replace(b"\xa5taken", text)


def ask_engine(number: int) -> tuple[str | bytes, str | bytes]:
    return f"4n{number}", f"4n{number}"


def ask_old_engine(number: int) -> tuple[str | bytes, str | bytes]:
    """A client of revision 3 owes the engine pings besides."""
    return ("2", "3") if number % 20 == 0 else ask_engine(number)


def text_of(size: int) -> tuple[Frames, Outcome]:
    return ['427["take","' + "x" * size + '"]'], TAKEN


def auth_of(size: int) -> tuple[Frames, Outcome]:
    return ['40{"a":"' + "x" * size + '"}'], "40{"


def msgpack_of(size: int) -> tuple[Frames, Outcome]:
    return [EVENT_MSGPACK + b"\xdb" + size.to_bytes(4, "big") + b"x" * size, ASK_MSGPACK], TAKEN_MSGPACK


HOSTILE, HOSTILE_ACTORS = "/hostile/", ("hostile-engine", "hostile-socket")
JOINING_MSGPACK = b"\x82\xa4type\x00\xa3nsp\xa1/"
A_JOINED = Way(HOSTILE, HOSTILE_ACTORS, ask_packet, "40", text_of)
A_STRANGER = Way(HOSTILE, HOSTILE_ACTORS, ask_packet, "40", auth_of, joins=False)
A_MSGPACK = Way("/msgpack/", ("msgpack-engine", "msgpack-socket"), ask_msgpack, JOINING_MSGPACK, msgpack_of)

CASES = [
    *[pytest.param(A_JOINED, one, id=one.id) for one in JOINED],
    *[pytest.param(A_STRANGER, one, id=one.id) for one in STRANGERS],
    *[pytest.param(A_MSGPACK, one, id=one.id) for one in MSGPACK],
]


async def nobody_is_held_up(
    neighbour: RawSocket, question: Question, attack: Callable[[], Awaitable[None]], harmless_ms: float
) -> None:
    """Require that an attack makes a neighbour wait not much longer than harmless messages of its size do."""
    longest = await _longest(neighbour, question, attack)
    print(f"longest wait {longest:.1f} ms, harmless {harmless_ms:.1f}")  # noqa: T201
    assert longest < max(TIMES * harmless_ms, NOISE_MS)


@pytest.fixture(scope="session")
def harmless_waits() -> dict[tuple[object, ...], float]:
    """The longest wait beside harmless messages, by where and how they are sent, and their size."""
    return {}


async def measure_harmless(
    known: dict[tuple[object, ...], float],
    where: tuple[object, ...],
    size: int,
    neighbour: RawSocket,
    question: Question,
    send: Callable[[int], Awaitable[None]],
) -> float:
    """Measure it once for all sizes between two powers of two, with the smaller one."""
    size_class = 1 << (min(size, MOST).bit_length() - 1)
    if (*where, size_class) not in known:
        waits = [await _longest(neighbour, question, lambda: send(size_class)) for _ in range(HARMLESS)]
        known[*where, size_class] = max(waits)
    return known[*where, size_class]


async def _longest(neighbour: RawSocket, question: Question, send: Callable[[], Awaitable[None]]) -> float:
    asked: Asking
    async with asking(neighbour, question) as asked:
        await send()
    return asked.longest_ms


@asynccontextmanager
async def same_lives(look: Callable[[], Awaitable[list[str]]]) -> AsyncIterator[None]:
    """Require that no object is reset meanwhile."""
    before = await look()
    yield
    assert await look() == before


@asynccontextmanager
async def joined(worker: Worker, way: Way) -> AsyncIterator[RawSocket]:
    async with connect(worker.url, way.path, max_msg_size=0) as client:
        await client.send(way.joining)
        await client.receive()
        yield client


async def send_frames(worker: Worker, way: Way, frames: Frames, outcome: Outcome) -> None:
    """Send frames at once, and wait until the sender is closed or answered."""
    async with joined(worker, way) if way.joins else connect(worker.url, way.path) as client:
        try:
            for frame in frames:
                await client.send(frame)
        except ConnectionError:
            pass  # it is closed already
        if isinstance(outcome, int):
            assert (await client.wait_closed()).code == outcome
            return
        while not _is_answer(await client.receive(), outcome):
            pass


def _is_answer(frame: str | bytes, outcome: Outcome) -> bool:
    if isinstance(frame, str):
        return isinstance(outcome, str) and frame.startswith(outcome)
    return frame == outcome


def weigh(frames: Frames) -> int:
    return sum(len(frame.encode() if isinstance(frame, str) else frame) for frame in frames)


async def lives(worker: Worker, *actors: str) -> list[str]:
    return [(await worker.counters(actor))["life"] for actor in actors]


Known: TypeAlias = dict[tuple[object, ...], float]


@pytest.mark.parametrize(("way", "given"), CASES)
async def test_frames(each_worker: Worker, harmless_waits: Known, way: Way, given: Input) -> None:
    worker, frames = each_worker, given.make()
    async with same_lives(lambda: lives(worker, *way.actors)), joined(worker, way) as neighbour:
        harmless_ms = await measure_harmless(
            harmless_waits,
            (worker.url, way.path, way.joins),
            max(weigh(frames), 1),
            neighbour,
            way.question,
            lambda size: send_frames(worker, way, *way.harmless(size)),
        )
        await nobody_is_held_up(
            neighbour, way.question, lambda: send_frames(worker, way, frames, given.outcome), harmless_ms
        )


@pytest.mark.parametrize("given", COMMANDS, ids=lambda given: given.id)
async def test_commands_of_an_emitter(each_worker: Worker, harmless_waits: Known, given: Input) -> None:
    """They come from other parts of the Worker, which may pass on what a client sent."""
    (text,) = given.make()
    url = f"{each_worker.url}/command"

    async def send(http: aiohttp.ClientSession, text: str | bytes, outcome: Outcome) -> None:
        async with http.post(url, data=text) as response:
            assert str(outcome) in await response.text()

    def harmless(size: int) -> str:
        return '{"do":"emit","with":{"event":"said","room":"nobody","data":"' + "x" * size + '"}}'

    async with (
        aiohttp.ClientSession() as http,
        same_lives(lambda: lives(each_worker, *HOSTILE_ACTORS)),
        joined(each_worker, A_JOINED) as neighbour,
    ):
        harmless_ms = await measure_harmless(
            harmless_waits,
            (url,),
            weigh([text]),
            neighbour,
            ask_packet,
            lambda size: send(http, harmless(size), "done"),
        )
        await nobody_is_held_up(neighbour, ask_packet, lambda: send(http, text, given.outcome), harmless_ms)


async def post_4(worker: EngineWorker, body: str | bytes, outcome: Outcome) -> None:
    async with site(worker.url) as where:
        client = await where.open("actor=0")
        assert (await client.post(data=body)).status == outcome


async def post_3(worker: EngineWorker, body: str | bytes, outcome: Outcome) -> None:
    async with old_site(worker.url) as where:
        assert (await (await open_old(where)).post(body)).status == outcome


@dataclass(frozen=True)
class Polling:
    """How a client posts a body, and the object it meets."""

    path: str
    query: str
    actor: str
    question: Question
    post: Callable[[EngineWorker, str | bytes, Outcome], Awaitable[None]]
    packet: str


REVISION_4 = Polling("/engine.io/", "EIO=4&transport=websocket&actor=0", "ENGINE/e0", ask_engine, post_4, "{text}")
REVISION_3 = Polling("/old/", "EIO=3&transport=websocket", "OLD/v3-0", ask_old_engine, post_3, "{length}:{text}")
POSTS = [
    *[pytest.param(REVISION_4, one, id=one.id) for one in BODIES],
    *[pytest.param(REVISION_3, one, id=one.id) for one in BODIES_3],
]


@pytest.mark.parametrize(("way", "given"), POSTS)
async def test_bodies(each_engine_worker: EngineWorker, harmless_waits: Known, way: Polling, given: Input) -> None:
    worker = each_engine_worker
    (body,) = given.make()

    def harmless(size: int) -> str:
        text = "4transport:" + "x" * size
        return way.packet.format(length=len(text), text=text)

    async with (
        same_lives(lambda: engine_life(worker, way.actor)),
        connect(worker.url, way.path, way.query) as neighbour,
    ):
        harmless_ms = await measure_harmless(
            harmless_waits,
            (worker.url, way.path),
            weigh([body]),
            neighbour,
            way.question,
            lambda size: way.post(worker, harmless(size), 200),
        )
        await nobody_is_held_up(neighbour, way.question, lambda: way.post(worker, body, given.outcome), harmless_ms)


async def engine_life(worker: EngineWorker, where: str) -> list[str]:
    return [(await worker.ask("counters", where))["life"]]


async def test_the_colliding_texts_collide_there(each_worker: Worker) -> None:
    """Otherwise the inputs made of them would show nothing."""
    for prefix in ("key-", "/open-to", "/unknown"):
        texts = colliding(30, prefix)
        async with joined(each_worker, A_JOINED) as client:
            listed = ",".join(f'"{text}"' for text in texts)
            await client.send(f'427["count_hashes",[{listed}]]')
            assert (len(set(texts)), await client.receive()) == (30, "437[1]")
