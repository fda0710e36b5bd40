"""The servers the tests talk to: each plain workerd, or a real `wrangler dev`, on a free port of this machine."""

import json
import os
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from waiting import silence, until

from local_runtime import DevServer, Prepared, Project, WorkerdServer, npm_ci, prepare

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGES = ROOT / "packages"
ALL = tuple(PACKAGES / name for name in ("shared-wire", "engine-do", "socketio-do"))
ENGINE_ALONE = ALL[:2]
CONSTRAINTS = ROOT / "constraints.txt"


@dataclass(frozen=True)
class Served:
    """A Worker that is served: its address and its log."""

    server: DevServer | WorkerdServer
    #: Characters of the log that were there before.
    log_from: int = 0

    @property
    def url(self) -> str:
        """Where it is served."""
        return self.server.url

    @property
    def log(self) -> list[str]:
        """What it has logged: lines with something in them, but for wrangler's own of each request."""
        lines = self.server.log_text()[self.log_from :].splitlines()
        return [line for line in lines if line.strip() and "[wrangler:info]" not in line]

    def log_lines(self, containing: str) -> list[str]:
        """Find lines of the log."""
        return [line for line in self.log if containing in line]


@dataclass(frozen=True)
class Worker(Served):
    """The test Worker: what its actors say of themselves."""

    is_split: bool = True

    @property
    def url(self) -> str:
        """Where it is served: the name decides where sockets and application are."""
        return self.server.url if self.is_split else self.server.url.replace("127.0.0.1", "localhost")

    async def probe(self, actor: str) -> dict[str, Any]:
        """Ask an actor (`engine`, `socket`, `fast-engine`, `fast-socket`); wakes it."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/probe/{actor}") as response:
            found: dict[str, Any] = json.loads(await response.text())
            return found

    async def counters(self, actor: str) -> dict[str, Any]:
        """Ask an actor what its life has cost; this asking is not counted."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/counters/{actor}") as response:
            found: dict[str, Any] = json.loads(await response.text())
            return found

    async def journal(self, whose: str) -> list[list[Any]]:
        """Read what the handlers of an application (`rooms`, `ledger`, `lines`) wrote down: number, life, sid, what, details."""
        rows: list[list[Any]] = []
        while more := json.loads(await self._visit("journal", f"{whose}/{rows[-1][0] if rows else 0}")):
            rows += more
        return rows

    async def kill(self, actor: str) -> None:
        """End the life of an actor as a crash would; one that ends the application alone is skipped where there is none."""
        if not self.is_split and "socket" in actor:
            pytest.skip("in one object the end of the application's life closes all connections")
        assert "a test wants it" in await self._visit("kill", actor)

    async def evict(self, actor: str) -> None:
        """End the life of an actor as sleep does: its sockets stay. In one object both halves are taken down by the first word."""
        answer = await self._visit("evict", actor)
        assert answer == "evicted" or (not self.is_split and "not currently running" in answer)

    async def crowd(self, actor: str) -> None:
        """Put ten thousand sessions, sockets, rooms and namespaces of nobody into an actor's rows."""
        assert await self._visit("crowd", actor) == "10000"

    async def _visit(self, verb: str, actor: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/{verb}/{actor}") as response:
            return await response.text()


@dataclass(frozen=True)
class EngineWorker(Served):
    """The test Worker of an engine alone; objects are named like ``ENGINE/e0``."""

    async def ask(self, verb: str, where: str, argument: str = "-") -> Any:
        """Ask an object something; none when it answers with an error."""
        url = f"{self.url}/{verb}/{where}/{argument}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            text = await response.text()
            return json.loads(text) if response.status == 200 and verb != "evict" else None

    async def seen(self, where: str, sid: str = "*") -> list[str]:
        """Return what the application saw of a session, in order, or of all."""
        found: list[str] = await self.ask("seen", where, sid)
        return found

    async def probe(self, where: str) -> dict[str, Any]:
        """Ask an object which life this is and what it holds; wakes it."""
        found: dict[str, Any] = await self.ask("probe", where)
        return found

    async def ended(self, where: str, sid: str, patience_s: float = 20.0) -> list[str]:
        """Wait until a session has ended; returns how, once for each time the application was told."""

        async def found() -> list[str]:
            return [what for what in await self.seen(where, sid) if what.startswith("disconnect: ")]

        await until(found, f"session {sid} ends", patience_s)
        await silence(0.1)
        return [what.removeprefix("disconnect: ") for what in await found()]


def prepare_worker(folder: Path, packages: tuple[Path, ...] = ALL, **overrides: object) -> Prepared:
    """Prepare a project with our packages from the working tree."""
    return prepare(Project(folder=folder, packages=packages, constraints=CONSTRAINTS, overrides=overrides))


@pytest.fixture(scope="session", autouse=True)
def node_modules() -> Path:
    """What the Node clients import."""
    return npm_ci(Path(__file__).parent)


def _serve_plainly(folder: str, packages: tuple[Path, ...], state: Path) -> WorkerdServer:
    return WorkerdServer(prepare_worker(Path(__file__).parent / folder, packages), state=state)


def _wiped(worker: Served) -> int:
    """Make it as if no object of a Worker had lived; returns where its log is then."""
    with urllib.request.urlopen(f"{worker.url}/wipe", timeout=60) as answer:
        assert answer.read() == b"wiped"
    return len(worker.server.log_text())


@pytest.fixture(scope="session")
def _worker_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerdServer]:
    with _serve_plainly("worker", ALL, tmp_path_factory.mktemp("worker")) as server:
        yield server


