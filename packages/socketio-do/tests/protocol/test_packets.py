"""`decode` against the rules of socket.io-parser 4.2.7: every table here was also run through that parser."""

import json
from typing import Any

import pytest

from socketio_do.errors import PacketError
from socketio_do.protocol.packets import ClientPacket, PacketType, decode, reconstruct

DEEP = 100_000


def hole(number: Any) -> dict[str, Any]:
    return {"_placeholder": True, "num": number}


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("0", ClientPacket(type=PacketType.CONNECT)),
        ("0{}", ClientPacket(type=PacketType.CONNECT, data={})),
        ('0{"token":"x"}', ClientPacket(type=PacketType.CONNECT, data={"token": "x"})),
        ("0/", ClientPacket(type=PacketType.CONNECT)),
        ("0/,", ClientPacket(type=PacketType.CONNECT)),
        ("0/chat", ClientPacket(type=PacketType.CONNECT, namespace="/chat")),
        ("0/chat,", ClientPacket(type=PacketType.CONNECT, namespace="/chat")),
        ('0/chat,{"a":1}', ClientPacket(type=PacketType.CONNECT, namespace="/chat", data={"a": 1})),
        ("0/a/b c,", ClientPacket(type=PacketType.CONNECT, namespace="/a/b c")),
        ("0/ä\U0001f600,", ClientPacket(type=PacketType.CONNECT, namespace="/ä\U0001f600")),
        ("1", ClientPacket(type=PacketType.DISCONNECT)),
        ("1/chat,", ClientPacket(type=PacketType.DISCONNECT, namespace="/chat")),
        ('2["x"]', ClientPacket(type=PacketType.EVENT, data=["x"])),
        (
            '2["x",null,true,1.5,"é",{"a":[]}]',
            ClientPacket(type=PacketType.EVENT, data=["x", None, True, 1.5, "é", {"a": []}]),
        ),
        ('212["x"]', ClientPacket(type=PacketType.EVENT, id=12, data=["x"])),
        ('20["x"]', ClientPacket(type=PacketType.EVENT, id=0, data=["x"])),
        ('2007["x"]', ClientPacket(type=PacketType.EVENT, id=7, data=["x"])),
        ('2/chat,12["x"]', ClientPacket(type=PacketType.EVENT, namespace="/chat", id=12, data=["x"])),
        ("2[1]", ClientPacket(type=PacketType.EVENT, data=[1])),
        ("2[-1.5]", ClientPacket(type=PacketType.EVENT, data=[-1.5])),
        ('2[""]', ClientPacket(type=PacketType.EVENT, data=[""])),
        ('2["__proto__"]', ClientPacket(type=PacketType.EVENT, data=["__proto__"])),
        ('2["x\\ud800"]', ClientPacket(type=PacketType.EVENT, data=["x\ud800"])),
        ('2["x\\u0000"]', ClientPacket(type=PacketType.EVENT, data=["x\0"])),
        ('2["x",{"a":1,"a":2}]', ClientPacket(type=PacketType.EVENT, data=["x", {"a": 2}])),
        ('2["x",{"_placeholder":true,"num":0}]', ClientPacket(type=PacketType.EVENT, data=["x", hole(0)])),
        ("30[]", ClientPacket(type=PacketType.ACK, id=0, data=[])),
        ('3/chat,7[1,"a"]', ClientPacket(type=PacketType.ACK, namespace="/chat", id=7, data=[1, "a"])),
        (
            '51-["x",{"_placeholder":true,"num":0}]',
            ClientPacket(type=PacketType.BINARY_EVENT, data=["x", hole(0)], attachments=1),
        ),
        (
            '510-/chat,5["x"]',
            ClientPacket(type=PacketType.BINARY_EVENT, namespace="/chat", id=5, data=["x"], attachments=10),
        ),
        ('61-3["x"]', ClientPacket(type=PacketType.BINARY_ACK, id=3, data=["x"], attachments=1)),
    ],
)
def test_a_packet_is_read(text: str, packet: ClientPacket) -> None:
    assert decode(text) == packet


