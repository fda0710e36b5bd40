"""Hostile inputs from outside cost nobody but their sender, on both hosts.

What is sent, and what becomes of the sender, is in `hostile_inputs.py`. Beside each sender another client of the same objects asks a
question every few milliseconds. It stays connected, both objects live on, and it waits at most ten times as long as beside a
harmless message of the same size that is sent the same way, the longest of some.
"""

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
NOISE_MS = 50.0
#: Harmless messages of which the longest wait counts.
HARMLESS = 3

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
    most: int = 999_000
    joins: bool = True


def ask_packet(number: int) -> tuple[str | bytes, str | bytes]:
    return f'42{number}["take"]', f'43{number}["taken"]'


def ask_msgpack(number: int) -> tuple[str | bytes, str | bytes]:
    text = b"\xaa%010d" % number
    return ASK_MSGPACK[:-6] + text, TAKEN_MSGPACK.replace(b"\xa5taken", text)


def ask_engine(number: int) -> tuple[str | bytes, str | bytes]:
    """Ask an engine; a client of revision 3 owes it pings besides."""
    return ("2", "3") if number % 20 == 0 else (f"4n{number}", f"4n{number}")


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
A_MSGPACK = Way(
    "/msgpack/", ("msgpack-engine", "msgpack-socket"), ask_msgpack, JOINING_MSGPACK, msgpack_of, most=499_000
)

CASES = [
    *[pytest.param(A_JOINED, one, id=one.id) for one in JOINED],
    *[pytest.param(A_STRANGER, one, id=one.id) for one in STRANGERS],
    *[pytest.param(A_MSGPACK, one, id=one.id) for one in MSGPACK],
]


async def nobody_is_held_up(
    neighbour: RawSocket,
    question: Question,
    attack: Callable[[], Awaitable[None]],
    harmless: Callable[[], Awaitable[None]],
) -> None:
    """Measure how long a neighbour waits beside harmless messages, and require that an attack makes it wait not much longer."""
    waits = [await _longest(neighbour, question, harmless) for _ in range(HARMLESS)]
    longest = await _longest(neighbour, question, attack)
    print(f"longest wait {longest:.1f} ms, harmless {max(waits):.1f}")  # noqa: T201
    assert longest < max(TIMES * max(waits), NOISE_MS)


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


@pytest.mark.parametrize(("way", "given"), CASES)
async def test_frames(each_worker: Worker, way: Way, given: Input) -> None:
    frames = given.make()
    harmless = way.harmless(min(weigh(frames), way.most))
    async with same_lives(lambda: lives(each_worker, *way.actors)), joined(each_worker, way) as neighbour:
        await nobody_is_held_up(
            neighbour,
            way.question,
            lambda: send_frames(each_worker, way, frames, given.outcome),
            lambda: send_frames(each_worker, way, *harmless),
        )


@pytest.mark.parametrize("given", COMMANDS, ids=lambda given: given.id)
async def test_commands_of_an_emitter(each_worker: Worker, given: Input) -> None:
    """They come from other parts of the Worker, which may pass on what a client sent."""

    async def command(http: aiohttp.ClientSession, text: str | bytes, outcome: Outcome) -> None:
        async with http.post(f"{each_worker.url}/command", data=text) as response:
            assert str(outcome) in await response.text()

    (text,) = given.make()
    harmless = '{"do":"emit","with":{"event":"said","room":"nobody","data":"' + "x" * weigh([text]) + '"}}'
    async with (
        aiohttp.ClientSession() as http,
        same_lives(lambda: lives(each_worker, *HOSTILE_ACTORS)),
        joined(each_worker, A_JOINED) as neighbour,
    ):
        await nobody_is_held_up(
            neighbour,
            ask_packet,
            lambda: command(http, text, given.outcome),
            lambda: command(http, harmless, "done"),
        )


@pytest.mark.parametrize("given", BODIES, ids=lambda given: given.id)
async def test_bodies_of_revision_4(each_engine_worker: EngineWorker, given: Input) -> None:
    worker = each_engine_worker

    async def post(body: str | bytes, outcome: Outcome) -> None:
        async with site(worker.url) as where:
            client = await where.open("actor=0")
            answer = await client.post(data=body.encode() if isinstance(body, str) else body)
            assert answer.status == outcome

    (body,) = given.make()
    harmless = "4transport:" + "x" * weigh([body])
    query = "EIO=4&transport=websocket&actor=0"
    async with (
        same_lives(lambda: engine_life(worker, "ENGINE/e0")),
        connect(worker.url, "/engine.io/", query) as neighbour,
    ):
        await nobody_is_held_up(neighbour, ask_engine, lambda: post(body, given.outcome), lambda: post(harmless, 200))


@pytest.mark.parametrize("given", BODIES_3, ids=lambda given: given.id)
async def test_bodies_of_revision_3(each_engine_worker: EngineWorker, given: Input) -> None:
    worker = each_engine_worker

    async def post(body: str | bytes, outcome: Outcome) -> None:
        async with old_site(worker.url) as where:
            assert (await (await open_old(where)).post(body)).status == outcome

    (body,) = given.make()
    text = "4transport:" + "x" * weigh([body])
    harmless = (
        f"{len(text)}:{text}"
        if isinstance(body, str)
        else b"\x00" + bytes(map(int, str(len(text)))) + b"\xff" + text.encode()
    )
    async with (
        same_lives(lambda: engine_life(worker, "OLD/v3-0")),
        connect(worker.url, "/old/", "EIO=3&transport=websocket") as neighbour,
    ):
        await nobody_is_held_up(neighbour, ask_engine, lambda: post(body, given.outcome), lambda: post(harmless, 200))


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
