"""Prints how many messages reach clients whose connections break again and again: the published field tests, replayed.

Run it with `nox -s bench -- recovery`; it takes some four minutes. 200 of npm's stock clients lose their connections while a number
is published ten times a second, to us in both placements, to Node's socket.io with and without recovery, and to stock
python-socketio, one after the other. ``--seconds=60`` makes each turn longer, ``--sides=one,node`` leaves others out, and
``--sides=wrangler`` plays to us under `wrangler dev`. CPU time is that of all processes of a server, wrangler's proxy among them,
from /proc, so Linux only.
"""

import argparse
import json
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from engine_figures import allow_many_sockets
from first_figures import ROOT, cpu_seconds
from placements import NodeServer, prepare_worker
from socketio_figures import Compared
from stock import StockServer

from local_runtime import DevServer, WorkerdServer, node_command, node_env, npm_ci

CLIENTS = 200
INTERVAL_MS = 100
SCRIPT = ROOT / "tests-e2e" / "clients" / "field.mjs"
#: Node's, as we have it by default.
NODE = {"connectionStateRecovery": {"maxDisconnectionDuration": 120_000, "skipMiddlewares": True}}

Server = Compared | NodeServer


@dataclass(frozen=True)
class Test:
    """A field test: what happens to connections, and whether the server sees them break."""

    name: str
    pattern: str
    how: tuple[str, ...]


TESTS = (
    Test("jitter: each is cut every few seconds, for some 2 s", "jitter", ("destroy",)),
    Test("the same, and the server does not see it", "jitter", ("abandon",)),
    Test("avalanche: all are cut at once and return together after 1 s", "avalanche", ("destroy",)),
)
MAKERS: dict[str, Callable[[], Server]] = {
    "one": lambda: WorkerdServer(prepare_worker("socketio_worker", PLACEMENT="one, recovering")),
    "two": lambda: WorkerdServer(prepare_worker("socketio_worker", PLACEMENT="two, recovering")),
    "wrangler, one": lambda: DevServer(prepare_worker("socketio_worker", PLACEMENT="one, recovering")),
    "wrangler, two": lambda: DevServer(prepare_worker("socketio_worker", PLACEMENT="two, recovering")),
    "node": lambda: NodeServer(**NODE),
    "node, default": NodeServer,
    "stock": StockServer,
}
COLUMNS = (
    *("", "delivered", "reconnects", "recovered", "told", "gaps not told", "duplicates"),
    *("catching up p50 / p95 ms (of so many)", "server CPU us a delivery"),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=11.0)
    parser.add_argument("--sides", default="one,two,node,stock")
    options = parser.parse_args()
    allow_many_sockets()
    npm_ci(ROOT / "tests-e2e")
    with ExitStack() as running:
        wanted = options.sides.split(",")
        servers: dict[str, Server] = {}
        for name, make in MAKERS.items():
            if name.split(",")[0] in wanted:
                servers[name] = make()
                running.enter_context(servers[name])
        for test in TESTS:
            print(f"\n{test.name}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
            for name, server in servers.items():
                print(f"| {name} | {run(test, server, options.seconds)} |", flush=True)


def run(test: Test, server: Server, seconds: float) -> str:
    """Let clients lose their connections for so long; returns the cells of a row."""
    setup = {
        "url": server.url,
        "path": "/socket.io/",
        "count": CLIENTS,
        "seconds": seconds,
        "pattern": test.pattern,
        "how": test.how,
        "interval": INTERVAL_MS,
    }
    command = node_command(SCRIPT, json.dumps(setup))
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=node_env(), text=True) as clients:
        assert clients.stdout is not None
        clients.stdout.readline()
        cpu = cpu_seconds(server.group_id)
        line = clients.stdout.readline()
        cpu = cpu_seconds(server.group_id) - cpu
    return cells(json.loads(line), cpu)


def cells(found: dict[str, Any], cpu_s: float) -> str:
    """Write what was found."""
    expected, back = CLIENTS * found["published"], found["reconnects"]
    times = found["catching_up_ms"]
    caught_up = f"{times['p50']:.0f} / {times['p95']:.0f} ({times['count']:,})" if times["count"] else "-"
    return " | ".join(
        [
            f"{found['delivered'] / expected:.2%} of {expected:,}",
            f"{back:,}",
            f"{found['recovered'] / back:.1%}",
            f"{back - found['recovered']:,}",
            f"{found['gaps']:,}",
            f"{found['duplicates']:,}",
            caught_up,
            f"{1e6 * cpu_s / found['delivered']:.0f}",
        ]
    )


if __name__ == "__main__":
    main()
