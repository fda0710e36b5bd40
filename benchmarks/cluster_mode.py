"""Prints what becomes of clients and of what they wrote when a process of workerd's cluster mode ends under load.

Run it with `nox -s bench -- cluster_mode`; it takes two minutes. Two processes of plain workerd share the objects of the end-to-end
tests' Worker through a bucket of moto's S3 server. npm's stock clients write with acknowledgements, each through a proxy that
prefers one of the processes and takes the other one while that is gone. Then the process that owns the applications is killed
(`kill -9`) and started again, and after it the other one is told to stop (SIGTERM). ``--clients=10`` has so many of each kind.
"""

import argparse
import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from first_figures import ALL, ROOT

from local_runtime import Project, node_command, node_env, npm_ci, prepare
from local_runtime.base import HOST, free_port
from local_runtime.processes import ProcessGroup

SCRIPT = ROOT / "tests-e2e" / "clients" / "writers.mjs"
#: The applications of that Worker: without recovery, and with it.
APPLICATIONS = ("ledger", "lines")
#: By the name of the host the Worker chooses the placement.
PLACEMENTS = {"two objects": HOST, "one object": "localhost"}
TALK_S, PATIENCE_S = 3.0, 90.0
ACK_TIMEOUT_MS = 3_000
#: Acknowledgements after which a client is back: one may have been under way before.
BACK = 2
BUCKET = "objects"
CLUSTER = """\
  cluster = (
    bucket = "s3://{bucket}",
    bucketOptions = ["aws_endpoint={url}", "aws_region=us-east-1", "aws_access_key_id=-", "aws_secret_access_key=-"],
    address = "127.0.0.1:0",
    key = "{key}",
  ),
"""
COLUMNS = ("", "clients", "connections that broke", "recovered", "first is answered after s", "all are after s")


class Instance:
    """One process of the cluster: on the same port over all its starts, with a disk of its own."""

    def __init__(self, program: Path, app: Path, folder: Path) -> None:
        """Initialise with the program, what it serves, and where its disk and its log are."""
        self.port = free_port()
        (folder / "storage").mkdir(parents=True)
        where = (f"--socket-addr=http={HOST}:{self.port}", f"--directory-path=storage={folder / 'storage'}")
        self._command = [str(program), "serve", "--experimental", "--verbose", *where, "workerd.capnp"]
        self._app, self.log = app, folder / "log"

    async def start(self) -> None:
        """Start, and return when the Worker answers."""
        with self.log.open("ab") as output:
            self._group = ProcessGroup(self._command, cwd=self._app, env=os.environ, output=output)
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(answers, f"http://{HOST}:{self.port}/heap"):
                await asyncio.sleep(0.2)

    def kill(self) -> None:
        """End it at once."""
        self._group.kill()

    async def terminate(self) -> float:
        """Tell it to stop; returns the seconds until it has."""
        began = time.monotonic()
        os.kill(self._group.group_id, signal.SIGTERM)
        while self._group.running:
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    def stop(self) -> None:
        """End it in any case."""
        self._group.kill()


