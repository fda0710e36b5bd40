"""Prints what the engine alone costs: connects, echoes over both transports, and a packet to many sockets.

Run it with `nox -s bench -- engine_figures` for plain workerd, and with `--wrangler` behind it for `wrangler dev`. All rounds of
what is compared are interleaved. CPU time is that of all processes of the server: under wrangler its proxy is in it.
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

import aiohttp
from crowd import Crowd
from first_figures import ALL, cpu_seconds

from local_runtime import DevServer, Project, WorkerdServer, prepare

ROOT = Path(__file__).resolve().parents[1]
QUERY = "/engine.io/?EIO=4&transport="
ROUNDS = 3
CLIENTS = 20
ECHOES = 100
CONNECTS = 200
#: Sockets of one object. Plain workerd opens two files for each, wrangler's two processes four; 20,000 are allowed here.
RECIPIENTS = {WorkerdServer: (100, 1_000, 5_000), DevServer: (100, 1_000, 4_500)}
DELIVERIES = 40_000
WAYS = ("engine", "bare")
#: What each socket gets, as a frame: a head of two bytes, the packet's type, and `TEXT` of engine_worker/src/entry.py.
FRAME_BYTES = 2 + 1 + len('{"from":"ann","text":"good morning"}')
#: How long the server must have done nothing before a measurement begins and ends: it tidies up after it has sent.
QUIET_S = 0.05

Server = DevServer | WorkerdServer


class Meter:
    """Measures a server: wall seconds and CPU seconds."""

    def __init__(self, server: Server) -> None:
        """Begin."""
        self._server = server
        self._cpu, self._begun = cpu_seconds(server.group_id), time.perf_counter()

    def read(self, count: int) -> tuple[float, float]:
        """Return the units per second, and CPU microseconds per unit, since the beginning."""
        seconds, cpu = time.perf_counter() - self._begun, cpu_seconds(self._server.group_id) - self._cpu
        return count / seconds, cpu / count * 1e6


def main() -> None:
    """Measure and print."""
    allow_many_sockets()
    prepared = prepare(
        Project(folder=ROOT / "benchmarks" / "engine_worker", packages=ALL[:2], constraints=ROOT / "constraints.txt")
    )
    serve = DevServer if "--wrangler" in sys.argv else WorkerdServer
    with serve(prepared) as server:
        print(f"under {server.program}")
        asyncio.run(measure_exchanges(server))
    with serve(prepared) as server:
        measure_fan_out(server)


def allow_many_sockets() -> None:
    """Raise the limit of open files as far as we may: every socket takes one here and several in the server."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def measure_exchanges(server: Server) -> None:
    """Print connects and echoes a second, and their CPU, over both transports."""
    await echo_all(server.url, "websocket", 20)
    print(
        f"{CONNECTS} connects, {CLIENTS} at a time; {CLIENTS} clients echoing one message at a time: per s / server CPU us"
    )
    for _ in range(ROUNDS):
        for transport in ("websocket", "polling"):
            meter = Meter(server)
            await asyncio.gather(*(connect_often(server.url, transport, CONNECTS // CLIENTS) for _ in range(CLIENTS)))
            rate, cpu = meter.read(CONNECTS)
            print(f"  {transport:10} connect {rate:8,.0f} / {cpu:6,.0f}", end="")
            meter = Meter(server)
            await echo_all(server.url, transport, ECHOES)
            rate, cpu = meter.read(CLIENTS * ECHOES)
            print(f"   echo {rate:8,.0f} / {cpu:6,.0f}", flush=True)


async def connect_often(url: str, transport: str, times: int) -> None:
    """Open sessions, and leave each at once."""
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            if transport == "websocket":
                async with session.ws_connect(f"{url}{QUERY}websocket") as ws:
                    await ws.receive_str()
                continue
            sid = await open_polling(session, url)
            async with session.post(f"{url}{QUERY}polling&sid={sid}", data="1") as answer:
                assert answer.status == 200


async def open_polling(session: aiohttp.ClientSession, url: str) -> str:
    """Open a session over polling."""
    async with session.get(f"{url}{QUERY}polling") as answer:
        return str(json.loads((await answer.text())[1:])["sid"])


async def echo_all(url: str, transport: str, count: int) -> None:
    """Let all clients echo so many messages, one at a time each."""
    echo = echo_socket if transport == "websocket" else echo_polling
    await asyncio.gather(*(echo(url, count) for _ in range(CLIENTS)))


async def echo_socket(url: str, count: int) -> None:
    """Echo over a WebSocket."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}{QUERY}websocket") as ws:
        await ws.receive_str()
        for number in range(count):
            await ws.send_str(f"4{number}")
            assert await ws.receive_str() == f"4{number}"


async def echo_polling(url: str, count: int) -> None:
    """Echo over polling: a POST, and a GET for the answer."""
    async with aiohttp.ClientSession() as session:
        target = f"{url}{QUERY}polling&sid={await open_polling(session, url)}"
        for number in range(count):
            async with session.post(target, data=f"4{number}") as answer:
                assert await answer.text() == "ok"
            async with session.get(target) as answer:
                assert await answer.text() == f"4{number}"
        async with session.post(target, data="1") as answer:
            assert answer.status == 200


def measure_fan_out(server: Server) -> None:
    """Print the CPU per recipient of one packet to many, through the engine and in a bare loop."""
    print("one packet to N sockets of one object: server CPU us per recipient, engine / bare loop / ratio", flush=True)
    crowd = Crowd(server.url, f"{QUERY}websocket")
    for recipients in RECIPIENTS[type(server)]:
        crowd.grow(recipients)
        for way in WAYS:
            fan_out(server, crowd, way, 5)
        for _ in range(ROUNDS):
            engine, bare = (fan_out(server, crowd, way, DELIVERIES // recipients) for way in WAYS)
            print(f"  {recipients:6,} {engine:6.1f} / {bare:6.1f} / {engine / bare:.2f}", flush=True)
    crowd.close()


def fan_out(server: Server, crowd: Crowd, way: str, rounds: int) -> float:
    """Have it sent to all so often, one time when the other has arrived; gives the CPU microseconds per recipient.

    The message that asks for it, and its echo, are in the figure: some 300 us each time.
    """
    wait_idle(server)
    meter = Meter(server)
    for _ in range(rounds):
        crowd.tell(way)
        crowd.receive(FRAME_BYTES * len(crowd) + 2 + 1 + len(way))
    wait_idle(server)
    return meter.read(rounds * len(crowd))[1]


def wait_idle(server: Server) -> None:
    """Wait until the server does nothing."""
    before = -1.0
    while (now := cpu_seconds(server.group_id)) != before:
        before = now
        time.sleep(QUIET_S)


if __name__ == "__main__":
    main()
