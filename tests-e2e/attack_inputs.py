"""What `test_attacks.py` sends: inputs by the attack they are of, or by what is wrong with them."""

from clients.wire import FIN, PING, TEXT, frame

#: The placeholder of a packet's first attachment.
ONE = '{"_placeholder":true,"num":0}'

#: Messages after which a client that has joined is closed, by attack.
PACKETS: dict[str, list[list[str | bytes]]] = {
    "CVE-2020-36049": [["42" + "2" * 99_000]],
    "CVE-2022-2421": [
        [f'451-["echo",{{"_placeholder":true,"num":{number}}}]', b"world"]
        for number in ('"splice"', '"__proto__"', "true", "null", "1", "-1", "0.0")
    ],
    "CVE-2023-32695": [['42[{"toString":"foo"}]'], ["42[[]]"], ["42[null]"]],
    "CVE-2026-33151": [['4511-["echo"]'], ['45999-["echo"]'], ['45100000-["echo"]'], ['45-1-["echo"]']],
    "CVE-2026-69185": [['450-["echo"]', b"one"], ['460-1["echo"]', b"one"]],
    "socket.io-parser 2.2.3": [["45"], ["46"], ["45-"], ["45x"], ["451"]],
    "socketioxide#357": [["45"], ['45["echo"]']],
    "socketioxide#794": [["é"], ["€1"], [""], ["4"], ["4é"], ["42€"], ["42/€"], ["40€"], ["b€"], ["4\U0001f600"]],
    "socketioxide#801": [["40"], ['40{"user":"another"}']],
    "socketioxide#811": [[f'451-["echo",{ONE}]', '42["echo",1]'], [f'451-["echo",{ONE}]', "40/rooms,"]],
}

#: Bodies of revision 3 that are no payload: text, and binary.
BODIES: dict[str, list[str | bytes]] = {
    "engine.io-parser 1.0.8": ["1" * 400 + ":4", b"\x00" + b"\x09" * 400 + b"\xff4", b"\x00\x02\xff4\xc3"],
    "socketioxide#739": [
        "0:",
        ":",
        ":4",
        "1",
        "5:4ab",
        "2:4a0:",
        b"\x00\xff",
        b"\x00\x00\xff",
        b"\x01\x05\xff\x04a",
        b"\x00",
    ],
    "socketioxide#741": [
        "-1:4",
        "\u0663:4ab",
        "2:4\U0001f600",
        "99999999999999999999:4",
        b"\x00\xd0\xff4",
        b"\x02\x01\xff4",
    ],
}

#: Messages of a client of msgpack that are no packet.
MSGPACK = [
    b"",
    b"\xc1",
    b"\x81",
    b"\xdf\xff\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\x91" * 900,
    b"\xa2\xc3\x28",
    b"\x92\x01\x02",
    b"\x81\xa4type\xa12",
    b"\x83\xa4type\x02\xa3nsp\x07\xa4data\x91\xa1x",
    b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\xd4\x00\x00",
]

#: First frames that break the protocol of WebSockets.
FRAMES = {
    "RSV2 and RSV3": frame(FIN | 0x30 | TEXT, b"4x"),
    "RSV3": frame(FIN | 0x10 | TEXT, b"4x"),
    "RSV1, not negotiated": frame(FIN | 0x40 | TEXT, b"4x"),
    "opcode 3": frame(FIN | 3, b"4x"),
    "opcode 11": frame(FIN | 11, b"4x"),
    "ping in pieces": frame(PING, b"not whole"),
    "continuation of nothing": frame(FIN, b"4x"),
}

#: Headers of an upgrade request.
HEADERS = {
    "extension named like a property": ["Sec-WebSocket-Extensions: constructor"],
    "parameter of no extension": ["Sec-WebSocket-Extensions: ,;constructor"],
    "parameter named like a property": ["Sec-WebSocket-Extensions: permessage-deflate; __proto__"],
    "many spaces": ["Sec-WebSocket-Protocol: b" + " " * 12_000 + "x"],
    "not ASCII": ["Sec-WebSocket-Protocol: \u00e9\u20ac"],
}
