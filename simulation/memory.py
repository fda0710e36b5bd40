"""What an object may hold in memory when nothing is under way."""

from shared_wire import LinkDriver
from socketio_do import DurableServer
from socketio_do.state.membership import Membership

__all__ = ["check_caches", "check_link", "check_server"]


def check_caches(membership: Membership) -> None:
    """Check that what is cached is what the rows say, and that nothing is pending."""
    storage = membership.storage
    assert not membership.pending, "pending sockets are left"
    for engine_sid, session in membership._sessions.items():
        assert session.actor == storage.actor(engine_sid), engine_sid
        assert session.sockets == storage.sockets_of(engine_sid), engine_sid
    for socket_sid, found in membership._sockets.items():
        row = storage.socket(socket_sid)
        assert row is not None, socket_sid
        assert row[:3] == (found.engine_sid, found.namespace, found.actor), socket_sid
        assert not found.leaving, socket_sid
        assert membership._data._text(socket_sid) == row[3], socket_sid
    for namespace, members in membership._members.items():
        assert members == {sid: engine_sid for sid, engine_sid, _ in storage.members(namespace)}, namespace
    for (namespace, key), members in membership._rooms.items():
        assert members == {sid: engine_sid for sid, engine_sid, _ in storage.room_members(namespace, key)}, key
    for socket_sid, keys in membership._rooms_of.items():
        assert keys == {*storage.rooms_of(socket_sid, membership._sockets[socket_sid].namespace)}, socket_sid


def check_server(server: DurableServer) -> None:
    """Check that a server holds nothing in memory."""
    left = {
        name: getattr(server, name)
        for name in ("_fresh", "_expelled", "_ended", "_stuck", "_departed", "_joining", "_side_by_side")
    }
    assert not any(left.values()), f"the server still holds {left}"
    assert not server._backlog._held, "packets are held"
    assert not server._backlog._held_bytes.total, "bytes are counted for nobody"


def check_link(driver: LinkDriver, peer: str) -> None:
    """Check that a link waits for nothing, and keeps its object awake for nothing."""
    link = driver._link(peer)
    assert not link.must_remember, f"{driver}: keeps its object awake"
    # A call that was given up leaves its number, which is used when there is something to say.
    held = link.held is not None and link.held.operations
    left = (link.queue, link.early, held, link.call, link.unhandled_here)
    assert not any(left), f"{driver}: the link still holds {left}"