@pytest.mark.parametrize(
    "text",
    [
        *["x", "7", "8", "9", "-", "/"],
        "-1",
        '２["x"]',
        # the shape of each type
        '0"x"',
        "0[]",
        "0null",
        "01.5",
        "0{",
        "1{}",
        "1[]",
        "1null",
        '1""',
        "2{}",
        "2null",
        '2"x"',
        "2true",
        "2[]",
        "2[null]",
        "2[true]",
        "2[{}]",
        '2[["x"]]',
        "30{}",
        '30"x"',
        "30null",
        "4[]",
        # names that only the server raises
        '2["connect"]',
        '2["connect_error"]',
        '2["disconnect"]',
        '2["disconnecting"]',
        '2["newListener"]',
        '2["removeListener"]',
        '51-["disconnect"]',
        # what is not JSON
        '2["x"',
        '2["x"]junk',
        '2["x",]',
        "2['x']",
        '2["x",NaN]',
        "2[NaN]",
        '2["x",Infinity]',
        '2["x",-Infinity]',
        '2["x",01]',
        '2["x",+1]',
        '2["x",1.]',
        '2["x","a\nb"]',
        '2["x"]\x00',
        "2,[]",
        '2chat,["x"]',
        # attachments
        '5["x"]',
        '5-["x"]',
        '5x-["x"]',
        '5-1-["x"]',
        '51.5-["x"]',
        '511-["x"]',
        '5999-["x"]',
        '5999999999-["x"]',
        '51-{"x":1}',
        '61-{"x":1}',
        '61-5{"x":1}',
        '6["x"]',
        '21-["x"]',
        '31-["x"]',
        "01-{}",
        "11-",
    ],
)
def test_what_nodes_parser_refuses_is_refused(text: str) -> None:
    with pytest.raises(PacketError):
        decode(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(" 2", id="space first"),
        pytest.param("2", id="an event without data"),
        pytest.param("2/chat", id="an event without data in a namespace"),
        pytest.param("3", id="an ack without id and data"),
        pytest.param("31", id="an ack without data"),
        pytest.param("3[]", id="an ack without id"),
        pytest.param('61-["x"]', id="a binary ack without id"),
        pytest.param("4", id="a connect error without data"),
        pytest.param('4{"message":"x"}', id="a connect error"),
        pytest.param("2" + "9" * 17 + '["x"]', id="an ack id longer than any number"),
        pytest.param('29007199254740992["x"]', id="an ack id that JavaScript rounds"),
        pytest.param("2" + "9" * 400 + '["x"]', id="an ack id that is infinite in JavaScript"),
        pytest.param("2[" + "9" * 5000 + "]", id="a number of 5000 digits"),
        pytest.param('2["x",' + "[" * DEEP + "]" * DEEP + "]", id="nested deep"),
        pytest.param("0" + '{"a":' * DEEP + "1" + "}" * DEEP, id="auth nested deep"),
        pytest.param("0/" + "n" * 400 + ",", id="a long namespace"),
        pytest.param('2\ufeff["x"]', id="a byte order mark"),
        pytest.param("51e0-[1]", id="a count in another notation"),
    ],
)
def test_what_we_refuse_beyond_nodes_parser(text: str) -> None:
    """No client of this protocol sends them; the socket.io server itself closes the connection for a connect error."""
    with pytest.raises(PacketError):
        decode(text)


def test_the_query_is_no_part_of_a_namespaces_name() -> None:
    assert decode("0/chat?token=x,").namespace == "/chat"
    assert decode('2/chat?a=1?b=2,["x"]').namespace == "/chat"
    assert decode("0/?x").namespace == "/"


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_a_number_that_could_not_be_sent_on_is_refused(number: str) -> None:
    with pytest.raises(PacketError):
        decode(f'2["x",{number}]')


@pytest.mark.parametrize("kind", PacketType)
def test_events_and_acks_tell_what_they_are(kind: PacketType) -> None:
    packet = ClientPacket(type=kind)
    assert packet.is_event == kind.name.endswith("EVENT")
    assert packet.is_ack == kind.name.endswith("ACK")


def test_attachments_take_the_places_of_their_placeholders() -> None:
    data = ["x", hole(1), {"a": [hole(0)], "b": {"_placeholder": False, "num": 0}}]
    assert reconstruct(data, [b"0", b"1"]) == ["x", b"1", {"a": [b"0"], "b": {"_placeholder": False, "num": 0}}]


def test_an_attachment_used_twice_is_refused_since_an_answer_would_repeat_it() -> None:
    with pytest.raises(PacketError, match="attachments"):
        reconstruct(["x", hole(0), hole(0)], [b"0"])


@pytest.mark.parametrize("number", [-5, -1, 1, 2**70, "0", None, True, False, 0.5, [0], {}])
def test_a_placeholder_of_no_attachment_is_refused(number: Any) -> None:
    with pytest.raises(PacketError, match="attachments"):
        reconstruct(["x", hole(number)], [b"0"])


def test_a_placeholder_without_a_number_is_refused() -> None:
    with pytest.raises(PacketError):
        reconstruct(["x", {"_placeholder": True}], [b"0"])


@pytest.mark.parametrize("mark", [1, "true", None, [], {}])
def test_only_true_marks_a_placeholder(mark: Any) -> None:
    data = ["x", {"_placeholder": mark, "num": 0}]
    assert reconstruct(data, [b"0"]) == data


def test_data_nested_too_deep_to_walk_is_refused() -> None:
    data: list[Any] = ["x"]
    for _ in range(DEEP):
        data = [data]
    with pytest.raises(PacketError, match="deep"):
        reconstruct(data, [b"0"])


def test_reconstructing_leaves_the_packets_data_as_it_was() -> None:
    data = ["x", hole(0)]
    reconstruct(data, [b"0"])
    assert json.dumps(data) == '["x", {"_placeholder": true, "num": 0}]'


@pytest.mark.parametrize("text", ['50-["x"]', '500-["x"]', "60-3[]", '50-["x",{"_placeholder":true,"num":0}]'])
def test_a_binary_packet_has_attachments(text: str) -> None:
    with pytest.raises(PacketError):
        decode(text)


@pytest.mark.parametrize("text", ['2٣["x"]', '5٣-["x"]', '2१२["x"]', '2１["x"]'])
def test_only_ascii_digits_are_digits(text: str) -> None:
    with pytest.raises(PacketError):
        decode(text)
