"""Prints what the same work of the same application costs in each placement, beside stock python-socketio, Node, and a bare echo.

Run it with `nox -s bench -- placements`; three runs, of which each interleaves its rounds, say more than one. Workers are on plain
workerd; CPU time is that of all processes of a server, from /proc, so Linux only.

``--rows=connect,join`` measures those rows only whose names have one of these, ``--sides=two,floor`` those sides only, besides the
stock server, ``--short`` one round of what the bare echo can do, too; ``--before=FOLDER`` measures one side more, two objects of
another checkout.
"""

import argparse
import asyncio
import json
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import socketio_figures as figures
from engine_figures import allow_many_sockets
from first_figures import ALL, ROOT
from socketio_figures import ROUNDS, STOCK, Stage, Work, compare, enter
from socketio_load import ECHO, NOTES, REPLY, Load, broadcast, connect_often, exchange, open_clients, talk_in_rooms
from stock import StockServer

from local_runtime import Prepared, Project, WorkerdServer, node_command, node_env, npm_ci, prepare
from local_runtime.processes import ProcessGroup

CLIENTS, IN_FLIGHT = 200, 2
SMALL, LARGE = 200, 1_000
#: Members of a room, where there are many rooms.
ROOM = 10
#: Rooms that one event joins, where it joins many.
JOINS = 20
#: The bare echoes: in Python, and in JavaScript.
FLOOR, FLOOR_JS = "floor", "floor-js"

HERE = Path(__file__).parent


class NodeServer:
    """Node's socket.io, in a process of its own."""

    def __init__(self, **options: Any) -> None:
        """Initialise with further options of the server."""
        self._options = json.dumps(options)

    def __enter__(self) -> Self:
        """Start, and return when it listens."""
        npm_ci(ROOT / "tests-e2e")
        self._log = tempfile.NamedTemporaryFile()
        self._group = ProcessGroup(
            node_command(HERE / "node_server.mjs", self._options), cwd=HERE, env=node_env(), output=self._log
        )
        while not (said := Path(self._log.name).read_text(encoding="utf-8").strip()):
            if not self._group.running:
                raise RuntimeError("the Node server did not start")
        self.url = f"http://127.0.0.1:{int(said)}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._group.stop()
        self._log.close()

    @property
    def group_id(self) -> int:
        """The process group of the server."""
        return self._group.group_id


def prepare_worker(folder: str, checkout: Path = ROOT, **variables: str) -> Prepared:
    """Prepare a Worker of this folder, with the packages of a checkout."""
    application = {"src/socketio_application.py": HERE / "socketio_application.py"}
    project = Project(
        folder=HERE / folder,
        packages=tuple(checkout / one.relative_to(ROOT) for one in ALL) if folder == "socketio_worker" else (),
        files=application if folder == "socketio_worker" else {},
        constraints=ROOT / "constraints.txt",
        overrides={"vars": variables} if variables else {},
    )
    return prepare(project)


def joining() -> tuple[str, ...]:
    """Make the frame that joins a room which nobody has joined before."""
    return (f'42{{n}}["enter","{uuid.uuid4().hex[:8]}-{{n}}"]',)


def joining_many() -> tuple[str, ...]:
    """Make the frame that joins so many rooms, which nobody has joined before."""
    rooms = ",".join(f'"{uuid.uuid4().hex[:8]}-{{n}}"' for _ in range(JOINS))
    return (f'42{{n}}["enter_many",[{rooms}]]',)


def work_of(what: Callable[[Stage, float], Awaitable[Load]], name: str, *, timed: bool = False) -> Work:
    """Name some work."""
    return Work(name, what, timed)


#: What the bare echo can do, too.
PLAIN = (
    work_of(lambda on, s: connect_often(on.server.url, s), "connect to / and leave, 20 at a time", timed=True),
    work_of(lambda on, s: exchange(on.clients[:1], REPLY, 1, s), "event and an event back, 1 in flight", timed=True),
    work_of(lambda on, s: exchange(on.clients, REPLY, IN_FLIGHT, s), "event and an event back, 400 in flight"),
    work_of(lambda on, s: exchange(on.clients[:1], ECHO, 1, s), "event and acknowledgement, 1 in flight", timed=True),
)
OTHERS = (
    work_of(lambda on, s: exchange(on.clients, NOTES, 1, s), "event without an answer, 200 clients"),
    work_of(lambda on, s: exchange(on.clients[:20], joining(), 1, s), "join of a room"),
    work_of(lambda on, s: exchange(on.clients, joining_many(), 1, s), f"{JOINS} joins in one event"),
    work_of(lambda on, s: talk_in_rooms(on.clients, ROOM, s), f"delivery in {CLIENTS // ROOM} rooms of {ROOM}"),
    work_of(
        lambda on, s: broadcast(on.clients[0], on.crowd[:SMALL], "small", s), f"delivery of a broadcast to {SMALL}"
    ),
    work_of(lambda on, s: broadcast(on.clients[0], on.crowd, "large", s), f"delivery of a broadcast to {LARGE:,}"),
)


def main() -> None:
    """Measure and print."""
    allow_many_sockets()
    options = read_options()
    makers: dict[str, Callable[[], figures.Compared | NodeServer]] = {
        "one": lambda: WorkerdServer(prepare_worker("socketio_worker", PLACEMENT="one")),
        "two": lambda: WorkerdServer(prepare_worker("socketio_worker", PLACEMENT="two")),
        "rpc": lambda: WorkerdServer(prepare_worker("socketio_worker", PLACEMENT="rpc")),
        "node": NodeServer,
        FLOOR: lambda: WorkerdServer(prepare_worker("floor_worker")),
        FLOOR_JS: lambda: WorkerdServer(replace(prepare_worker("floor_worker"), folder=HERE / "floor_javascript")),
    }
    sides = options.sides.split(",") if options.sides else [*makers]
    servers = {name: makers[name]() for name in sides}
    if options.before:
        servers["before"] = WorkerdServer(prepare_worker("socketio_worker", options.before, PLACEMENT="two"))
    servers[STOCK] = StockServer()
    with ExitStack() as running:
        for server in servers.values():
            running.enter_context(server)
        asyncio.run(measure({name: Stage(server) for name, server in servers.items()}, options))


def read_options() -> argparse.Namespace:
    """Read what is to be measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", default="", type=lambda text: text.split(","))
    parser.add_argument("--sides", default="")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--short", action="store_true")
    return parser.parse_args()


async def measure(stages: dict[str, Stage], options: argparse.Namespace) -> None:
    """Do all work that was chosen, on all servers that can."""
    rows = options.rows or [""]
    plain, others = ([work for work in some if any(row in work.name for row in rows)] for some in (PLAIN, OTHERS))
    async with AsyncExitStack() as opened:
        for stage in stages.values():
            stage.clients = await opened.enter_async_context(open_clients(stage.server.url, CLIENTS))
        for work in plain:
            await compare(work, stages, 1 if options.short else ROUNDS)
        if options.short or not others:
            return
        real = {name: stage for name, stage in stages.items() if name not in (FLOOR, FLOOR_JS)}
        for stage in real.values():
            stage.crowd = await opened.enter_async_context(open_clients(stage.server.url, LARGE))
            await asyncio.gather(*(enter(client, "large") for client in stage.crowd))
            await asyncio.gather(*(enter(client, "small") for client in stage.crowd[:SMALL]))
            await asyncio.gather(*(enter(one, f"room {at // ROOM}") for at, one in enumerate(stage.clients)))
        for work in others:
            await compare(work, real)


if __name__ == "__main__":
    main()