#: Where sockets and application are.
TWO_OBJECTS, ONE_OBJECT = "two objects", "one object"


@pytest.fixture(scope="session")
def two_objects(_worker_server: WorkerdServer) -> Worker:
    """The test Worker on plain workerd, in two objects."""
    return Worker(_worker_server)


@pytest.fixture(scope="session", params=[TWO_OBJECTS, ONE_OBJECT])
def worker(request: pytest.FixtureRequest, _worker_server: WorkerdServer) -> Worker:
    """The test Worker on plain workerd, one for all tests that leave it as they found it, in both placements."""
    return Worker(_worker_server, is_split=request.param == TWO_OBJECTS)


@pytest.fixture
def own_worker(worker: Worker) -> Worker:
    """The same, for a test that ends lives or counts: no object of it has lived."""
    return replace(worker, log_from=_wiped(worker))


@pytest.fixture(params=[TWO_OBJECTS, ONE_OBJECT])
def restarted_worker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Worker]:
    """A test Worker for one test that stops and starts it; its storage outlives a stop."""
    with _serve_plainly("worker", ALL, tmp_path) as server:
        yield Worker(server, is_split=request.param == TWO_OBJECTS)


@pytest.fixture(scope="session")
def engine_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineWorker]:
    """The test Worker of an engine alone on plain workerd, one for all tests that leave it as they found it."""
    with _serve_plainly("engine_worker", ENGINE_ALONE, tmp_path_factory.mktemp("engine")) as server:
        yield EngineWorker(server)


@pytest.fixture
def own_engine_worker(engine_worker: EngineWorker) -> EngineWorker:
    """The same, for a test that ends lives or counts: no object of it has lived."""
    return replace(engine_worker, log_from=_wiped(engine_worker))


@pytest.fixture(scope="session")
def wrangler_worker() -> Iterator[Worker]:
    """The test Worker on `wrangler dev`."""
    with DevServer(prepare_worker(Path(__file__).parent / "worker")) as server:
        yield Worker(server)


@pytest.fixture(scope="session")
def wrangler_engine_worker() -> Iterator[EngineWorker]:
    """The test Worker of an engine alone on `wrangler dev`."""
    with DevServer(prepare_worker(Path(__file__).parent / "engine_worker", ENGINE_ALONE)) as server:
        yield EngineWorker(server)


