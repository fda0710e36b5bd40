"""What revision 5 of the Socket.IO protocol demands, frame by frame.

All cases of the official test suite are here, or named in `packages/socketio-do/tests/requirements.toml` where they are.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from clients.asking import PATH
from clients.polling import poll
from clients.raw import RawSocket, connect
from conftest import Worker

CONFORMANCE = "EIO=4&transport=websocket&conformance"
#: Arguments, the last two of them in binary, and the frames behind them.
TWO = '[%s{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
BYTES = [b"\x01\x02\x03", b""]


@asynccontextmanager
async def joined(worker: Worker) -> AsyncIterator[RawSocket]:
    """Connect to the main namespace, and take its greeting."""
    async with connect(worker.url, PATH, CONFORMANCE) as client:
        await client.join()
        assert await client.receive_message() == '2["auth",{}]'
        yield client


async def send_binary(client: RawSocket, packet: str) -> None:
    await client.send(packet)
    for attachment in BYTES:
        await client.send(attachment)


@pytest.mark.parametrize("namespace", ["", "/custom,"])
@pytest.mark.parametrize("payload", ["", '{"token":"123"}'])
async def test_a_namespace_is_joined_with_or_without_a_payload(worker: Worker, namespace: str, payload: str) -> None:
    async with connect(worker.url, PATH, CONFORMANCE) as client:
        await client.send(f"40{namespace}{payload}")
        answer = str(await client.receive_message())
        assert answer.startswith(f"0{namespace}{{")
        joined = json.loads(answer.removeprefix(f"0{namespace}"))
        assert list(joined) == ["sid"]
        assert len(joined["sid"]) == 20
        assert joined["sid"] != client.open["sid"]
        assert await client.receive_message() == f'2{namespace}["auth",{payload or "{}"}]'


async def test_an_unknown_namespace_is_refused_with_an_object_and_others_may_be_joined(worker: Worker) -> None:
    async with connect(worker.url, PATH) as client:
        for form in ("40/random", "40/random,", '40/random,{"token":"123"}'):
            await client.send(form)
            assert await client.receive_message() == '4/random,{"message":"Invalid namespace"}'
        assert await client.join()


async def test_one_connection_is_in_several_namespaces_and_in_none_it_did_not_ask_for(worker: Worker) -> None:
    async with connect(worker.url, PATH) as client:
        sids = {(await client.join(namespace))["sid"] for namespace in ("/plain", "/class")}
        assert len(sids) == 2
        await client.send('42/plain,1["hello"]')
        assert await client.receive_message() == '3/plain,1[["any namespace","/plain"]]'
        await client.send('421["plainly"]')
        assert (await client.wait_closed()).code == 1011


async def test_leaving_the_main_namespace_leaves_the_connection_open(worker: Worker) -> None:
    async with connect(worker.url, "/fast/") as client:
        await client.join()
        await client.send("41")
        while (frame := await client.receive()) != "2":
            assert frame == "6"
        await client.send("3")
        await client.join()


async def test_leaving_a_namespace_leaves_the_others(worker: Worker) -> None:
    async with joined(worker) as client:
        await client.send("40/custom")
        assert str(await client.receive_message()).startswith('0/custom,{"sid":')
        assert await client.receive_message() == '2/custom,["auth",{}]'
        await client.send("41/custom")
        await client.send('42["message","to the main namespace"]')
        assert await client.receive_message() == '2["message-back","to the main namespace"]'
        await client.send('42/custom,1["tell","too late"]')
        assert (await client.wait_closed()).code == 1011


async def test_the_server_disconnects_by_a_packet_and_the_connection_stays(worker: Worker) -> None:
    async with joined(worker) as client:
        sid = (await client.join("/plain"))["sid"]
        await client.send(f'421["do","disconnect",{{"sid":"{sid}","namespace":"/plain"}}]')
        assert [await client.receive_message() for _ in range(2)] == ["1/plain,", "31[]"]
        assert (await client.join("/plain"))["sid"] != sid


@pytest.mark.parametrize("arguments", ['1,"2",{"3":[true]}', "null,1.5e3,[]", '"\\u00fc 🎈\\n"'])
async def test_text_is_sent_and_acknowledged_under_its_own_number(worker: Worker, arguments: str) -> None:
    async with joined(worker) as client:
        for number in ("0", "456", str(2**53 - 1)):
            await client.send(f'42{number}["message-with-ack",{arguments}]')
            answer = str(await client.receive_message())
            assert (answer[: len(number) + 1], json.loads(answer[len(number) + 1 :])) == (
                f"3{number}",
                json.loads(f"[{arguments}]"),
            )
        await client.send(f'42["message",{arguments}]')
        answer = str(await client.receive_message())
        assert (answer[0], json.loads(answer[1:])) == ("2", ["message-back", *json.loads(f"[{arguments}]")])


async def test_nothing_to_say_is_acknowledged_with_an_empty_list(worker: Worker) -> None:
    async with joined(worker) as client:
        await client.send('4212["message"]')
        assert [await client.receive_message() for _ in range(2)] == ['2["message-back"]', "312[]"]


async def test_binary_is_sent_in_frames_behind_its_packet(worker: Worker) -> None:
    async with joined(worker) as client:
        await send_binary(client, "452-" + TWO % '"message",')
        assert await client.receive_message() == "52-" + TWO % '"message-back",'
        assert [await client.receive_message() for _ in BYTES] == BYTES


async def test_binary_is_acknowledged_with_binary(worker: Worker) -> None:
    async with joined(worker) as client:
        await send_binary(client, "452-789" + TWO % '"message-with-ack",')
        assert await client.receive_message() == "62-789" + TWO % ""
        assert [await client.receive_message() for _ in BYTES] == BYTES


@pytest.mark.parametrize("binary", [False, True])
async def test_the_server_asks_and_the_client_acknowledges(worker: Worker, binary: bool) -> None:
    async with joined(worker) as client:
        sid = (await client.join("/class"))["sid"]
        arguments = {"event": "question", "data": ["q"], "to": sid}
        await client.send(f"42/class,7{json.dumps(['do', 'call', arguments])}")
        question = str(await client.receive_message())
        number = question.removeprefix("2/class,").removesuffix('["question",["q"]]')
        assert number.isdecimal()
        if binary:
            await send_binary(client, f"462-/class,{number}" + TWO % "")
            assert await client.receive_message() == "62-/class,7" + TWO % ""
            assert [await client.receive_message() for _ in BYTES] == BYTES
        else:
            await client.send(f'43/class,{number}["a",1]')
            assert await client.receive_message() == '3/class,7["a",1]'


@pytest.mark.parametrize(
    "frame",
    [
        "4abc",
        "42{}",
        "42[]",
        "42",
        '42abc["message-with-ack",1]',
        "43[]",
        "4312{}",
        "44{}",
        '42/custom,["message"]',
        '451-["message"',
    ],
)
async def test_what_has_no_valid_format_closes_the_connection(worker: Worker, frame: str) -> None:
    async with joined(worker) as client:
        await client.send(frame)
        assert (await client.wait_closed()).code == 1011


@pytest.mark.parametrize("frame", ["4abc", '42["message"]', "41", "430[]"])
async def test_what_comes_in_place_of_the_first_connect_closes_the_connection(worker: Worker, frame: str) -> None:
    async with connect(worker.url, PATH) as client:
        await client.send(frame)
        assert (await client.wait_closed()).code == 1011


async def test_the_sample_session_of_the_document(worker: Worker) -> None:
    async with poll(worker.url, PATH, "conformance") as client:
        await client.send("40")
        joined, greeting = await client.receive(2)
        assert (str(joined)[:9], greeting) == ('40{"sid":', '42["auth",{}]')
        await client.send('42["message","hello"]', '42["message","world"]')
        assert await client.receive(2) == ['42["message-back","hello"]', '42["message-back","world"]']
        async with client.probe() as ws:
            await ws.send("2probe")
            assert await ws.receive() == "3probe"
            await ws.send("5")
            await ws.send('42["message","moved"]')
            await ws.send("40/custom,")
            assert await ws.receive_message() == '2["message-back","moved"]'
            assert str(await ws.receive_message()).startswith('0/custom,{"sid":')
            assert await ws.receive_message() == '2/custom,["auth",{}]'
            await ws.send('42/custom,1["tell","me"]')
            assert await ws.receive_message() == '61-/custom,1[{"_placeholder":true,"num":0}]'
            assert await ws.receive_message() == b"me"
            await ws.send("1")
            assert (await ws.wait_closed()).code == 1000
