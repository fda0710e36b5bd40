"""Prints the figures of docs/results.md: start-up, round trips, and what is shipped. Run it with `nox -s bench`.

Round trips are wall times of one client on an otherwise idle machine: compare the two columns of one run, not runs with each other.
CPU time is that of all processes of the server, from /proc, so Linux only.
"""

import asyncio
import json
import os
import statistics
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from local_runtime import DevServer, Prepared, Project, prepare

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "packages"
ALL = tuple(PACKAGES / name for name in ("shared-wire", "engine-do", "socketio-do"))

ROUNDS = 3
WARM_UP = 200
MESSAGES = 1_000
CLIENTS = 20
IN_FLIGHT = 20


@dataclass(frozen=True)
class Subject:
    """A server, and how a client talks to it: what it sends first, and its n-th message."""

    name: str
    folder: Path
    packages: tuple[Path, ...]
    path: str
    join: tuple[str, ...]
    message: str


SUBJECTS = (
    Subject("engine alone", PACKAGES / "engine-do" / "examples" / "echo", ALL[:2], "/engine.io/", (), "4{n}"),
    Subject("split, Socket.IO", ROOT / "tests-e2e" / "worker", ALL, "/socket.io/", ("40",), '42{n}["echo",{n}]'),
)


def main() -> None:
    """Measure and print."""
    prepared = {subject: prepare_subject(subject) for subject in SUBJECTS}
    print_sizes(prepared[SUBJECTS[1]])
    print_start(prepared)
    print_round_trips(prepared)
    print_load(prepared)


def prepare_subject(subject: Subject) -> Prepared:
    """Prepare a server's folder."""
    return prepare(Project(folder=subject.folder, packages=subject.packages, constraints=ROOT / "constraints.txt"))


def print_sizes(prepared: Prepared) -> None:
    """Print the size of what is vendored, largest first."""
    print("vendored modules, bytes")
    for name, size in sorted(prepared.module_sizes.items(), key=lambda item: -item[1]):
        print(f"  {name:28}{size:>12,}")
    print(f"  {'all':28}{prepared.vendored_bytes:>12,}", flush=True)


def print_start(prepared: dict[Subject, Prepared]) -> None:
    """Print the seconds from starting `wrangler dev` to a client's first answer."""
    print("start of wrangler dev to the first answered message, s")
    for subject in SUBJECTS:
        taken = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            with DevServer(prepared[subject]) as server:
                asyncio.run(exchange(server.url, subject, 1))
                taken.append(time.perf_counter() - begun)
        print(f"  {subject.name:28}{', '.join(f'{one:.1f}' for one in taken)}", flush=True)


def print_round_trips(prepared: dict[Subject, Prepared]) -> None:
    """Print round trips and CPU of one client's echo, in interleaved rounds."""
    print(f"echo of one client, {ROUNDS} interleaved rounds of {MESSAGES}: p50 ms / p95 ms / server CPU ms per echo")
    with DevServer(prepared[SUBJECTS[0]]) as one, DevServer(prepared[SUBJECTS[1]]) as two:
        servers = dict(zip(SUBJECTS, (one, two), strict=True))
        for _ in range(ROUNDS):
            for subject, server in servers.items():
                asyncio.run(exchange(server.url, subject, WARM_UP))
                before = cpu_seconds(server.group_id)
                times = asyncio.run(exchange(server.url, subject, MESSAGES))
                cpu = (cpu_seconds(server.group_id) - before) / MESSAGES
                p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
                print(f"  {subject.name:28}{p50 * 1000:.2f} / {p95 * 1000:.2f} / {cpu * 1000:.2f}", flush=True)


def print_load(prepared: dict[Subject, Prepared]) -> None:
    """Print echoes a second and CPU of many clients with many messages in flight, and how many frames travel in one call."""
    total = CLIENTS * MESSAGES // 2
    print(f"echo of {CLIENTS} clients, {IN_FLIGHT} in flight each, {ROUNDS} interleaved rounds of {total}:")
    print("  echo/s / server CPU ms per echo / frames per call", flush=True)
    with DevServer(prepared[SUBJECTS[0]]) as one, DevServer(prepared[SUBJECTS[1]]) as two:
        for _ in range(ROUNDS):
            for subject, server in zip(SUBJECTS, (one, two), strict=True):
                counted = read_counters(server.url) if subject.join else {}
                cpu, begun = cpu_seconds(server.group_id), time.perf_counter()
                asyncio.run(load(server.url, subject))
                taken, cpu = time.perf_counter() - begun, cpu_seconds(server.group_id) - cpu
                now = read_counters(server.url) if subject.join else {}
                # What comes over a stream is the replies to calls over it, mostly.
                calls = sum(now.get(what, 0) - counted.get(what, 0) for what in ("rpcs", "stream_messages"))
                factor = f"{(now['frames'] - counted.get('frames', 0)) / calls:.1f}" if calls else "-"
                print(f"  {subject.name:28}{total / taken:,.0f} / {cpu / total * 1000:.2f} / {factor}", flush=True)


def read_counters(url: str) -> dict[str, int]:
    """Read what the engine actor of the split has counted."""
    with urllib.request.urlopen(f"{url}/counters/engine") as response:
        found: dict[str, int] = json.loads(response.read())
        return found


async def load(url: str, subject: Subject) -> None:
    """Let all clients send their share, so many in flight each."""
    await asyncio.gather(*(exchange(url, subject, MESSAGES // 2, IN_FLIGHT) for _ in range(CLIENTS)))


async def exchange(url: str, subject: Subject, count: int, in_flight: int = 1) -> list[float]:
    """Send messages, so many at a time, and wait for their answers; returns the seconds each took."""
    times = []
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}{subject.path}?EIO=4&transport=websocket") as ws,
    ):
        await ws.receive_str()
        if not subject.join:
            await ws.receive_str()
        for frame in subject.join:
            await ws.send_str(frame)
            await ws.receive_str()
        begun = [0.0] * count
        for number in range(count + in_flight - 1):
            if number < count:
                begun[number] = time.perf_counter()
                await ws.send_str(subject.message.format(n=number))
            if number >= in_flight - 1:
                await ws.receive_str()
                times.append(time.perf_counter() - begun[number - in_flight + 1])
    return times


def cpu_seconds(group: int) -> float:
    """Add up the CPU time of a process group."""
    return sum(ticks for ticks in _group_ticks(group)) / os.sysconf("SC_CLK_TCK")


def _group_ticks(group: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            yield int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    main()
