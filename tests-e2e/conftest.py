"""The servers the tests talk to: each a real `wrangler dev` on a free port of this machine."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local_runtime import DevServer, Prepared, Project, npm_ci, prepare

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "packages"
ALL = tuple(PACKAGES / name for name in ("shared-wire", "engine-do", "socketio-do"))
ENGINE_ALONE = ALL[:2]
CONSTRAINTS = ROOT / "constraints.txt"


@dataclass(frozen=True)
class Worker:
    """The test Worker: its address, its log, and what its actors say of themselves."""

    server: DevServer

    @property
    def url(self) -> str:
        """Where it is served."""
        return self.server.url

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

    async def kill(self, actor: str) -> None:
        """End the life of an actor as a crash would."""
        await self._visit("kill", actor)

    async def evict(self, actor: str) -> None:
        """End the life of an actor as sleep does: its sockets stay."""
        await self._visit("evict", actor)

    async def _visit(self, verb: str, actor: str) -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/{verb}/{actor}") as response:
            # The end of a life now and then cuts the answer that tells of it.
            with suppress(aiohttp.ClientPayloadError):
                await response.read()

    def log_lines(self, containing: str) -> list[str]:
        """Find lines of the Worker's log."""
        return [line for line in self.server.log_text().splitlines() if containing in line]


def prepare_worker(folder: Path, packages: tuple[Path, ...] = ALL, **overrides: object) -> Prepared:
    """Prepare a project with our packages from the working tree."""
    return prepare(Project(folder=folder, packages=packages, constraints=CONSTRAINTS, overrides=overrides))


@pytest.fixture(scope="session", autouse=True)
def node_modules() -> Path:
    """What the Node clients import."""
    return npm_ci(Path(__file__).parent)


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """The test Worker, one for all tests that leave it as they found it."""
    with DevServer(prepare_worker(Path(__file__).parent / "worker")) as server:
        yield Worker(server)


@pytest.fixture
def own_worker(tmp_path: Path) -> Iterator[Worker]:
    """A test Worker for one test that stops, starts or counts, with storage that outlives a stop."""
    with DevServer(prepare_worker(Path(__file__).parent / "worker"), state=tmp_path) as server:
        yield Worker(server)
