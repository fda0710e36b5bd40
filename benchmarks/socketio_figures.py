"""Prints what our split and the stock python-socketio server cost for the same work of the same application, side by side.

Run it with `nox -s bench -- socketio_figures`. Rounds of the servers are interleaved; all servers are up meanwhile. CPU time is
that of all processes of a server, from /proc, so Linux only. The load comes from this process. A ratio is ours to the stock
server's. Believe those beyond 1.3 either way, and CPU before rates: the load takes one of the machine's cores.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from engine_figures import allow_many_sockets
from first_figures import ALL, ROOT, cpu_seconds
from socketio_load import ECHO, NOTES, REPLY, Client, Load, broadcast, connect_often, exchange, open_clients
from stock import StockServer

from local_runtime import DevServer, Prepared, Project, WorkerdServer, prepare

ROUNDS = 3
WARM_UP_SECONDS = 0.5
SECONDS = 1.2
CLIENTS = 20
IN_FLIGHT = 20
CROWD = 1_000
SMALL_CROWD = 100

STOCK = "stock"


class Server(Protocol):
    """A server in a group of processes."""

    @property
    def url(self) -> str:
        """Where it answers."""

    @property
    def group_id(self) -> int:
        """Its group of processes."""


#: Those that are compared here.
Compared: TypeAlias = DevServer | WorkerdServer | StockServer


def make_servers(prepared: Prepared) -> Mapping[str, Compared]:
    """Name what is compared; the stock server comes last."""
    return {"wrangler": DevServer(prepared), "workerd": WorkerdServer(prepared), STOCK: StockServer()}


@dataclass
class Stage:
    """A server and the clients it has."""

    server: Server
    clients: list[Client] = field(default_factory=list)
    crowd: list[Client] = field(default_factory=list)


@dataclass(frozen=True)
class Work:
    """What is measured: its name, and how clients bring a server to do it for so many seconds."""

    name: str
    run: Callable[[Stage, float], Awaitable[Load]]
    #: Whether so few are under way at a time that what each of them took says something.
    timed: bool = False


@dataclass(frozen=True)
class Figure:
    """What one round of a server gave."""

    per_s: float
    cpu_us: float
    times_ms: tuple[float, ...]

    def __str__(self) -> str:
        """Write it as its heading says."""
        times = "".join(f" /{one:6.2f}" for one in self.times_ms)
        return f"{self.per_s:8,.0f} /{self.cpu_us:6,.0f}{times}"


EVENTS = (
    Work("event and acknowledgement, 1 in flight", lambda on, s: exchange(on.clients[:1], ECHO, 1, s), True),
    Work("event and acknowledgement, 400 in flight", lambda on, s: exchange(on.clients, ECHO, IN_FLIGHT, s)),
    Work("event and an event back, 1 in flight", lambda on, s: exchange(on.clients[:1], REPLY, 1, s), True),
    Work("event and an event back, 400 in flight", lambda on, s: exchange(on.clients, REPLY, IN_FLIGHT, s)),
    Work("event without an answer, 400 in flight", lambda on, s: exchange(on.clients, NOTES, 1, s)),
    Work("connect to / and leave, 20 at a time", lambda on, s: connect_often(on.server.url, s), True),
)
BROADCASTS = (
    Work(
        f"delivery of a broadcast to {SMALL_CROWD}",
        lambda on, s: broadcast(on.clients[0], on.crowd[:SMALL_CROWD], "small", s),
    ),
    Work(f"delivery of a broadcast to {CROWD:,}", lambda on, s: broadcast(on.clients[0], on.crowd, "large", s)),
)


def main() -> None:
    """Measure and print."""
    allow_many_sockets()
    project = Project(
        folder=ROOT / "benchmarks" / "socketio_worker",
        packages=ALL,
        files={"src/socketio_application.py": ROOT / "benchmarks" / "socketio_application.py"},
        overrides={"vars": {"PLACEMENT": "two"}},
        constraints=ROOT / "constraints.txt",
    )
    servers = make_servers(prepare(project))
    with ExitStack() as running:
        for server in servers.values():
            running.enter_context(server)
        asyncio.run(measure({name: Stage(server) for name, server in servers.items()}))


async def measure(stages: dict[str, Stage]) -> None:
    """Do all work on all servers."""
    async with AsyncExitStack() as opened:
        for stage in stages.values():
            stage.clients = await opened.enter_async_context(open_clients(stage.server.url, CLIENTS))
        for work in EVENTS:
            await compare(work, stages)
        for name, stage in stages.items():
            begun = time.perf_counter()
            stage.crowd = await opened.enter_async_context(open_clients(stage.server.url, CROWD))
            await asyncio.gather(*(enter(client, "large") for client in stage.crowd))
            await asyncio.gather(*(enter(client, "small") for client in stage.crowd[:SMALL_CROWD]))
            print(f"{name}: {CROWD:,} recipients in {time.perf_counter() - begun:.1f} s", flush=True)
        for work in BROADCASTS:
            await compare(work, stages)


async def enter(client: Client, room: str) -> None:
    """Have a client join a room."""
    await client.send_str(f'420["enter","{room}"]')
    await client.receive_str()


async def compare(work: Work, stages: dict[str, Stage], count: int = ROUNDS) -> None:
    """Print the rounds of all servers, the medians, and the medians of the rounds' ratios."""
    times = " / p50 ms / p95 ms" if work.timed else ""
    print(f"{work.name}: per s / server CPU us{times}", flush=True)
    for stage in stages.values():
        await work.run(stage, WARM_UP_SECONDS)
    rounds = []
    for number in range(count):
        figures = {name: await take_figure(work, stage) for name, stage in stages.items()}
        rounds.append(figures)
        print(f"  {number + 1}       {columns(figures)}", flush=True)
    print(f"  median  {columns({name: median([one[name] for one in rounds]) for name in stages})}")
    for name in stages:
        if name != STOCK:
            rate = statistics.median(one[name].per_s / one[STOCK].per_s for one in rounds)
            cpu = statistics.median(one[name].cpu_us / one[STOCK].cpu_us for one in rounds)
            print(f"  {name} to {STOCK}: per s {rate:.2f}, CPU {cpu:.2f}", flush=True)


async def take_figure(work: Work, stage: Stage) -> Figure:
    """Do some work on a server for a round."""
    begun, cpu = time.perf_counter(), cpu_seconds(stage.server.group_id)
    load = await work.run(stage, SECONDS)
    taken, cpu = time.perf_counter() - begun, cpu_seconds(stage.server.group_id) - cpu
    times = load.percentiles_ms if work.timed else ()
    return Figure(load.units / taken, cpu / load.units * 1e6, times)


def columns(figures: Mapping[str, Figure]) -> str:
    """Write the figures of all servers on one line."""
    return "    ".join(f"{name}{figure}" for name, figure in figures.items())


def median(figures: list[Figure]) -> Figure:
    """Return the median of each part."""
    times = zip(*(figure.times_ms for figure in figures), strict=True)
    return Figure(
        statistics.median(figure.per_s for figure in figures),
        statistics.median(figure.cpu_us for figure in figures),
        tuple(statistics.median(some) for some in times),
    )


if __name__ == "__main__":
    main()
