"""Prints what a start costs: what is vendored, what is imported, and the time to the first answer with and without a snapshot.

Run it with `nox -s bench -- startup`. A deploy to Cloudflare takes a snapshot of the interpreter after the imports; here plain
workerd takes one. The times are wall times from the begin of the process, of interleaved rounds.
"""

import asyncio
import json
import re
import statistics
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from first_figures import ALL, PACKAGES, ROOT

from local_runtime import Prepared, Project, WorkerdServer, prepare
from local_runtime.base import HOST
from local_runtime.processes import ProcessGroup
from local_runtime.vendor import all_files

ROUNDS = 5
POLL_S = 0.002
PATIENCE_S = 60.0
SNAPSHOT = "snapshot.bin"
#: A vendored file that `python_modules.exclude` has left in, in the config of plain workerd.
SHIPPED = re.compile(r'embed "(python_modules/[^"]+)"')
#: The slowest modules that are named.
NAMED = 25

OURS = ("shared_wire", "engine_do", "socketio_do")
UPSTREAM = ("socketio", "engineio", "bidict", "simple_websocket", "wsproto", "h11")
#: What an application imports, in one object; an engine alone imports the first.
IMPORTED = ("engine_do.durable", "socketio_do", "socketio_do.durable")


@dataclass(frozen=True)
class Subject:
    """A Worker, and the first event of its first client: the frames it sends, and how the answer begins."""

    name: str
    folder: Path
    packages: tuple[Path, ...]
    path: str
    sends: tuple[str, ...]
    answer: str
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)

    def prepare(self) -> Prepared:
        """Prepare its folder."""
        return prepare(
            Project(
                folder=self.folder,
                packages=self.packages,
                constraints=ROOT / "constraints.txt",
                overrides={"vars": dict(self.variables)} if self.variables else {},
            )
        )


CHAT = ('40{"nick":"ann"}', '420["status",{}]')
SUBJECTS = (
    Subject("demo, one object", ROOT / "demo-server", ALL, "/socket.io/", CHAT, "430[", {"PLACEMENT": "one"}),
    Subject("demo, two objects", ROOT / "demo-server", ALL, "/socket.io/", CHAT, "430[", {"PLACEMENT": "split"}),
    Subject("bare echo", ROOT / "benchmarks" / "floor_worker", (), "/", ("4echo",), "4echo"),
    Subject("engine alone", PACKAGES / "engine-do" / "examples" / "echo", ALL[:2], "/engine.io/", ("4echo",), "4echo"),
)


def main() -> None:
    """Measure and print."""
    prepared = {subject: subject.prepare() for subject in SUBJECTS}
    print_sizes(prepared[SUBJECTS[0]])
    print_imports()
    print_starts(prepared)


def print_sizes(prepared: Prepared) -> None:
    """Print the bytes of what is vendored, what the project's config leaves of it, and both compressed."""
    modules = prepared.folder / "python_modules"
    shipped = [prepared.folder / name for name in SHIPPED.findall((prepared.folder / "workerd.capnp").read_text())]
    print("vendored, bytes (with the metadata beside it)")
    groups: Counter[str] = Counter()
    for name, size in prepared.module_sizes.items():
        groups[name.split("-")[0].removeprefix("python_")] += size
    for name, size in groups.most_common():
        print(f"  {name:32}{size:>12,}")
    print(f"  {'all':32}{prepared.vendored_bytes:>12,}")
    print(f"  {'ours':32}{sum(groups[name] for name in OURS):>12,}")
    print(f"  {'ours, code':32}{sum(size_of(modules / name) for name in OURS):>12,}")
    print(f"  {'of this the test kits':32}{sum(size_of(modules / name / 'testing') for name in OURS):>12,}")
    print(f"  {'all, but for what is excluded':32}{sum(file.stat().st_size for file in shipped):>12,}")
    for name, files in (("all", sorted(all_files(modules))), ("but for what is excluded", shipped)):
        text = b"".join(file.read_bytes() for file in files)
        print(f"  {f'{name}, compressed':32}{len(zlib.compress(text, 9)):>12,}", flush=True)


def size_of(folder: Path) -> int:
    """Return the bytes of the files of a folder."""
    return sum(file.stat().st_size for file in all_files(folder))


