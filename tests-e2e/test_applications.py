"""Applications written for python-socketio run here unchanged: clients see the same of them as on python-socketio's own server.

Each script is played on both, with real clients, and what each client saw must be equal; the important steps are compared with
explicit values too, so that both cannot be wrong together. Differences on purpose are data, with a reason, and both sides are
checked.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from clients.applications import Trace, noted, play_alike, play_both, serve
from clients.tape import NodeTape, PythonTape, Stage, stage
from conftest import Worker
from waiting import until

ANN = {"token": "t1"}
PHOTO = b"\x89PNG\x00\xff"


@pytest.fixture(scope="session")
def applications() -> Iterator[Worker]:
    with serve() as worker:
        yield worker


@pytest.mark.parametrize("kind", ["node", "python"])
async def test_tasks_begun_in_connect(applications: Worker, kind: str) -> None:
    async def script(where: Stage) -> None:
        come = where.node if kind == "node" else where.python
        await (await come("ann", auth={"greet": "last"})).until("event", "greeting", "in the background")
        await (await come("bob", auth={"banned": True})).until("disconnect")

    trace = await play_alike(applications, "background", script)
    assert trace["ann"] == [
        ("event", "clock", "started"),
        ("event", "greeting", "in the handler"),
        ("connect",),
        ("event", "greeting", "in the background"),
    ]
    reason = "io server disconnect" if kind == "node" else "server disconnect"
    assert trace["bob"] == [("event", "clock", "runs"), ("connect",), ("disconnect", reason)]


async def watch(where: Stage, name: str, **options: Any) -> None:
    """Come, look at the clock for three ticks, which follow each other: two clocks would show each number twice."""
    one = await where.node(name, **options)
    await one.until("connect")
    await one.call("watch")
    first, *others = await one.events("tick", 3)
    assert others == [first + 1, first + 2]


def without_ticks(trace: Trace) -> Trace:
    """Leave out how far the clock was."""
    return {name: [entry for entry in seen if entry[:2] != ("event", "tick")] for name, seen in trace.items()}


async def test_a_task_is_started_once(applications: Worker) -> None:
    async def script(where: Stage) -> None:
        await watch(where, "ann")
        await watch(where, "bob")

    stock, ours = map(without_ticks, await play_both(applications, "background", script))
    assert stock == ours
    assert [seen[0] for seen in ours.values()] == [("event", "clock", "started"), ("event", "clock", "runs")]


@pytest.mark.parametrize("end", ["evict", "kill"])
async def test_the_life_that_needs_a_task_starts_it_again(applications: Worker, end: str) -> None:
    """A task ends with the life of its object: the next client that comes starts it. An object sleeps when its tasks are over."""
    await applications.kill("background")
    async with stage(applications.url, "/background/") as where:
        await watch(where, "ann", auth={"ticks": 20})
        await where.people["ann"].until("event", "tick", 20)
        await until(lambda: ends(applications, end), "the life ends")
        await watch(where, "bob")
        await where.people["ann"].until("event", "tick", 3)  # it stayed connected, in its room
        trace = without_ticks(where.trace())
    assert trace["ann"] == trace["bob"] == [("event", "clock", "started"), ("connect",), ("ack", "watch")]


async def ends(worker: Worker, how: str) -> bool:
    """End the life of the clock; an object whose task has not returned yet cannot be evicted."""
    try:
        await getattr(worker, how)("background")
    except AssertionError:
        return False
    return True


NAMESPACES = ("/class", "/bare", "/bare-auth", "/wraps", "/rest")
#: What each namespace's handlers are given without `auth`, and with it, and what their `disconnect` handlers note.
GIVEN: dict[str, tuple[Any, Any]] = {
    "/class": (["environ", "GET"], ["environ", "GET"]),
    "/bare": (["environ", "GET"], ["environ", "GET"]),
    "/bare-auth": (["auth", None], ["auth", ANN]),
    "/wraps": (["user", "guest"], ["user", "ann"]),
    "/rest": ([[None], "GET"], [[ANN], "GET"]),
}
SAY = {"/class": ["said", "hi"], "/bare": "bare hi", "/wraps": "guest hi"}
LEFT = ["gone", "bare gone", ["bare gone", "client disconnect"], "wrapped gone", ["gone", "client disconnect"]]


async def visit(where: Stage, namespace: str, auth: Any) -> None:
    """Come to a namespace, say something where that is heard, and leave."""
    one = await where.node(namespace, namespace, **({"auth": auth} if auth else {}))
    await one.until("connect")
    if namespace in SAY:
        await one.call("say", "hi")
    await one.leave()


async def test_handlers_behind_decorators_and_an_own_trigger_event(applications: Worker) -> None:
    notes: list[list[Any]] = []

    async def script(where: Stage) -> None:
        for namespace in NAMESPACES:
            await visit(where, namespace, None)
        notes.append([note for note in await noted(where, LEFT[-1]) if note not in ("connect", "say", "disconnect")])

    trace = await play_alike(applications, "dispatch", script)
    assert notes == [LEFT, LEFT]
    for namespace in NAMESPACES:
        given, connected, *said, left = trace[namespace]
        assert [given, connected] == [("event", "given", GIVEN[namespace][0]), ("connect",)]
        assert said == ([("ack", "say", SAY[namespace])] if namespace in SAY else [])
        assert left == ("disconnect", "io client disconnect")


async def test_handlers_behind_decorators_get_auth(applications: Worker) -> None:
    """Those that do not take it are in the table of differences."""

    async def script(where: Stage) -> None:
        for namespace in NAMESPACES[2:]:
            await visit(where, namespace, ANN)

    trace = await play_alike(applications, "dispatch", script)
    for namespace in NAMESPACES[2:]:
        assert trace[namespace][:2] == [("event", "given", GIVEN[namespace][1]), ("connect",)]


@pytest.mark.parametrize(
    ("namespace", "note"),
    [("/faulty", ["say", 1]), ("/faulty", ["disconnect", 1]), ("/faulty-connect", ["connect", 1])],
)
async def test_a_handler_with_a_type_error_of_its_own_is_called_once(
    applications: Worker, namespace: str, note: list[Any]
) -> None:
    async def script(where: Stage) -> None:
        one = await where.python(namespace, namespace)
        if namespace == "/faulty":
            await one.until("connect")
            await one.emit("say", "hi")
            await noted(where, ["say", 1])
            await one.leave() if note[0] == "disconnect" else None
        if note[0] != "say":
            assert await noted(where, note) == [note]
        where.people.clear()

    assert await play_alike(applications, "dispatch", script) == {}


async def test_the_module_of_an_example_is_started_once_in_each_process(applications: Worker) -> None:
    """What python-socketio's example notes in a variable of its module outlives the actor here: see the README, "The actor"."""

    async def script(where: Stage) -> None:
        ann = await where.node("ann")
        await ann.until("event", "background task")

    found = [await play_both(applications, "module_level", script) for _ in range(2)]
    seen = [[trace["ann"][0][2] for trace in traces] for traces in found]
    assert [stock for stock, _ in seen] == ["started", "started"], "each server is a process of its own"
    assert seen[1][1] == "was there", "though the life that had it is over"