class Front:
    """A proxy in front of both processes: new connections go to the first of them that takes them."""

    def __init__(self, *instances: Instance) -> None:
        """Initialise with the processes in the order in which they are tried."""
        self._instances = instances

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Forward connections meanwhile; gives the port."""
        server = await asyncio.start_server(self._forward, HOST, 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for instance in self._instances:
            with suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection(HOST, instance.port)
                break
        else:
            writer.close()
            return
        await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer))


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forward until one side ends, and then end the other."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


class Writers:
    """Many of npm's clients in one process, in groups."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Initialise with the process that runs them."""
        self._process = process

    async def ask(self, what: str) -> Any:
        """Tell them something (`states`, `stop`, `found`) and return what they say."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what}\n".encode())
        return json.loads(await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S))

    async def acknowledged(self) -> list[int]:
        """Return how much each was acknowledged."""
        return [state["acknowledged"] for state in await self.ask("states")]


@asynccontextmanager
async def writing(groups: list[dict[str, Any]]) -> AsyncIterator[Writers]:
    """Have clients write meanwhile."""
    command = node_command(SCRIPT, json.dumps({"groups": groups, "timeout": ACK_TIMEOUT_MS}))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=node_env(), stdin=pipe, stdout=pipe, limit=2**28)
    try:
        yield Writers(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def answers(url: str, method: str = "GET") -> bool:
    """Return whether a request is answered well."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=PATIENCE_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def read(url: str) -> Any:
    """Return the JSON at an address."""
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def write_app(folder: Path, bucket_url: str) -> Path:
    """Prepare the Worker of the end-to-end tests with the cluster in its configuration; returns workerd's program."""
    project = Project(folder=ROOT / "tests-e2e" / "worker", packages=ALL, constraints=ROOT / "constraints.txt")
    prepared = prepare(project)
    shutil.copytree(prepared.folder, folder)
    config = (folder / "workerd.capnp").read_text(encoding="utf-8")
    cluster = CLUSTER.format(bucket=BUCKET, url=bucket_url, key=secrets.token_hex(32))
    changed = config.replace("  sockets = [", cluster + "  sockets = [", 1)
    (folder / "workerd.capnp").write_text(changed, encoding="utf-8")
    return prepared.workerd


