"""Inputs made by rules: JSON, Socket.IO packets as text and in msgpack, payloads, records, requests, and sequences of events."""

import struct
from collections.abc import Callable
from random import Random
from typing import Final

__all__ = [
    "any_command",
    "any_json",
    "any_msgpack",
    "any_msgpack_packet",
    "any_packet",
    "any_payload",
    "any_polling_record",
    "any_record",
    "any_request",
    "any_sequence",
]

#: Characters after which an input ends as soon as it can.
_ENOUGH: Final = 120

_SCALARS: Final = (
    *("0", "-1", "12", "1.5", "-0.0", "1e3", "9007199254740993", "1" * 30, "null", "true", "false"),
    *('""', '"a"', '"b c"', '"\\u20ac"', '"\\ud83d\\ude00"', '"\\ud800"', '"[{"', '"\\\\"', '"\\""', '"é€"'),
    *('{"_placeholder":true,"num":0}', '{"_placeholder":true,"num":1}', '{"_placeholder":1}', '{"_placeholder":[1]}'),
)
_KEYS: Final = ('"a"', '"b"', '"num"', '"_placeholder"', '"\\u0061"', '""', '"__proto__"', '"\\ud800"', '"k\\n"')
_SPACES: Final = ("", "", "", "", "", "", " ", "\n\t")
_EVENTS: Final = ('"message"', '"a"', '"connect"', "5", '""', "null", "true", '"\\u20ac"')
_NAMESPACES: Final = (
    "",
    "",
    "",
    "/,",
    "/admin,",
    "/a?b=1,",
    "/é,",
    "/" + "n" * 255 + ",",
    "/" + "n" * 256 + ",",
    "/admin",
)


def _choose(items: tuple[str, ...], chance: Random) -> str:
    return items[int(chance.random() * len(items))]


def any_json(chance: Random) -> str:
    """Make a JSON text: small and wide, or deep."""
    if chance.random() < 0.1:
        return _deep(chance)
    out: list[str] = []
    _write_json(chance, out, 0)
    return "".join(out)


def _write_json(chance: Random, out: list[str], depth: int) -> None:
    kind = chance.random()
    if kind < 0.45 + 0.1 * depth or len(out) > _ENOUGH:
        out.append(_choose(_SCALARS, chance))
        return
    count, is_list = int(4 * chance.random() * chance.random() + 0.7), kind > 0.75
    out.append("[" if is_list else "{")
    for at in range(count):
        out.append("," * (at > 0) + _choose(_SPACES, chance))
        if not is_list:
            out.append(_choose(_KEYS, chance) + ":")
        _write_json(chance, out, depth + 1)
    out.append("]" if is_list else "}")