async def test_an_origin_is_allowed_or_refused(applications: Worker) -> None:
    async def script(where: Stage) -> None:
        for origin in ("https://app.example", "https://evil.example"):
            for transport in ("polling", "websocket"):
                name = f"{origin} {transport}"
                one = await where.node(name, transports=[transport], extraHeaders={"Origin": origin})
                if await one.until() == ("connect",):
                    await one.call("origin")

    trace = await play_alike(applications, "origins", script)
    for transport, error in {"polling": "xhr poll error", "websocket": "websocket error"}.items():
        allowed = [("connect",), ("ack", "origin", "https://app.example")]
        assert trace[f"https://app.example {transport}"] == allowed
        assert [entry[:2] for entry in trace[f"https://evil.example {transport}"]] == [("connect_error", error)]


async def open_auction(where: Stage) -> tuple[NodeTape, PythonTape]:
    """Let ann and bob in, who log in, and look at a lot; a wrong password is refused."""
    ann = await where.node(
        "ann", auth={"name": "ann", "password": "a"}, extraHeaders={"Origin": "https://auction.example"}
    )
    await ann.until("connect")
    eve = await where.node("eve", auth={"name": "eve", "password": "?"})
    await eve.until("connect_error")
    bob = await where.python("bob", auth={"name": "bob", "password": "b"}, Origin="https://www.auction.example")
    await bob.until("connect")
    for one in (ann, bob):
        await one.call("who_am_i")
        await one.call("look_at", "clock")
    return ann, bob