def print_imports() -> None:
    """Print which modules of whom an application imports, and the milliseconds they take in workerd without a snapshot."""
    folder = Path(__file__).parent / "import_worker"
    project = Project(folder=folder, packages=ALL, constraints=ROOT / "constraints.txt")
    with (
        WorkerdServer(prepare(project)) as server,
        urllib.request.urlopen(f"{server.url}/{','.join(IMPORTED)}") as answer,
    ):
        took: dict[str, float] = json.loads(answer.read())
    count: Counter[str] = Counter(map(group_of, took))
    print("modules that an application imports besides what the runtime has: of whom, how many, ms")
    for name, modules in count.most_common():
        print(f"  {name:32}{modules:>5}{sum(ms for one, ms in took.items() if group_of(one) == name):>10.1f}")
    print(f"  {'all':32}{len(took):>5}{sum(took.values()):>10.1f}")
    print("modules of upstream and the standard library, ms")
    others = [name for name in took if group_of(name) not in OURS]
    for name in sorted(others, key=took.__getitem__, reverse=True)[:NAMED]:
        print(f"  {name:45}{took[name]:>8.1f}")
    print("  " + " ".join(sorted(others)), flush=True)


def group_of(module: str) -> str:
    """Return whose a module is."""
    top = module.partition(".")[0]
    return top if top in (*OURS, *UPSTREAM) else "standard library and SDK"


def print_starts(prepared: Mapping[Subject, Prepared]) -> None:
    """Print the seconds from the begin of the process to the first answer over HTTP, and to the first answered event."""
    print(f"from the begin of the process, median s of {ROUNDS} interleaved rounds (least, most)")
    with tempfile.TemporaryDirectory() as scratch:
        folders = {subject: Path(scratch, str(number)) for number, subject in enumerate(prepared)}
        for subject, folder in folders.items():
            folder.mkdir()
            save_snapshot(prepared[subject], folder)
            print(f"  {subject.name}: a snapshot of {(folder / SNAPSHOT).stat().st_size:,} bytes", flush=True)
        times: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for subject, folder in folders.items():
                for start, options in (("imported", ()), ("snapshot", from_snapshot(folder))):
                    row = f"{subject.name}, {start}"
                    times.setdefault(f"{row}, HTTP", []).append(start_to_answer(prepared[subject], options))
                    times.setdefault(f"{row}, event", []).append(start_to_event(prepared[subject], options, subject))
    for row, some in times.items():
        print(f"  {row:40}{statistics.median(some):.2f} ({min(some):.2f}, {max(some):.2f})", flush=True)


def from_snapshot(folder: Path) -> tuple[str, ...]:
    """Return the options that start from the snapshot of a folder."""
    return (f"--python-snapshot-dir={folder}", f"--python-load-snapshot={SNAPSHOT}")


def save_snapshot(prepared: Prepared, folder: Path) -> None:
    """Have the runtime write a snapshot."""
    with started(prepared, (f"--python-snapshot-dir={folder}", "--python-save-snapshot")) as (url, begun):
        while not (folder / SNAPSHOT).exists() or not (folder / SNAPSHOT).stat().st_size:
            if time.perf_counter() - begun > PATIENCE_S:
                raise RuntimeError("no snapshot was written")
            get(url)
            time.sleep(POLL_S)


def start_to_answer(prepared: Prepared, options: Sequence[str]) -> float:
    """Return the seconds to the first answer."""
    with started(prepared, options) as (url, begun):
        while not get(url):
            time.sleep(POLL_S)
        return time.perf_counter() - begun


def get(url: str) -> bool:
    """Return whether a GET is answered, with whatever."""
    try:
        urllib.request.urlopen(f"{url}/nothing", timeout=PATIENCE_S).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True


def start_to_event(prepared: Prepared, options: Sequence[str], subject: Subject) -> float:
    """Return the seconds to the answer of the first event."""
    with started(prepared, options) as (url, begun):
        asyncio.run(asyncio.wait_for(first_event(url, subject), PATIENCE_S))
        return time.perf_counter() - begun


async def first_event(url: str, subject: Subject) -> None:
    """Connect, as soon as somebody listens, and wait until the event is answered."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                ws = await session.ws_connect(f"{url}{subject.path}?EIO=4&transport=websocket")
                break
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(POLL_S)
        for frame in subject.sends:
            await ws.send_str(frame)
        while not (await ws.receive_str()).startswith(subject.answer):
            pass


@contextmanager
def started(prepared: Prepared, options: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Start plain workerd on a free port with an empty storage; yields the address, and when the process began."""
    server = WorkerdServer(prepared)
    with tempfile.TemporaryDirectory() as storage, tempfile.TemporaryFile() as log:
        command = [str(prepared.workerd), "serve", "--experimental", *options]
        where = (f"--socket-addr=http={HOST}:{server.port}", f"--directory-path=storage={storage}", "workerd.capnp")
        group = ProcessGroup([*command, *where], cwd=prepared.folder, env=prepared.env, output=log)
        try:
            yield server.url, time.perf_counter()
        finally:
            group.stop()
            server.close()


if __name__ == "__main__":
    main()
