"""What clients do to a Socket.IO server: the same frames to any, over plain WebSockets, with nothing of Socket.IO around them."""

import asyncio
import statistics
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

__all__ = [
    "ECHO",
    "NOTES",
    "REPLY",
    "Client",
    "Load",
    "broadcast",
    "connect_often",
    "exchange",
    "open_clients",
    "talk_in_rooms",
]

#: A client's connection, which speaks Socket.IO by hand.
Client = aiohttp.ClientWebSocketResponse

PATH = "/socket.io/?EIO=4&transport=websocket"
DATA = '{"from":"ann","text":"good morning"}'
#: How many connect at a time.
CONNECTING = 20
#: Broadcasts under way at a time: the server need not wait for the slowest recipient of each.
UNDER_WAY = 2

#: What a client sends at once, with a place for a number; one frame comes back. An event with an acknowledgement; one that is
#: answered by an event; and many that nothing answers, with one to see that they have arrived.
ECHO = (f'42{{n}}["echo",{DATA}]',)
REPLY = (f'42["reply",{DATA}]',)
NOTES = (*(f'42["note",{DATA}]',) * 19, f'42{{n}}["echo",{DATA}]')


@dataclass(frozen=True)
class Load:
    """What was done: how many units, and the seconds that each exchange took."""

    units: int
    times: tuple[float, ...] = ()

    @property
    def percentiles_ms(self) -> tuple[float, float]:
        """The 50th and the 95th percentile of the times."""
        cuts = statistics.quantiles(self.times, n=20)
        return cuts[9] * 1000, cuts[18] * 1000


@asynccontextmanager
async def open_clients(url: str, count: int) -> AsyncIterator[list[Client]]:
    """Connect clients, each to the namespace ``/``; close them at the end."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        clients: list[Client] = []
        while len(clients) < count:
            some = min(CONNECTING, count - len(clients))
            clients += await asyncio.gather(*(_connect(session, url) for _ in range(some)))
        try:
            yield clients
        finally:
            await asyncio.gather(*(client.close() for client in clients))


async def _connect(session: aiohttp.ClientSession, url: str) -> Client:
    client = await session.ws_connect(url + PATH)
    await client.receive_str()
    await client.send_str("40")
    answer = await client.receive_str()
    if not answer.startswith("40"):
        raise RuntimeError(f"not connected: {answer}")
    return client


async def connect_often(url: str, seconds: float) -> Load:
    """Connect and leave, some clients at a time, as often as it goes; the times are those until a client is in the namespace."""
    end = time.perf_counter() + seconds

    async def connect() -> list[float]:
        times = []
        async with aiohttp.ClientSession() as session:
            while (begun := time.perf_counter()) < end:
                client = await _connect(session, url)
                times.append(time.perf_counter() - begun)
                await client.close()
        return times

    done = await asyncio.gather(*(connect() for _ in range(CONNECTING)))
    times = tuple(one for some in done for one in some)
    return Load(len(times), times)


async def exchange(clients: list[Client], frames: tuple[str, ...], in_flight: int, seconds: float) -> Load:
    """Let each client send the frames, so often at a time, and take what comes back; a frame is a unit."""
    end = time.perf_counter() + seconds
    done = await asyncio.gather(*(_exchange(client, frames, in_flight, end) for client in clients))
    times = tuple(one for some in done for one in some)
    return Load(len(times) * len(frames), times)


async def _exchange(client: Client, frames: tuple[str, ...], in_flight: int, end: float) -> list[float]:
    begun: deque[float] = deque()
    times: list[float] = []
    while True:
        while len(begun) < in_flight and time.perf_counter() < end:
            begun.append(time.perf_counter())
            number = str(len(times) + len(begun))
            for frame in frames:
                await client.send_str(frame.replace("{n}", number))
        if not begun:
            return times
        await client.receive_str()
        times.append(time.perf_counter() - begun.popleft())


async def talk_in_rooms(clients: list[Client], size: int, seconds: float) -> Load:
    """Have the first of so many clients each, who are in a room together, speak to it; what one of them gets is a unit."""
    rooms = [clients[at : at + size] for at in range(0, len(clients), size)]
    loads = await asyncio.gather(
        *(broadcast(room[0], room, f"room {number}", seconds) for number, room in enumerate(rooms))
    )
    return Load(sum(load.units for load in loads))


async def broadcast(sender: Client, recipients: list[Client], room: str, seconds: float) -> Load:
    """Have one client send to a room that all recipients are in; what one of them gets is a unit."""
    end = time.perf_counter() + seconds
    sent = arrived = 0
    while True:
        while sent - arrived < UNDER_WAY and time.perf_counter() < end:
            await sender.send_str(f'42["say","{room}",{DATA}]')
            sent += 1
        if arrived == sent:
            return Load(arrived * len(recipients))
        for recipient in recipients:
            await recipient.receive_str()
        arrived += 1
