"""`socketio_do.testing` with an application that is no project: both transports, namespaces, coroutines, what handlers raise."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from engine_do import EngineConfig
from socketio_do.testing import Client, Refused, World


class OopsError(Exception):
    """A handler's own fault."""


def configure(sio: Any) -> None:
    """Register an application's handlers."""

    async def connect(sid: str, environ: Any, auth: Any) -> Any:
        return auth != {"nick": "stranger"}

    async def echo(sid: str, *args: Any) -> Any:
        return args

    async def slow(sid: str, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    async def fail(sid: str) -> None:
        raise OopsError("the disk is full")

    async def say(sid: str, text: Any) -> None:
        await sio.emit("said", text, skip_sid=sid)

    async def rules(sid: str) -> str:
        return "none"

    for handler in (connect, echo, slow, fail, say):
        sio.on(handler.__name__, handler)
    sio.on("connect", lambda sid, environ, auth: auth == {"nick": "admin"}, namespace="/admin")
    sio.on("rules", rules, namespace="/admin")


@pytest.fixture
def app() -> Iterator[World]:
    with World.of(configure, is_split=True) as made:
        yield made


@pytest.fixture(params=["websocket", "polling"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_both_transports_carry_events_acknowledgements_and_binary(app: World, transport: str) -> None:
    ann, bob = app.client(transport=transport), app.client(transport=transport)
    assert ann.call("echo", 1, "two", {"three": b"\x00\xff"}) == [1, "two", {"three": b"\x00\xff"}]
    ann.emit("say", b"bytes")
    assert bob.received("said") == [b"bytes"]
    assert ann.received("said") == []
    bob.forget()
    assert bob.received("said") == []


def test_clients_of_both_transports_survive_sleep_or_are_told(app: World, transport: str) -> None:
    ann = app.client(transport=transport)
    app.advance(3_600)
    assert ann.call("echo", 1) == 1
    assert ann.disconnected is None


def test_several_namespaces_share_a_connection(app: World, transport: str) -> None:
    ann = app.client(transport=transport)
    admin = ann.connect("/admin", auth={"nick": "admin"})
    assert admin.call("rules") == "none"
    with pytest.raises(Refused):
        app.client().connect("/admin", auth={"nick": "nobody"})
    ann.drop()
    assert (ann.disconnected, admin.disconnected) == ("transport close", "transport close")


def test_who_is_refused_learns_why(app: World, transport: str) -> None:
    with pytest.raises(Refused) as refused:
        app.client(auth={"nick": "stranger"}, transport=transport)
    assert refused.value.data == {"message": "Connection rejected by server"}
    with pytest.raises(ConnectionRefusedError, match="404"):
        app.client(path="/elsewhere/", transport=transport)


def test_clients_leave_in_every_way(app: World, transport: str) -> None:
    leaving: list[Client] = [app.client(transport=transport) for _ in range(3)]
    leaving[0].disconnect()
    leaving[1].drop()
    app.offline(leaving[2])
    app.advance(200)
    assert app.fetch("/socket.io/?EIO=4&transport=polling").status == 200
    rows = app.actor("SOCKET", "main").storage.sql.exec("SELECT count(*) FROM sio_sockets").raw()
    assert rows == [[0]]


def test_coroutines_wait_side_by_side(app: World) -> None:
    ann, bob = app.client(), app.client()

    async def story() -> Any:
        await bob.aemit("say", "meanwhile")
        return await asyncio.gather(ann.acall("slow", 3), bob.acall("slow", 2))

    began_s = app.loop.time()
    assert app.run(story()) == [3, 2]
    assert app.loop.time() - began_s == pytest.approx(3, abs=0.1)
    assert ann.received("said") == ["meanwhile"]
    with pytest.raises(TimeoutError, match="slow is not acknowledged: 1 s have passed"):
        app.run(ann.acall("slow", 5, timeout=1))


def test_what_a_handler_raises_is_raised_in_the_test(app: World) -> None:
    ann = app.client()
    with pytest.raises(OopsError, match="the disk is full") as raised:
        ann.emit("fail")
    assert "handler of 'fail' raised" in raised.value.__notes__[0]
    app.raises_errors = False
    ann.emit("fail")
    assert [type(one) for one in app.errors] == [OopsError]
    app.errors.clear()


def test_what_nobody_has_seen_is_raised_at_the_end() -> None:
    app = World.of(configure)
    app.raises_errors = False
    app.client().emit("fail")
    app.raises_errors = True
    with pytest.raises(OopsError):
        app.close()


def test_a_configuration_and_options_are_the_worlds_own() -> None:
    config = EngineConfig(path="/chat/", transports=["polling"])
    with World.of(configure, config=config, serializer="msgpack") as app:
        with pytest.raises(ConnectionRefusedError):
            app.client(path="/chat/")
        assert app.fetch("/chat/?EIO=4&transport=polling").status == 200


def test_an_object_is_reset_by_its_class(app: World) -> None:
    ann = app.client()
    app.reset("Socket")
    assert ann.call("echo", 1) == 1
    app.reset("Engine")
    assert ann.disconnected == "transport close"


def test_a_disconnect_handler_ends_and_is_heard_of_though_its_client_is_given_up() -> None:
    ended: list[str] = []

    def take_leave_slowly(sio: Any) -> None:
        async def leave(sid: str) -> None:
            await sio.disconnect(sid)

        async def disconnect(sid: str, reason: str) -> None:
            await asyncio.sleep(5)
            ended.append(sid)
            raise OopsError("the disk is full")

        sio.on("leave", leave)
        sio.on("disconnect", disconnect)

    with World.of(take_leave_slowly) as app:
        app.raises_errors = False
        ann = app.client()
        ann.emit("leave")
        for _ in range(9):
            ann.emit("upload", "x" * 900_000)
        assert [str(one) for one in app.errors] == []
        app.advance(6)
        assert ended == [ann.sid]
        assert [str(one) for one in app.errors] == ["the disk is full"]
        assert "nobody waited for" in app.errors[0].__notes__[0]
        app.errors.clear()


def test_what_is_to_be_reset_must_exist(app: World) -> None:
    with pytest.raises(ValueError, match="'Sockets' is none of"):
        app.reset("Sockets")