#: Where a Worker is served: by the development server, and by the runtime alone.
HOSTS = ("wrangler", "workerd")
#: The latter, in one object.
IN_ONE_OBJECT = "workerd, one object"
#: The fixtures that have placements.
_WORKERS = ("worker", "restarted_worker", "each_worker")
#: What takes long, and is there in small elsewhere: in `test_hostile.py`, and in the tests of the sweep.
_LONG = (
    "test_many_come_and_go_and_leave_nothing",
    "test_two_thousand_sockets_are_pinged_by_one_alarm_while_others_are_answered",
    "test_stock_clients_are_used_together_for_long",
    "test_every_delivery_is_what_the_model_says",
    # The simulation does this at every step; here two more tests of the same file do it.
    *("test_the_socket_actor_is_aborted_again_and_again", "test_the_engine_actor_is_evicted_again_and_again"),
    # On the model the examples' own tests show the same.
    *(
        "test_chat_wants_a_nick_and_tells_the_room",
        "test_latency_sends_the_time_back",
        "test_fiddle_greets_answers_and_refuses",
    ),
    *("application_bursts", "application_differences"),
)
#: Whose tests are many, and see one placement each unless there is time.
_HALVED = (
    "differential",
    "client_options",
    "client_options_python",
    "engineio",
    "attacks",
    "bad_input",
    "quiet_moments",
)
#: Of the clients at their worst, those that cost others most.
_WORST = ("collisions", "rooms")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what is run besides."""
    parser.addoption(
        "--both-placements", action="store_true", help="run in one object and in two what else sees one of them"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave one host, the worst of the worst clients, of the hostile inputs an eighth, and no crowds, unless there is time."""
    items[:] = [item for item in items if not (_is_in_one(item) and item.get_closest_marker("two_objects"))]
    if float(os.environ.get("E2E_FAULT_SECONDS", "20")) > 60:
        return
    both = bool(config.getoption("--both-placements"))
    left_out = {item for item in items if _is_for_soak(item) or (_is_other_placement(item) and not both)}
    config.hook.pytest_deselected(items=[*left_out])
    items[:] = [item for item in items if item not in left_out]


def _params(item: pytest.Item) -> dict[str, Any]:
    return dict(item.callspec.params) if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}


def _is_in_one(item: pytest.Item) -> bool:
    return not {ONE_OBJECT, IN_ONE_OBJECT}.isdisjoint(_params(item).get(name) for name in _WORKERS)


def _is_other_placement(item: pytest.Item) -> bool:
    """Return whether a test of those that see one placement each would see the other one."""
    params = _params(item)
    if "worker" not in params:
        return _is_in_one(item)
    if item.path.stem.removeprefix("test_") not in _HALVED:
        return False
    text = f"{item.path.stem} {item.name}".replace(str(params["worker"]), "")
    return (zlib.crc32(text.encode()) % 2 == 1) == _is_in_one(item)


def _is_for_soak(item: pytest.Item) -> bool:
    params = _params(item)
    host = params.get("each_worker", params.get("each_engine_worker"))
    given, worst = getattr(params.get("given"), "id", ""), getattr(params.get("worst"), "__name__", "")
    names = item.name.partition("[")[0], item.path.stem.removeprefix("test_")
    if host == "wrangler" or not {*names}.isdisjoint(_LONG):
        return True
    return bool(given and zlib.crc32(given.encode()) % 8) or bool(worst and worst not in _WORST)


@pytest.fixture(scope="session", params=[*HOSTS, IN_ONE_OBJECT])
def each_worker(request: pytest.FixtureRequest) -> Worker:
    """The test Worker on one host after the other."""
    found: Worker = request.getfixturevalue("wrangler_worker" if request.param == "wrangler" else "two_objects")
    return replace(found, is_split=request.param != IN_ONE_OBJECT)


@pytest.fixture(scope="session", params=HOSTS)
def each_engine_worker(request: pytest.FixtureRequest) -> EngineWorker:
    """The test Worker of an engine alone, likewise."""
    name = "engine_worker" if request.param == "workerd" else "wrangler_engine_worker"
    found: EngineWorker = request.getfixturevalue(name)
    return found
