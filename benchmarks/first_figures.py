"""Prints the figures of docs/results.md: start-up, round trips, and what is shipped. Run it with `nox -s bench`.

Round trips are wall times of one client on an otherwise idle machine: compare the two columns of one run, not runs with each other.
CPU time is that of all processes of the server, from /proc, so Linux only.
"""

import asyncio
import os
import statistics
import time
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


async def exchange(url: str, subject: Subject, count: int) -> list[float]:
    """Send messages one at a time and wait for each answer; returns the seconds each took."""
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
        for number in range(count):
            begun = time.perf_counter()
            await ws.send_str(subject.message.format(n=number))
            await ws.receive_str()
            times.append(time.perf_counter() - begun)
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