async def auction(where: Stage) -> None:
    """Bid, pay, ring, show somebody out, and read the book."""
    ann, bob = await open_auction(where)
    await ann.call("bid", "clock", 10)
    await bob.call("bid", "clock", 5)
    await bob.call("bid", "clock", 100)
    for one in (ann, bob):
        await one.until("event", "sold")
    guest = await where.python("guest")
    await guest.until("connect")
    await guest.call("bid", "clock", 200)
    staff = await where.node("staff", "/office", auth={"staff": "yes"})
    await staff.until("connect")
    await staff.call("photo", "clock", PHOTO)
    await staff.call("timings")
    for one in (ann, bob):
        await one.until("event", "photo")
        await one.call("pay", "clock")
    await leave_auction(ann, bob, guest, staff)


async def leave_auction(ann: NodeTape, bob: PythonTape, guest: PythonTape, staff: NodeTape) -> None:
    await ann.emit("ring")
    await ann.until("event", "bell")
    await ann.call("look_away", "clock")
    await bob.emit("close", "clock")
    await bob.until("event", "closing")
    await bob.call("show_out", guest.sid)
    await guest.until("disconnect")
    await staff.leave()
    await until(lambda: has_closed(ann), "the office is closed")
    ann.forget("ack", "book")
    await bob.leave()
    await ann.until("event", "left", "bob")
    await ann.call("book")


async def has_closed(ann: NodeTape) -> bool:
    return "the office is closed" in (await ann.call("book"))[0]


async def test_a_whole_application_with_all_of_it(applications: Worker) -> None:
    trace = await play_alike(applications, "whole", auction)
    assert trace["eve"] == [("connect_error", "wrong password", {"name": "eve", "tries": 1})]
    assert trace["guest"] == [
        ("event", "history", "clock", [["ann", 10], ["bob", 100]]),
        ("connect",),
        ("ack", "bid", {"error": "log in first"}),
        ("disconnect", "server disconnect"),
    ]
    assert trace["bob"] == BOB
    assert trace["staff"] == [
        ("connect",),
        ("ack", "photo", len(PHOTO)),
        ("ack", "timings", [["connect", True], ["photo", True]]),
        ("disconnect", "io client disconnect"),
    ]
    assert trace["ann"] == ANN_AT_THE_AUCTION


BOB = [
    ("connect",),
    ("ack", "who_am_i", {"name": "bob", "origin": "https://www.auction.example"}),
    ("ack", "look_at", "clock", 2),
    ("event", "bid", {"lot": "clock", "by": "ann", "price": 10}),
    ("ack", "bid", {"error": "too low", "best": ["ann", 10]}),
    ("ack", "bid", {"ok": True}),
    ("event", "sold", {"lot": "clock", "to": "bob", "for": 100}),
    ("event", "came", "a guest"),
    ("event", "photo", {"lot": "clock", "photo": PHOTO}),
    ("event", "question", "pay for clock?"),
    ("ack", "pay", "asked", ["pay for clock?", "answered"]),
    ("event", "closing", "clock"),
    ("event", "left", "a guest"),
    ("ack", "show_out", "shown out"),
    ("disconnect", "client disconnect"),
]
BOOK = [
    ["paid", "ann", "clock"],
    ["paid", "bob", "clock"],
    ["heard", "ann"],
    ["gone", None, "server disconnect", 1],
    "the office is closed",
    ["gone", "bob", "transport close", 1],
]
ANN_AT_THE_AUCTION = [
    ("connect",),
    ("event", "came", "bob"),
    ("ack", "who_am_i", {"name": "ann", "origin": "https://auction.example"}),
    ("ack", "look_at", "clock", 2),
    ("ack", "bid", {"ok": True}),
    ("event", "bid", {"lot": "clock", "by": "bob", "price": 100}),
    ("event", "sold", {"lot": "clock", "to": "bob", "for": 100}),
    ("event", "came", "a guest"),
    ("event", "photo", {"lot": "clock", "photo": PHOTO}),
    ("event", "question", "pay for clock?"),
    ("ack", "pay", "asked", "pay for clock?"),
    ("event", "bell", "ann"),
    ("ack", "look_away"),
    ("event", "left", "a guest"),
    ("event", "left", "bob"),
    ("ack", "book", BOOK),
]
