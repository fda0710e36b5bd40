"""Two releases in one deploy: version 2 exists only here, and differs from version 1 by its number and by a byte at the end."""

from types import ModuleType

import pytest
from wire_fakes import Pair

from shared_wire.errors import MalformedFrame
from shared_wire.format import codec, codec_v1
from shared_wire.format.frames import Frame, Refusal, Reply
from shared_wire.format.operations import EngineSid, MessageReceived, Operation, SendPackets

X = EngineSid("x")


def make_v2() -> ModuleType:
    """Make the module a second version would be."""
    module = ModuleType("_v2")

    def encode(frame: Frame) -> bytes:
        return b"\x02" + codec_v1.encode(frame)[1:] + b"!"

    def decode(data: bytes) -> Frame:
        if not data.endswith(b"!"):
            raise MalformedFrame("no mark at the end")
        return codec_v1.decode(b"\x01" + data[1:-1])

    vars(module).update(VERSION=2, encode=encode, decode=decode)
    return module


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The release that reads both versions and still writes the first: what goes out before one that writes the second."""
    module = make_v2()
    monkeypatch.setitem(codec.VERSIONS, 2, module)
    return module


@pytest.fixture
def pair() -> Pair:
    return Pair()


def echo(pair: Pair) -> None:
    """Let the application answer each message with itself."""

    def handler(_peer: str, operations: tuple[Operation, ...]) -> None:
        for operation in operations:
            if isinstance(operation, MessageReceived):
                pair.socket.driver.send("engine", SendPackets((operation.engine_sid,), (operation.packet,)))

    pair.socket.wire.handler = handler


def say(pair: Pair, text: str) -> None:
    pair.engine.driver.send("socket", MessageReceived(X, text))


def test_a_release_that_knows_version_2_talks_version_1_with_one_that_does_not(pair: Pair, both: ModuleType) -> None:
    echo(pair)
    say(pair, "hello")
    call = pair.engine.wire.journeys[0].data
    assert call[0] == 1
    del codec.VERSIONS[both.VERSION]
    pair.settle()
    assert pair.engine.wire.delivered == [SendPackets((X,), ("hello",))]


def test_a_release_that_knows_both_reads_both(pair: Pair, both: ModuleType) -> None:
    say(pair, "hello")
    frame = pair.engine.wire.journeys[0].frame
    assert codec.decode(both.encode(frame)) == codec.decode(codec_v1.encode(frame)) == frame


def test_a_version_nobody_told_us_of_is_refused_with_a_code_and_costs_its_own_sessions(pair: Pair) -> None:
    say(pair, "hello")
    refused = pair.socket.driver.answer(make_v2().encode(pair.engine.wire.journeys[0].frame))
    reply = codec.decode(refused)
    assert isinstance(reply, Reply)
    assert reply.refusal is Refusal.UNREADABLE
    assert b"version" not in refused
    pair.finish(pair.engine, refused)
    assert pair.engine.wire.lost == [X]
    assert pair.socket.wire.delivered == []
