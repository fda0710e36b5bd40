"""A session that polls moves to a WebSocket. https://socket.io/docs/v4/engine-io-protocol/#upgrade"""

import os

from clients.engine_node import engine_swarm
from clients.polling import poll
from clients.raw import RawSocket, handshake
from conftest import EngineWorker
from waiting import silence

ENGINE = "ENGINE/e0"
#: How often fifty clients connect and move; the long form, in `nox -s soak`, makes a thousand upgrades.
MOVES = 20 if float(os.environ.get("E2E_FAULT_SECONDS", "20")) > 60 else 1


async def _move(ws: RawSocket) -> None:
    await ws.send("2probe")
    assert await ws.receive() == "3probe"
    await ws.send("5")


async def test_a_session_moves_and_goes_on(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client, client.probe() as ws:
        await client.send("4keep:this", "4transport:")
        assert await client.receive() == ["4polling"]
        await _move(ws)
        await ws.send("4kept:")
        await ws.send("4transport:")
        await ws.send(b"\x00\xff")
        assert [await ws.receive() for _ in range(3)] == ['4{"kept": "this"}', "4websocket", b"\x00\xff"]
        await ws.send("1")
        assert (await ws.wait_closed()).code == 1000
        assert await engine_worker.ended(ENGINE, client.sid) == ["client disconnect"]


async def test_the_probe_frees_the_held_get(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client, client.probe() as ws:
        held = client.hold()
        await silence(0.3)
        assert not held.done()
        await ws.send("2probe")
        assert await ws.receive() == "3probe"
        assert (await held).frames == ["6"]
        # Clients that poll once more before they stop are freed too.
        assert (await client.get()).frames == ["6"]
        await ws.send("5")
        await ws.send("4well")
        assert await ws.receive() == "4well"


async def test_what_waits_is_delivered_on_the_websocket_in_order(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client, client.probe() as ws:
        await client.send("4many:3")
        await ws.send("2probe")
        assert await ws.receive() == "3probe"
        await client.send("4a", b"b")
        await ws.send("5")
        await ws.send("4c")
        assert [await ws.receive() for _ in range(6)] == ["40", "41", "42", "4a", b"b", "4c"]


async def test_what_a_get_took_does_not_come_again(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client, client.probe() as ws:
        await client.send("4many:20")
        await ws.send("2probe")
        assert await ws.receive() == "3probe"
        first = (await client.get()).frames
        await ws.send("5")
        rest = [await ws.receive() for _ in range(20 - len(first))]
        assert first + rest == [f"4{number}" for number in range(20)]
        await ws.send("4end")
        assert await ws.receive() == "4end"


async def test_a_wrong_probe_is_closed_and_polling_goes_on(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        for frames in (["2"], ["2probe", "2probe"], ["4hello"], ["5"], [b"probe"], ["2probe", "4hello"]):
            async with client.probe() as ws:
                for frame in frames:
                    await ws.send(frame)
                assert (await ws.wait_closed()).code == 1000, frames
        await client.send("4still polling")
        assert await client.receive() == ["4still polling"]
        assert await engine_worker.seen(ENGINE, client.sid) == ["connect"]


async def test_a_probe_that_goes_away_leaves_polling_and_another_may_come(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client:
        async with client.probe() as ws:
            await ws.send("2probe")
            assert await ws.receive() == "3probe"
        await client.send("4polling")
        assert await client.receive() == ["4polling"]
        async with client.probe() as ws:
            await _move(ws)
            await ws.send("4moved")
            assert await ws.receive() == "4moved"


async def test_an_upgrade_that_is_not_completed_in_time_is_closed(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, "/fast/") as client, client.probe() as ws:
        await ws.send("2probe")
        assert await ws.receive() == "3probe"
        while "2" not in (await client.get()).frames:
            pass
        await client.send("3")
        assert (await ws.wait_closed()).code == 1000
        await client.send("4still polling")
        assert await client.receive() == ["4still polling"]
        assert await engine_worker.seen("FAST/e0", client.sid) == ["connect"]


async def test_a_second_upgrade_is_refused_and_does_not_disturb_the_first(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client, client.probe() as ws:
        target = f"/engine.io/?EIO=4&transport=websocket&sid={client.sid}"
        status, body = await handshake(engine_worker.url, target)
        assert (status, '"code":3' in body) == (400, True)
        await _move(ws)
        await ws.send("4moved")
        assert await ws.receive() == "4moved"
        status, body = await handshake(engine_worker.url, target)
        assert (status, '"code":3' in body) == (400, True)


async def test_a_session_that_moved_is_not_polled_any_more(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client, client.probe() as ws:
        await _move(ws)
        await ws.send("4moved")
        assert await ws.receive() == "4moved"
        assert (await client.get()).error == (400, 3)
        assert (await client.post("4behind its back")).error == (400, 3)
        await ws.send("4still here")
        assert await ws.receive() == "4still here"


async def test_a_session_that_ends_while_it_moves_takes_the_probe_with_it(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url) as client, client.probe() as ws:
        await ws.send("2probe")
        assert await ws.receive() == "3probe"
        await client.send("1")
        assert (await ws.wait_closed()).code == 1000
        assert await engine_worker.ended(ENGINE, client.sid) == ["client disconnect"]


async def test_a_moved_session_is_pinged_and_its_loss_is_told_once(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, "/fast/") as client:
        async with client.probe() as ws:
            await _move(ws)
            for _ in range(6):
                while await ws.receive() != "2":
                    pass
                await ws.send("3")
        assert await engine_worker.ended("FAST/e0", client.sid) == ["transport close"]


async def test_fifty_clients_move_while_messages_flow_both_ways(engine_worker: EngineWorker) -> None:
    for _ in range(MOVES):
        async with engine_swarm(engine_worker.url, "/engine.io/", clients=50, messages=40) as swarm:
            found = await swarm.round()
            assert found["faults"] == []
            assert (found["upgraded"], found["answered"]) == (50, 2_000)
    assert not [what for what in await engine_worker.seen(ENGINE) if what.startswith("gap")]


async def test_clients_that_moved_go_on_after_sleep_and_after_eviction(own_engine_worker: EngineWorker) -> None:
    async with engine_swarm(own_engine_worker.url, "/engine.io/", clients=10, messages=10) as swarm:
        lives = []
        for sleep in (True, False, False):
            found = await swarm.round()
            assert found["faults"] == []
            lives.append((await own_engine_worker.probe(ENGINE))["life"])
            if sleep:
                # The alarm of an upgrade that might not have been completed comes once, and keeps the object awake for longer.
                await silence(16)
            else:
                await own_engine_worker.ask("evict", ENGINE)
        assert (await swarm.round())["faults"] == []
        assert len({*lives, (await own_engine_worker.probe(ENGINE))["life"]}) == 4
    assert not [what for what in await own_engine_worker.seen(ENGINE) if what.startswith("gap")]
