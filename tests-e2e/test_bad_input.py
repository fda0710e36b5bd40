"""Handlers that raise, and clients that send what they should not: it costs them, and leaves nothing behind.

`test_engineio.py` and `test_protocol.py` have the frames that close a connection.
"""

import json
import re
import uuid
from typing import Any

import pytest
from clients.asking import PATH, node, python
from clients.polling import poll
from clients.python import Client
from clients.raw import RawSocket, connect
from conftest import Worker
from waiting import silence, until

#: workerd takes an object down after 10 s without an event.
ASLEEP_S = 11.5

ONE = '{"_placeholder":true,"num":0}'
HALF = (f'452-["plainly",{ONE},{{"_placeholder":true,"num":1}}]', b"the first of two")


async def is_well(client: Client) -> bool:
    return bool(await client.call("plainly", b"well") == ["a function", b"well"])


async def rows(worker: Worker, actor: str = "parity-socket") -> list[int]:
    found = await worker.probe(actor)
    return [found[table] for table in ("sessions", "sockets", "rooms")]


async def have_rows(worker: Worker, expected: list[int], actor: str = "parity-socket") -> None:
    async def are_as_expected() -> bool:
        return await rows(worker, actor) == expected

    await until(are_as_expected, f"the rows of all but {expected} are gone")


async def logged(worker: Worker, containing: str) -> list[str]:
    async def found() -> list[str]:
        return worker.log_lines(containing)

    lines: list[str] = await until(found, f"the log has {containing!r}")
    return lines


@pytest.mark.parametrize(
    ("event", "arguments", "kind", "calls"),
    [
        ("fail", ("LookupError",), "LookupError", 1),
        ("fail", ("TypeError",), "TypeError", 1),
        ("two", (), "TypeError", 0),
        ("two", (1, 2), "TypeError", 0),
    ],
)
async def test_a_handler_that_raises_is_called_once_logged_once_and_never_acknowledged(
    worker: Worker, event: str, arguments: tuple[Any, ...], kind: str, calls: int
) -> None:
    topic = uuid.uuid4().hex
    async with python(worker) as ann, python(worker) as bob:
        answers: list[Any] = []
        await ann.emit(event, (topic, *arguments), callback=lambda *answer: answers.append(answer))
        assert await is_well(ann)
        assert await is_well(bob)
        assert answers == []
        assert await bob.call("noted", topic) == [["called"]] * calls
        assert await bob.call("noted", f"errors {ann.get_sid()}") == [[kind, event, "/"]]
        where = f"handler of '{event}' raised, session {ann.eio.sid}, socket {ann.get_sid()}, /"
        assert len(await logged(worker, where)) == 1


async def test_a_flood_of_rooms_ends_at_the_limit_and_leaves_no_rows(worker: Worker) -> None:
    await have_rows(worker, [0, 0, 0])
    async with python(worker) as bob:
        async with python(worker) as ann:
            names = [f"room {number}" for number in range(1_000)]
            for _ in range(2):
                assert await ann.call("flood", names) == "in"
            assert await rows(worker) == [2, 2, 1_000]
            await ann.emit("flood", ["one more"])
            await ann.wait_gone()
        await have_rows(worker, [1, 1, 0])
        assert await is_well(bob)


async def test_acknowledgements_nobody_waits_for_are_ignored_and_each_answer_counts_once(worker: Worker) -> None:
    topic = uuid.uuid4().hex
    async with connect(worker.url, PATH) as raw, connect(worker.url, PATH) as other, python(worker) as bob:
        sid = (await raw.join())["sid"]
        await other.join()
        await bob.call("ask", (sid, topic))
        found = re.fullmatch(r'2(\d+)\["pay",.*', str(await raw.receive_message()))
        assert found
        number = int(found[1])
        for wrong in (0, 1, number + 1, 2**53 - 1):
            await raw.send(f'43{wrong}["wrong"]')
        await other.send(f'43{number}["not mine"]')
        for _ in range(3):
            await raw.send(f'43{number}["mine"]')
            await raw.send(f"461-{number}[{ONE}]")
            await raw.send(b"mine in binary")
        for client in (raw, other):
            await client.send('421["plainly"]')
            assert await client.receive_message() == '31[["a function"]]'
        assert await bob.call("noted", topic) == [["mine"]]


