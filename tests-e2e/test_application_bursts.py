"""Applications that send thousands of events in one go, on python-socketio's own server and here: all arrive, in order."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from clients.applications import play_alike, play_both, serve
from clients.tape import Stage
from conftest import Worker


@pytest.fixture(scope="session")
def applications() -> Iterator[Worker]:
    with serve() as worker:
        yield worker


@pytest.mark.parametrize(
    ("event", "count", "options"),
    [
        ("prices", 20_000, {"transports": ["websocket"]}),
        ("prices", 20_000, {"transports": ["polling"]}),
        ("prices", 20_000, {}),
        ("prices with pauses", 2_000, {"transports": ["websocket"]}),
    ],
    ids=["websocket", "polling", "while it upgrades", "with pauses"],
)
async def test_thousands_of_events_of_one_handler_arrive_in_order(
    applications: Worker, event: str, count: int, options: dict[str, Any]
) -> None:
    async def script(where: Stage) -> None:
        ann, bob = await where.node("ann", **options), await where.python("bob")
        for one in (ann, bob):
            await one.until("connect")
        await ann.call(event, count)
        await bob.until("event", "sold out")

    trace = await play_alike(applications, "burst", script)
    assert trace["ann"] == [
        ("connect",),
        *(("event", "price", number) for number in range(count)),
        ("event", "sold out", count),
        ("ack", event, "all sent"),
    ]
    assert trace["bob"] == [("connect",), ("event", "sold out", count)]


async def test_a_loop_that_gives_way_lets_others_in(applications: Worker) -> None:
    """On both, what another client asks for meanwhile is answered before the loop has ended."""

    async def script(where: Stage) -> None:
        ann, bob = await where.node("ann", transports=["websocket"]), await where.python("bob")
        for one in (ann, bob):
            await one.until("connect")
        await ann.emit("prices with pauses", 5_000)
        await ann.until("event", "price", 0)
        await bob.call("prices", 1)
        await bob.until("event", "sold out", 5_000)

    for trace in await play_both(applications, "burst", script):
        assert trace["bob"] == [
            ("connect",),
            ("event", "price", 0),
            ("event", "sold out", 1),
            ("ack", "prices", "all sent"),
            ("event", "sold out", 5_000),
        ]


@pytest.mark.parametrize("history", ["book", "pages", "lines"])
async def test_history_sent_in_connect_comes_before_it(applications: Worker, history: str) -> None:
    async def read(where: Stage, name: str, **options: Any) -> None:
        one = await where.node(name, auth={"history": history}, **options)
        await one.until("connect")
        await one.call("read")

    async def script(where: Stage) -> None:
        await asyncio.gather(
            read(where, "polls", transports=["polling"]),
            read(where, "upgrades"),
            read(where, "websocket", transports=["websocket"]),
        )

    trace = await play_alike(applications, "history", script)
    wanted = {"book": ["x" * 2_000_000], "pages": range(20), "lines": range(5_100)}[history]
    event = history.removesuffix("s")
    for seen in trace.values():
        assert [entry[:3] for entry in seen[:-2]] == [("event", event, first) for first in wanted]
        assert seen[-2:] == [("connect",), ("ack", "read", "well read")]
