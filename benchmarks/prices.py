"""Prints what a small application costs in a month in each placement, counted by the model of the runtime in virtual time.

Run it with `nox -s bench -- prices`. Requests, alarms, calls and rows are counted; the time in which an object is awake is that of
its events, as `placements` measures it, and of streams that are open. Prices are Cloudflare's published ones of 2026.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

from engine_do import EngineConfig
from shared_wire.testing.faults import Faults
from socketio_do.testing import World

#: Dollars for one of each; 20 frames of clients are a request.
REQUEST: Final = 0.15e-6
ROW_WRITTEN: Final = 1e-6
GB_SECOND: Final = 12.5e-6
MEMORY_GB: Final = 0.128
HOURS: Final = 24 * 30

CLIENTS: Final = 200
#: Seconds that objects are awake for an event, in each placement: more than its CPU time.
EVENT_S: Final = {"one object": 0.0005, "two objects by RPC": 0.002, "two objects": 0.001}
PATH: Final = "/socket.io/"


@dataclass(frozen=True)
class Hour:
    """An hour of the application: events of all clients, and broadcasts to all of them, in a second."""

    name: str
    events_per_s: float
    broadcasts_per_s: float
    #: Seconds that are played; the rest is as they are.
    played_s: int


HOURS_OF_USE: Final = (
    Hour("200 clients, 20 events an hour each, a broadcast a minute", CLIENTS * 20 / 3600, 1 / 60, 3600),
    Hour("200 clients, 300 events a second", 300, 1 / 60, 60),
)


def configure(sio: Any) -> None:
    """Answer questions, and tell everybody."""

    @sio.event
    async def ask(sid: str, data: Any) -> Any:
        return [sid, data]

    @sio.event
    async def tell(sid: str, data: Any) -> None:
        await sio.emit("told", [sid, data])


def play(hour: Hour, placement: str) -> dict[str, float]:
    """Play a part of an hour; returns what was used in a second."""
    config = EngineConfig(path=PATH, stream=placement == "two objects")
    with World.of(configure, config=config, is_split=placement != "one object") as world:
        clients = [world.client() for _ in range(CLIENTS)]
        world.advance(60)
        world.faults = counted = Counting()
        before, streamed = asdict(world.cost), _stream_messages(world)
        events = broadcasts = 0
        for second in range(hour.played_s):
            while events < hour.events_per_s * (second + 1):
                clients[events % CLIENTS].emit("ask", events)
                events += 1
            while broadcasts < hour.broadcasts_per_s * (second + 1):
                clients[0].emit("tell", broadcasts)
                broadcasts += 1
            world.advance(1)
        used = {unit: (count - before[unit]) / hour.played_s for unit, count in asdict(world.cost).items()}
        rows = counted.writes / hour.played_s + used["alarms"]
        used["stream_messages"] = (_stream_messages(world) - streamed) / hour.played_s
        return used | {"rows": rows, "events": (events + broadcasts) / hour.played_s}


def _stream_messages(world: World) -> int:
    """Count what was received over streams in the current lives; an object that is busy has one."""
    return sum(one.life.instance._counters["stream_messages"] for one in world.actors if one.life is not None)


class Counting(Faults):
    """Counts the writes, none of which fails: each is of one row here, and so is each setting of the alarm."""

    def __init__(self) -> None:
        self.writes = 0

    def write(self, owner: Any, what: str) -> str | None:
        """Count a write."""
        self.writes += what.startswith(("INSERT", "UPDATE", "DELETE", "put ", "delete "))
        return super().write(owner, what)


def price(used: dict[str, float], placement: str) -> dict[str, float]:
    """Return the dollars of a month in which every second is like this one."""
    seconds = HOURS * 3600
    messages = used["frames"] + used["stream_messages"]
    requests = messages / 20 + used["rpcs"] + used["requests"] + used["alarms"]
    # A stream that is used keeps the engine actor awake, and the other one while it works.
    awake = used["events"] * EVENT_S[placement] + bool(used["stream_messages"])
    return {
        "requests": requests * seconds * REQUEST,
        "rows": used["rows"] * seconds * ROW_WRITTEN,
        "awake": awake * seconds * MEMORY_GB * GB_SECOND,
    }


def main() -> None:
    """Count and print."""
    print("| used in a month | placement | requests | rows written | awake | dollars |\n|---|---|---|---|---|---|")
    for hour in HOURS_OF_USE:
        for placement in EVENT_S:
            dollars = price(play(hour, placement), placement)
            parts = " | ".join(f"{one:.2f}" for one in dollars.values())
            print(f"| {hour.name} | {placement} | {parts} | {sum(dollars.values()):.2f} |", flush=True)


if __name__ == "__main__":
    main()
