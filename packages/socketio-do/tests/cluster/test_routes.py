import re

import pytest
from socketio.packet import Packet

from socketio_do.cluster.routes import NamespaceRoutes
from socketio_do.errors import ConfigError
from socketio_do.limits import MAX_ATTACHMENTS, MAX_NAMESPACE
from socketio_do.protocol.msgpack_codec import pack

ROUTES = NamespaceRoutes({"/admin": "admin", re.compile(r"/board-\w+"): "boards"}, default="chat")


def route(*packets: str | bytes, routes: NamespaceRoutes = ROUTES) -> list[str]:
    """Name the actors of one client's messages."""
    state, actors = "", []
    for packet in packets:
        state, actor = routes(state, packet)
        actors.append(actor)
    return actors


@pytest.mark.parametrize(
    ("packet", "actor"),
    [
        ("0", "chat"),
        ('2["hi"]', "chat"),
        ("0/admin,", "admin"),
        ('0/admin,{"token":"x"}', "admin"),
        ('2/admin,12["hi"]', "admin"),
        ("1/admin,", "admin"),
        ("3/admin,7[]", "admin"),
        ("0/admin?token=x,", "admin"),
        ("0/admin", "admin"),
        ("0/administrators,", "chat"),
        ("0/board-42,", "boards"),
        ("0/board-42/x,", "chat"),
        ('2["/admin,"]', "chat"),
    ],
)
def test_a_packet_goes_where_its_namespace_is_served(packet: str, actor: str) -> None:
    assert ROUTES("", packet) == ("", actor)


@pytest.mark.parametrize(
    "packet", ["", "9", "x/admin,", b"", b"\x00", "\x00", "0٣-/admin,", "52-", "5-/admin,[]", "0-/admin"]
)
def test_whatever_a_client_sends_has_an_actor(packet: str | bytes) -> None:
    assert route(packet) in (["chat"], ["admin"])


def test_attachments_follow_their_packet() -> None:
    assert route('52-/admin,["file",{}]', b"1", b"2", b"3", "0") == ["admin", "admin", "admin", "chat", "chat"]
    assert route("61-7[{}]", b"1", '51-/board-1,["x",{}]', b"2") == ["chat", "chat", "boards", "boards"]


def test_a_text_in_place_of_an_attachment_goes_to_the_actor_that_will_refuse_it() -> None:
    assert route('52-/admin,["file",{}]', b"1", '2["hi"]', '2["hi"]') == ["admin", "admin", "admin", "chat"]


@pytest.mark.parametrize("count", [0, MAX_ATTACHMENTS + 1, 999])
def test_attachments_that_will_be_refused_are_not_waited_for(count: int) -> None:
    assert ROUTES("", f'5{count}-/admin,["file"]') == ("", "admin")


def test_a_function_may_choose() -> None:
    spread = NamespaceRoutes(lambda namespace: f"part-{len(namespace) % 2}")
    assert route("0", "0/a,", "0/ab,", '51-/a,["x"]', b"1", b"stray", routes=spread) == [
        *("part-1", "part-0", "part-1", "part-0", "part-0"),
        "main",
    ]


def test_packets_of_another_serializer_are_read_by_it() -> None:
    msgpack = NamespaceRoutes({"/admin": "admin"}, serializer="msgpack")
    event = {"type": 2, "nsp": "/admin", "data": ["file", b"bytes"]}
    assert msgpack("", pack(event)) == ("", "admin")
    assert msgpack("", pack(event | {"nsp": "/"})) == ("", "main")
    for no_packet in (b"", b"\xc1", "0/admin,", pack({"type": 9, "nsp": "/admin"})):
        assert msgpack("", no_packet) == ("", "main")
    own = NamespaceRoutes({"/admin": "admin"}, serializer=type("Own", (Packet,), {}))
    assert route('51-/admin,["file",{"_placeholder":true,"num":0}]', b"1", "0", routes=own) == [
        "admin",
        "admin",
        "main",
    ]
    with pytest.raises(ConfigError, match="serializer is 'pickle'"):
        NamespaceRoutes({}, serializer="pickle")


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        (None, "routes are"),
        ([("/admin", "admin")], "routes are"),
        ({"admin": "admin"}, "begins with a slash"),
        ({1: "admin"}, "begins with a slash"),
        ({"/admin": ""}, "leads to the name"),
        ({"/admin": 5}, "leads to the name"),
        ({"/admin": "admin board"}, "leads to the name"),
    ],
)
def test_what_is_no_route_is_refused(routes: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        NamespaceRoutes(routes)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="default leads to the name"):
        NamespaceRoutes({}, default="")


def test_a_namespace_that_will_be_refused_for_its_length_is_no_business_of_functions() -> None:
    asked: list[str] = []

    def choose(namespace: str) -> str:
        asked.append(namespace)
        return "part"

    routes = NamespaceRoutes(choose)
    assert routes("", f"0/{'n' * MAX_NAMESPACE},") == ("", "main")
    assert routes("", f"0/{'n' * (MAX_NAMESPACE - 1)},") == ("", "part")
    assert len(asked) == 1