async def test_a_client_that_goes_in_the_middle_of_binary_leaves_nothing(worker: Worker) -> None:
    await have_rows(worker, [0, 0, 0])
    async with python(worker) as bob:
        async with connect(worker.url, PATH) as raw, poll(worker.url, PATH) as polling:
            await raw.join()
            await polling.send("40")
            await polling.receive()
            for frame in HALF:
                await raw.send(frame)
            await polling.send(*HALF)
            assert await rows(worker) == [3, 3, 0]
            await polling.send("1")
        await have_rows(worker, [1, 1, 0])
        assert await is_well(bob)


async def test_after_all_this_the_actor_sleeps_as_ever(worker: Worker) -> None:
    topic = uuid.uuid4().hex
    async with connect(worker.url, PATH) as quiet:
        await quiet.join()
        async with connect(worker.url, PATH) as bad:
            await bad.join()
            await bad.send(f'42["fail","{topic}","TypeError"]')
            await bad.send('43999["nobody asked"]')
            for frame in HALF:
                await bad.send(frame)
        await have_rows(worker, [1, 1, 0])
        before = await worker.probe("parity-socket")
        await silence(ASLEEP_S)
        assert (await worker.probe("parity-socket"))["life"] != before["life"]
        await quiet.send('421["plainly"]')
        assert await quiet.receive_message() == '31[["a function"]]'


async def test_as_many_namespaces_as_allowed_and_one_more(worker: Worker) -> None:
    actor = "features-socket"
    await have_rows(worker, [0, 0, 0], actor)
    async with connect(worker.url, "/features/") as bad:
        for number in range(64):
            await bad.join(f"/lesson-{number}")
        assert await rows(worker, actor) == [1, 64, 0]
        await bad.send("40/lesson-64,")
        assert (await bad.wait_closed()).code == 1011
    await have_rows(worker, [0, 0, 0], actor)


async def test_as_many_attachments_as_allowed_and_one_more(worker: Worker) -> None:
    async with node(worker, transports=["websocket"], reconnection=False) as (ann, _), python(worker) as bob:
        many = [bytes([number]) for number in range(10)]
        assert await ann.call("plainly", *many) == [["a function", *many]]
        await ann.emit("plainly", *many, b"one more")
        assert (await ann.next("disconnect"))["reason"] == "transport close"
        assert await is_well(bob)


async def test_as_many_waiting_events_as_allowed_and_one_more(worker: Worker) -> None:
    async def fill(bad: RawSocket, topic: str, number: int) -> None:
        await bad.join()
        await bad.send(f'42["hold","{topic}"]')
        for one in range(number):
            await bad.send(f'42{one}["plainly"]')

    topics = [uuid.uuid4().hex for _ in range(2)]
    async with connect(worker.url, PATH) as most, connect(worker.url, PATH) as bad, python(worker) as bob:
        await fill(most, topics[0], 1_000)
        await fill(bad, topics[1], 1_001)
        assert (await bad.wait_closed()).code == 1011
        assert await is_well(bob)
        for topic in topics:
            assert await bob.call("finish", topic) is True
        for one in range(1_000):
            assert await most.receive_message() == f'3{one}[["a function"]]'


async def test_as_many_unanswered_callbacks_as_allowed_and_one_more(worker: Worker) -> None:
    async with connect(worker.url, PATH) as silent, python(worker) as bob:
        sid = (await silent.join())["sid"]
        await bob.call("ask_often", (sid, 1_000))
        for number in range(1_000):
            assert json.loads("[" + str(await silent.receive_message()).partition("[")[2])[1] == number
        lost = f"socket {sid}: 1 callbacks are lost: it leaves too many unanswered"
        assert worker.log_lines(lost) == []
        await bob.call("ask_often", (sid, 1))
        assert len(await logged(worker, lost)) == 1
