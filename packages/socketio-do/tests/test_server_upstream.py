"""The adapter through which upstream's own tests see our classes: each thing it translates is translated."""

import asyncio
from typing import Any
from unittest import mock

import engineio
import pytest
import server_upstream
from server_upstream import UpstreamManager, UpstreamServer, check_call
from socketio import async_namespace, async_server
from socketio import packet as packets


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Upstream's mock of the engine, with our classes put in the place of upstream's."""
    server_upstream.install(monkeypatch)
    engine = mock.MagicMock()
    engine.generate_id.side_effect = [str(number) for number in range(1, 10)]
    engine.send = mock.AsyncMock()
    monkeypatch.setattr(engineio, "AsyncServer", mock.Mock(return_value=engine))
    return engine


def make_server(**options: Any) -> Any:
    make: Any = async_server.AsyncServer
    return make(**options)


def test_a_session_goes_its_way(engine: Any) -> None:
    sio = make_server()
    assert UpstreamServer in type(sio).__mro__
    seen: list[Any] = []
    for name in ("connect", "say", "disconnect"):
        sio.on(name, lambda *args: seen.append(args))

    async def play() -> None:
        await sio._handle_eio_connect("123", "a word")
        await sio._handle_eio_message("123", "0")
        await sio._handle_eio_message("123", '27["say","hi"]')
        assert sio.environ == {"123": "a word"}
        await sio._handle_eio_disconnect("123", "gone")

    asyncio.run(play())
    assert seen == [("1", "a word", None), ("1", "hi"), ("1", "gone")]
    assert [one.args for one in engine.send.await_args_list] == [("123", '0{"sid":"1"}'), ("123", "37[]")]
    assert sio.environ == {}


def test_a_client_that_is_closed_is_a_value_error(engine: Any) -> None:
    sio = make_server()
    with pytest.raises(ValueError, match="closed"):
        asyncio.run(sio._handle_eio_message("123", "9"))


def test_what_the_engine_refuses_is_refused_and_what_is_looked_at_is_the_mocks(engine: Any) -> None:
    sio = make_server()
    with pytest.raises(Exception, match="route"):
        sio.attach(None)
    sio.start_background_task("a target")
    engine.start_background_task.assert_called_once_with("a target")


def test_a_manager_shows_its_tables_as_upstreams_does(engine: Any) -> None:
    make: Any = UpstreamManager
    manager = make()
    server = mock.MagicMock(eio=engine, packet_class=packets.Packet, _send_eio_packet=mock.AsyncMock())

    async def play() -> None:
        manager.set_server(server)
        sid = await manager.connect("123", "/")
        number = manager._generate_ack_id(sid, print)
        assert manager.callbacks[sid][number].callback is print
        await manager.emit("x", b"1", "/")
        sent = [one.args for one in server._send_eio_packet.await_args_list]
        assert [(to, made.encode()) for to, made in sent] == [
            ("123", '451-["x",{"_placeholder":true,"num":0}]'),
            ("123", b"1"),
        ]
        manager.pre_disconnect(sid, "/")
        assert manager.pending_disconnect == {"/": [sid]}
        await manager.disconnect(sid, "/")
        assert (manager.callbacks, manager.pending_disconnect, dict(manager.rooms)) == ({}, {}, {})

    asyncio.run(play())


def test_a_namespace_on_a_mocked_server_is_dispatched_by_ours(engine: Any) -> None:
    seen: list[Any] = []

    class Chat(async_namespace.AsyncNamespace):
        def on_disconnect(self, sid: str) -> None:
            seen.append(sid)

    chat: Any = Chat("/chat")
    chat._set_server(mock.MagicMock(emit=mock.AsyncMock()))
    asyncio.run(chat.trigger_event("disconnect", "s", "a reason it does not take"))
    assert seen == ["s"]
    asyncio.run(chat.emit("x"))
    with pytest.raises(TypeError):
        asyncio.run(chat.server.emit("x", rooms="misspelt"))


def test_a_call_must_fit_our_servers_method() -> None:
    assert check_call("rooms", "s", namespace="/") is mock.DEFAULT
    with pytest.raises(TypeError):
        check_call("rooms")