def _deep(chance: Random) -> str:
    """Nest around the limits, and far beyond them."""
    depth = (3, 99, 100, 101, 102, 300, 2_000)[int(7 * chance.random())] + int(4 * chance.random()) - 2
    opened, closed = (("[", "]"), ('{"a":', "}"), ('[{"":', "}]"), ("[[],", "]"))[int(4 * chance.random())]
    if len(opened) > 4:
        depth //= 2
    return opened * depth + _choose(_SCALARS, chance) + closed * (depth if chance.random() < 0.8 else depth // 2)


def any_packet(chance: Random) -> str:
    """Make a packet of a client as text."""
    kind = "0123456"[int(7 * chance.random())] if chance.random() < 0.6 else "2"
    attachments = f"{int(4 * chance.random())}-" if kind in "56" else ""
    number = str(int(10 ** (17 * chance.random()))) if chance.random() < 0.3 else ""
    if kind in "25":
        data = (
            "["
            + ",".join([_choose(_EVENTS, chance), *(any_json(chance) for _ in range(int(3 * chance.random())))])
            + "]"
        )
    else:
        data = any_json(chance) if chance.random() < 0.7 else ""
    return kind + attachments + _choose(_NAMESPACES, chance) + number + data


def any_command(chance: Random) -> str:
    """Make a command of an Emitter."""
    name = _choose(("emit", "emit_with_ack", "call", "disconnect", "rooms", "room_size", "nothing"), chance)
    arguments = ",".join(
        f'"{_choose(("event", "data", "room", "to", "sid", "namespace", "other"), chance)}":{_any_written(chance, 0)}'
        for _ in range(int(4 * chance.random()))
    )
    return f'{{"do":"{name}","with":{{{arguments}}}}}'


def _any_written(chance: Random, depth: int) -> str:
    kind = chance.random()
    if kind < 0.5 or depth > 4:
        return any_json(chance)
    inner = _any_written(chance, depth + 1)
    if kind < 0.6:
        return f'{{"_placeholder":[{inner}]}}'
    if kind < 0.7:
        return f'{{"_placeholder":{{"dict":{inner}}}}}'
    if kind < 0.8:
        return f'{{"_placeholder":{{"extension":[{int(300 * chance.random()) - 150},{int(3 * chance.random())}]}}}}'
    return f"[{inner}]" if kind < 0.9 else f'{{"_placeholder":{int(4 * chance.random()) - 1}}}'


def any_record(chance: Random) -> str:
    """Make the record of a session."""
    environ = "null" if chance.random() < 0.5 else '[["REQUEST_METHOD","GET"],["HTTP_A",' + any_json(chance) + "]]"
    numbers = ("1", "2", "3", "4", "null", "1790000000000", "9007199254740992", "9007199254740993", "-1", "true", "1.0")
    fields = [
        '"r4nd0m-e0"',
        *(_choose(numbers, chance) for _ in range(4)),
        environ,
        *(_choose(numbers, chance) for _ in range(2)),
    ]
    if chance.random() < 0.7:
        fields[1:5] = ["1", "1790000000000", "null", "null"]
        fields[6:8] = [_choose(("3", "4"), chance), _choose(("0", "1"), chance)]
    if chance.random() < 0.4:
        fields += ['"a"', '["main"]', any_json(chance)][: int(4 * chance.random())]
    return f'{{"engine-do":{_choose(("1", "1", "1", "2", "0", "null"), chance)},"s":[{",".join(fields)}]}}'


def any_polling_record(chance: Random) -> str:
    """Make the record of a session that polls."""
    record = any_record(chance).replace("\\", "\\\\").replace('"', '\\"')
    frames = ",".join(
        _choose(('"4a"', '"2"', '["AQ=="]', '["A"]', '"4\\ud800"', "[]", "5"), chance)
        for _ in range(int(5 * chance.random()))
    )
    drained = _choose(("0", "0", "1", "2", "5", "-1", "null", "true"), chance)
    return (
        f'["{record}",[{frames}],{drained},"g1","192.0.2.7"{"," + any_json(chance) if chance.random() < 0.2 else ""}]'
    )


def _pack_text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return bytes([0xA0 + len(data)]) + data if len(data) < 32 else b"\xd9" + bytes([len(data) % 256]) + data


_PACKED: Final[tuple[Callable[[Random], bytes], ...]] = (
    lambda chance: bytes([int(256 * chance.random())]),
    lambda chance: _pack_text(_choose(("", "a", "é", "message", "__proto__", "x" * 31, "y" * 40), chance)),
    lambda chance: struct.pack(">Bd", 0xCB, (chance.random() - 0.5) * 10 ** int(40 * chance.random())),
    lambda chance: bytes([0xCA]) + (b"\x7f\x80\0\0", b"\xff\xc0\0\0", b"\x40\x49\x0f\xdb")[int(3 * chance.random())],
    lambda chance: bytes([0xCF]) + int(2**64 * chance.random() * 0.999).to_bytes(8, "big"),
    lambda chance: bytes([0xD3]) + int(2**63 * (chance.random() - 0.999)).to_bytes(8, "big", signed=True),
    lambda chance: b"\xc4\x03abc"[: 2 + int(4 * chance.random())],
    lambda chance: b"\xd4" + bytes([int(256 * chance.random())]) + b"x",
    lambda chance: b"\xc7\x03" + bytes([int(256 * chance.random())]) + b"xyz",
    lambda chance: (b"\xc0", b"\xc2", b"\xc3", b"\xd6\xff\0\0\0\1", b"\xc1")[int(5 * chance.random())],
)


def any_msgpack(chance: Random, depth: int = 0) -> bytes:
    """Make a value in msgpack."""
    kind = chance.random()
    if depth == 0 and kind > 0.93:
        levels = (98, 99, 100, 101, 102, 2_000)[int(6 * chance.random())]
        return (b"\x91", b"\x81\xa1a", b"\xdc\0\1", b"\xdf\0\0\0\1\xa0")[int(4 * chance.random())] * levels + b"\xc0"
    if kind < 0.5 + 0.1 * depth:
        return _PACKED[int(len(_PACKED) * chance.random())](chance)
    count = int(4 * chance.random() * chance.random() + 0.7)
    if kind < 0.8:
        head = bytes([0x90 + count]) if kind < 0.75 else b"\xdd" + count.to_bytes(4, "big")
        return head + b"".join(any_msgpack(chance, depth + 1) for _ in range(count))
    head = bytes([0x80 + count]) if kind < 0.95 else b"\xde" + count.to_bytes(2, "big")
    items = (_pack_text(_choose(("a", "b", "é", "num"), chance)) + any_msgpack(chance, depth + 1) for _ in range(count))
    return head + b"".join(items)


def any_msgpack_packet(chance: Random) -> bytes:
    """Make a packet of a client in msgpack."""
    data = b"\x92" + _pack_text("message") + any_msgpack(chance, 0) if chance.random() < 0.7 else any_msgpack(chance)
    fields = [
        b"\xa4type" + bytes([int(7 * chance.random()) if chance.random() < 0.4 else 2]),
        b"\xa3nsp" + _pack_text(_choose(("/", "/admin", "", "a", "/" + "n" * 60), chance)),
        b"\xa4data" + data,
        b"\xa2id" + any_msgpack(chance, 3),
        b"\xa7options" + any_msgpack(chance, 2),
    ]
    count = 3 + int(2.5 * chance.random())
    return bytes([0x80 + count]) + b"".join(fields[:count])


def any_payload(chance: Random) -> bytes:
    """Make a payload, behind a byte that says of which kind: revision 4, 3 as text, 3 as bytes."""
    kind, count = int(3 * chance.random()), int(6 * chance.random())
    texts = [
        _choose(("4a", "2", "4[1]", "bAQ==", "b4AQ==", "b", "4é", "4\U0001f600", "6", ""), chance) for _ in range(count)
    ]
    if kind == 0:
        return b"\x00" + "\x1e".join(texts).encode()
    if kind == 1:
        return b"\x01" + "".join(f"{len(one.encode('utf-16-le')) // 2}:{one}" for one in texts).encode()
    pieces = (one.encode() for one in texts)
    return b"\x02" + b"".join(bytes([int(2 * chance.random()), *map(int, str(len(one))), 255]) + one for one in pieces)


def any_request(chance: Random) -> str:
    """Make a request: the method and the URL's query, or path and query, in a line, then a line for each header."""
    fields = (
        "transport=polling",
        "transport=websocket",
        "EIO=4",
        "EIO=3",
        "sid=" + "r" * 22 + "e0",
        "sid=x",
        "b64=1",
        "j=0",
        "t=1",
    )
    heads = (
        *(
            "origin: https://a.example",
            "origin: null",
            "origin: http://[",
            "upgrade: websocket",
            "cookie: a=b",
            "x_y: z",
        ),
        *("accept-encoding: gzip, deflate;q=0", "accept-encoding: br;q=1.0,gzip;q=0.0", "content-length: 12"),
        *("content-length: " + "9" * 20, "content-length: \u0663", "access-control-request-headers: x", "host: h"),
    )
    method = _choose(("GET", "GET", "POST", "OPTIONS", "PUT", ""), chance)
    query = "&".join(_choose(fields, chance) for _ in range(int(6 * chance.random())))
    path = _choose(("", "", "", "", "/socket.io/?", "/socket.io?", "/other?", "//[/socket.io/?"), chance)
    return "\n".join([f"{method} {path}{query}", *(_choose(heads, chance) for _ in range(int(5 * chance.random())))])


def any_sequence(chance: Random, make: Callable[[Random], bytes]) -> bytes:
    """Make events, one behind the other: a byte for what happens, then what ``make`` makes; 255 is between two."""
    events = (bytes([int(64 * chance.random())]) + make(chance) for _ in range(1 + int(6 * chance.random())))
    return b"\xff".join(events)
