"""Prints the CPU microseconds per operation of encoding and decoding a frame of 100, on the host and inside workerd.

Run it with `nox -s bench`. In workerd the time is that of its processes, from /proc, so Linux only.
"""

import sys
import time
import urllib.request
from pathlib import Path

from first_figures import ROOT, cpu_seconds

from local_runtime import DevServer, Project, prepare

sys.path.insert(0, str(Path(__file__).parent / "worker" / "src"))

import frame_work

ROUNDS = 3
REPEATS = 2_000


def main() -> None:
    """Measure both in turn."""
    project = Project(folder=ROOT / "benchmarks" / "worker", packages=(ROOT / "packages" / "shared-wire",))
    print(
        f"encode + decode of a frame of {frame_work.OPERATIONS} operations, CPU us per operation: host / workerd / ratio"
    )
    with DevServer(prepare(project)) as server:
        ask(server, 10)
        for _ in range(ROUNDS):
            host = on_host()
            inside = in_workerd(server)
            print(f"  {host:.2f} / {inside:.2f} / {inside / host:.1f}", flush=True)


def on_host() -> float:
    """Measure in this process."""
    begun = time.process_time()
    frame_work.run(REPEATS)
    return (time.process_time() - begun) / REPEATS / frame_work.OPERATIONS * 1e6


def in_workerd(server: DevServer) -> float:
    """Measure in the server's processes."""
    begun = cpu_seconds(server.group_id)
    ask(server, REPEATS)
    return (cpu_seconds(server.group_id) - begun) / REPEATS / frame_work.OPERATIONS * 1e6


def ask(server: DevServer, rounds: int) -> None:
    """Have the Worker do so many rounds."""
    with urllib.request.urlopen(f"{server.url}/rounds/{rounds}") as response:
        response.read()


if __name__ == "__main__":
    main()