@asynccontextmanager
async def bucket(folder: Path) -> AsyncIterator[str]:
    """Run moto's S3 server with an empty bucket meanwhile; gives its address."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    with (folder / "moto.log").open("wb") as output:
        command = [sys.executable, "-m", "moto.server", "-p", str(port)]
        group = ProcessGroup(command, cwd=folder, env=os.environ, output=output)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(answers, f"{url}/{BUCKET}", "PUT"):
                await asyncio.sleep(0.2)
        yield url
    finally:
        group.kill()


def make_groups(ports: dict[str, int], count: int) -> list[dict[str, Any]]:
    """Name the groups of clients: of each application in each placement, through each front."""
    return [
        {
            "name": f"{application}, {placement}, through {front}",
            "url": f"http://{host}:{port}",
            "path": f"/{application}/",
            "count": count,
            "transports": ["websocket"],
        }
        for application in APPLICATIONS
        for placement, host in PLACEMENTS.items()
        for front, port in ports.items()
    ]


def place(first: Instance, second: Instance) -> None:
    """Have the first process own the applications, and the second one the sockets where these are objects of their own."""
    for application in APPLICATIONS:
        read(f"http://{HOST}:{first.port}/probe/{application}-socket")
        read(f"http://localhost:{first.port}/probe/{application}-socket")
        read(f"http://{HOST}:{second.port}/probe/{application}-engine")


async def all_back(writers: Writers, began: float, before: list[int]) -> list[float | None]:
    """Wait until each has got so many more acknowledgements; returns the seconds it took them."""
    back: list[float | None] = [None] * len(before)
    while None in back and time.monotonic() - began < PATIENCE_S:
        for index, number in enumerate(await writers.acknowledged()):
            if back[index] is None and number >= before[index] + BACK:
                back[index] = time.monotonic() - began
        await asyncio.sleep(0.02)
    return back


def print_event(title: str, before: list[Any], after: list[Any], back: list[float | None]) -> None:
    """Print what an end did to each group."""
    print(f"\n{title}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for name in dict.fromkeys(one["group"] for one in after):
        which = [index for index, one in enumerate(after) if one["group"] == name]
        new = [step for i in which for step in after[i]["history"][len(before[i]["history"]) :] if "connect" in step]
        times = sorted(time for i in which if (time := back[i]) is not None)
        missing = len(which) - len(times)
        last = f"{times[-1]:.1f}" if not missing else f"{missing} are not after {PATIENCE_S:.0f}"
        first = f"{times[0]:.1f}" if times else "-"
        print(f"| {name} | {len(which)} | {len(new)} | {sum(s['recovered'] for s in new)} | {first} | {last} |")


def print_found(found: list[Any], instance: Instance) -> None:
    """Print what became of all that was written."""
    print("\n| | acknowledged | lost | done twice | not answered | numbers that came | gaps that were not told |")
    print("|---|---|---|---|---|---|---|")
    for application in APPLICATIONS:
        for placement, host in PLACEMENTS.items():
            name = f"{application}, {placement}"
            mine = [one for one in found if one["group"].startswith(name)]
            rows = read_journal(f"http://{host}:{instance.port}/journal/{application}")
            entries = {row[0]: (row[3], *row[4:]) for row in rows}
            # A client's name is unique in its group only, so a write is known by its entry.
            written = [(entry, ("write", name, number)) for one in mine for name, number, entry in one["written"]]
            lost = [entry for entry, what in written if entries.get(entry) != what]
            lost += [entry for one in mine for entry in one["asked"] if entries.get(entry) != ("ask",)]
            times = Counter(entry for entry, _ in written)
            published = Counter(number for one in mine for number in one["published"])
            twice = [one for counted in (times, published) for one, count in counted.items() if count > 1]
            streams = [gaps(one["history"]) for one in mine]
            figures = (
                len(written) + sum(len(one["asked"]) + len(one["published"]) for one in mine),
                *(len(lost), len(twice), sum(one["unanswered"] for one in mine)),
                *(sum(count for count, _ in streams), sum(missing for _, missing in streams)),
            )
            print(f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} |")


def read_journal(url: str) -> list[list[Any]]:
    """Read what the application has written down."""
    rows: list[list[Any]] = []
    while more := read(f"{url}/{rows[-1][0] if rows else 0}"):
        rows += more
    return rows


def gaps(history: list[dict[str, Any]]) -> tuple[int, int]:
    """Return how many numbers came, and how many are missing where the client was not told."""
    count = missing = 0
    last: int | None = None
    for step in history:
        if "connect" in step and not step["recovered"]:
            last = None
        elif "event" in step:
            number = step["args"][0]
            missing += 0 if last is None else abs(number - last - 1)
            last, count = number, count + 1
    return count, missing


async def run(folder: Path, count: int) -> None:
    """Run everything in a folder for it."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(bucket(folder))
        program = write_app(folder / "app", url)
        first, second = (Instance(program, folder / "app", folder / name) for name in ("a", "b"))
        for instance in (first, second):
            await instance.start()
            stack.callback(instance.stop)
        await asyncio.to_thread(place, first, second)
        ports = {
            "A": await stack.enter_async_context(Front(first, second).open()),
            "B": await stack.enter_async_context(Front(second, first).open()),
        }
        writers = await stack.enter_async_context(writing(make_groups(ports, count)))
        await all_back(writers, time.monotonic(), await writers.acknowledged())
        await asyncio.sleep(TALK_S)
        # A owns the applications; B, where they are objects of their own, the sockets.
        before, acknowledged, began = await writers.ask("found"), await writers.acknowledged(), time.monotonic()
        first.kill()
        back = await all_back(writers, began, acknowledged)
        print_event("`kill -9` of A", before, await writers.ask("found"), back)
        await first.start()
        await asyncio.sleep(TALK_S)
        # B owns everything by now.
        before, acknowledged, began = await writers.ask("found"), await writers.acknowledged(), time.monotonic()
        ending = asyncio.create_task(second.terminate())
        back = await all_back(writers, began, acknowledged)
        stopped_after = await ending
        await asyncio.sleep(TALK_S)
        print_event(f"SIGTERM to B, which ends after {stopped_after:.1f} s", before, await writers.ask("found"), back)
        await writers.ask("stop")
        print_found(await writers.ask("found"), first)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=5)
    options = parser.parse_args()
    npm_ci(ROOT / "tests-e2e")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder), options.clients))


if __name__ == "__main__":
    main()
