"""What `test_hostile_inputs.py` sends, and what becomes of its sender. Data: nothing here is sent or judged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from clients.collisions import colliding

Frames: TypeAlias = list[str | bytes]

#: Codes with which a sender is closed: for what it sent, and for how much.
CLOSED, TOO_LARGE = 1011, 1009
#: What a sender asks at the end where it stays, and the answer.
ASK, TAKEN = '427["take"]', '437["taken"]'
ASK_MSGPACK = b"\x84\xa4type\x02\xa3nsp\xa1/\xa2id\x07\xa4data\x92\xa4echo\xa5taken"
TAKEN_MSGPACK = b"\x84\xa4type\x03\xa3nsp\xa1/\xa4data\x91\xa5taken\xa2id\x07"
#: What a command is answered that is none.
NO_COMMAND = "no value of an Emitter"

DEPTHS = (2_000, 5_000, 10_000, 50_000)
COUNTS = (8_000, 16_000)
PLACE = '{"_placeholder":true,"num":0}'
#: As long as a packet may be, without its ends.
MOST = 999_900
EVENT_MSGPACK = b"\x84\xa4type\x02\xa3nsp\xa1/\xa2id\x07\xa4data\x92\xa4take"


@dataclass(frozen=True)
class Input:
    """Frames of one client; they are made when they are needed."""

    id: str
    make: Callable[[], Frames]
    #: The code with which the sender is closed, the frame that answers it last, or the status of its request.
    outcome: int | str | bytes


def _event(data: str, number: str = "7", name: str = "take") -> str:
    return f'42{number}["{name}",{data}]'


def _lists(depth: int) -> str:
    return "[" * depth + "]" * depth


def _dicts(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def _mixed(depth: int) -> str:
    return '[{"a":' * (depth // 2) + "1" + "}]" * (depth // 2)


def _command(data: str) -> str:
    return '{"do":"emit","with":{"event":"said","data":' + data + "}}"


#: Nested data by the place it is in. None is as deep as `MAX_DEPTH` allows.
NESTED: dict[str, Callable[[int], Frames]] = {
    "lists": lambda depth: [_event(_lists(depth))],
    "dicts": lambda depth: [_event(_dicts(depth))],
    "lists and dicts": lambda depth: [_event(_mixed(depth))],
    "unclosed": lambda depth: ['42["take",' + "[" * depth],
    "acknowledgement": lambda depth: [f"4312[{_lists(depth)}]"],
    "binary event": lambda depth: [f'451-["take",{PLACE},{_lists(depth)}]', b"x"],
    "placeholder": lambda depth: ['451-["take",{"_placeholder":true,"num":' + _lists(depth) + "}]", b"x"],
}
NESTED_AUTH: dict[str, Callable[[int], Frames]] = {
    "auth": lambda depth: ["40" + _dicts(depth)],
    "auth, unclosed": lambda depth: ['40{"a":' + "[" * depth],
}
NESTED_MSGPACK: dict[str, Callable[[int], Frames]] = {
    "msgpack lists": lambda depth: [EVENT_MSGPACK + b"\x91" * depth + b"\xc0"],
    "msgpack maps": lambda depth: [EVENT_MSGPACK + b"\x81\xa1a" * depth + b"\xc0"],
}
NESTED_COMMANDS: dict[str, Callable[[int], Frames]] = {
    "command": lambda depth: [_command(_lists(depth))],
    "command, unclosed": lambda depth: ["[" * depth],
}


def _object(keys: list[str]) -> str:
    return "{" + ",".join(f'"{key}":1' for key in keys) + "}"


def _escaped(keys: list[str]) -> list[str]:
    return [f"\\u006b{key[1:]}" for key in keys]


def _small(keys: list[str], size: int = 8) -> str:
    return "[" + ",".join(_object(keys[at : at + size]) for at in range(0, len(keys), size)) + "]"


def _map(keys: list[str]) -> bytes:
    return (
        b"\xdf"
        + len(keys).to_bytes(4, "big")
        + b"".join(bytes([0xA0 | len(key)]) + key.encode() + b"\x01" for key in keys)
    )


#: Texts with one hash, by what they are: keys, and names.
COLLIDING: dict[str, Callable[[list[str]], Frames]] = {
    "an event": lambda keys: [_event(_object(keys))],
    "an event, escaped": lambda keys: [_event(_object(_escaped(keys)))],
    "many small objects": lambda keys: [_event(_small(keys))],
    "an acknowledgement": lambda keys: [f"4312[{_object(keys)}]"],
    "a binary event": lambda keys: [f'451-["take",{PLACE},{_object(keys)}]', b"x"],
    "session data": lambda keys: [_event(_object(keys), name="remember")],
}
COLLIDING_AUTH: dict[str, Callable[[list[str]], Frames]] = {
    "auth": lambda keys: ["40" + _object(keys)],
    "auth, escaped": lambda keys: ["40" + _object(_escaped(keys))],
}
COLLIDING_MSGPACK: dict[str, Callable[[list[str]], Frames]] = {
    "a msgpack map": lambda keys: [EVENT_MSGPACK + _map(keys)],
}
COLLIDING_COMMANDS: dict[str, Callable[[list[str]], Frames]] = {
    "a command": lambda keys: [_command(_object(keys))],
}


def _nested(kinds: dict[str, Callable[[int], Frames]], outcome: int | str) -> Iterator[Input]:
    for kind, make in kinds.items():
        for depth in DEPTHS:
            yield Input(f"{kind} {depth:,} deep", partial(make, depth), outcome)


def _colliding(kinds: dict[str, Callable[[list[str]], Frames]], outcome: int | str) -> Iterator[Input]:
    for kind, make in kinds.items():
        for count in COUNTS:
            yield Input(f"{count:,} colliding keys of {kind}", partial(_make_of, make, count), outcome)


def _make_of(make: Callable[[list[str]], Frames], count: int) -> Frames:
    return make(colliding(count))


def _rooms(count: int) -> list[str]:
    """Make names whose JSON collides, which is what rooms are kept by."""
    return [text[1:-1] for text in colliding(count, '"key')]


def _names(names: list[str]) -> str:
    return "[" + ",".join(f'"{name}"' for name in names) + "]"


def _repeated(piece: str, count: int, separator: str = ",") -> str:
    return separator.join([piece] * count)


#: Of a client that has joined.
JOINED = [
    *_nested(NESTED, CLOSED),
    *_colliding(COLLIDING, CLOSED),
    Input(
        "16,000 colliding values", lambda: [_event("[" + ",".join(f'"{k}"' for k in colliding(16_000)) + "]")], TAKEN
    ),
    Input("colliding rooms", lambda: [_event(_names(_rooms(900)), "", "enter")], CLOSED),
    Input(
        "colliding rooms, one by one",
        lambda: [_event(f'["{name}"]', "", "enter") for name in _rooms(900)],
        CLOSED,
    ),
    Input("colliding namespaces, open", lambda: [f"40{name}," for name in colliding(100, "/open-to")], CLOSED),
    Input(
        "colliding namespaces, unknown", lambda: [*(f"40{name}," for name in colliding(1_000, "/unknown")), ASK], TAKEN
    ),
    Input("a number of 900,000 digits", lambda: [_event("9" * 900_000)], CLOSED),
    Input("a fraction of 900,000 digits", lambda: [_event("1." + "9" * 900_000)], CLOSED),
    Input("900 numbers of 1,000 digits", lambda: [_event(_repeated("9" * 1_000, 900))], TAKEN),
    Input("200 numbers of 4,300 digits", lambda: [_event(_repeated("9" * 4_300, 200))], CLOSED),
    Input("an ack id of 900,000 digits", lambda: [_event("1", "7" * 900_000)], CLOSED),
    Input("a type of 900,000 digits", lambda: ["42" * 450_000], CLOSED),
    Input("1e400", lambda: [_event("1e400")], CLOSED),
    Input("-1e999999999", lambda: [_event("-1e999999999")], CLOSED),
    Input("an exponent of 900,000 digits", lambda: [_event("1e" + "9" * 900_000)], CLOSED),
    Input("99,000 exponents", lambda: [_event(_repeated("1e-99999", 99_000))], TAKEN),
    Input("300,000 empty objects", lambda: [_event(_repeated("{}", 300_000))], CLOSED),
    Input("300,000 empty lists", lambda: [_event(_repeated("[]", 300_000))], CLOSED),
    Input("as many empty objects as may be", lambda: [_event(_repeated("{}", 49_990))], TAKEN),
    Input("as many values as may be", lambda: [_event(_repeated("0", 99_990))], TAKEN),
    Input("40,000 different keys", lambda: [_event(_object([f"key {n}" for n in range(40_000)]))], CLOSED),
    Input("one key 90,000 times", lambda: [_event(_object(["key"] * 90_000))], TAKEN),
    Input("a key of 900,000 characters", lambda: [_event(_object(["k" * 900_000]))], TAKEN),
    Input("a namespace of 900,000 characters", lambda: ["40/" + "n" * 900_000 + ","], CLOSED),
    Input("an event of 900,000 characters", lambda: ['427["' + "e" * 900_000 + '"]'], CLOSED),
    Input("a room of 900,000 characters", lambda: [_event('["' + "r" * 900_000 + '"]', "", "enter")], CLOSED),
    Input(
        "session data of 950,000 characters",
        lambda: [_event('{"a":"' + "x" * 950_000 + '"}', "", "remember"), ASK],
        TAKEN,
    ),
    Input("500 attachments", lambda: [f'45500-["take",{PLACE}]', *[b"x"] * 500], CLOSED),
    Input("attachments of 900,000 digits", lambda: ["45" + "1" * 900_000 + f'-["take",{PLACE}]', b"x"], CLOSED),
    Input("one attachment 9,900 times", lambda: [f'451-7["take",{_repeated(PLACE, 9_900)}]', b"x" * 900_000], CLOSED),
    Input("one attachment 30,000 times", lambda: [f'451-7["take",{_repeated(PLACE, 30_000)}]', b"x"], CLOSED),
    Input("2,000 events at once", lambda: [*['42["nobody\'s"]'] * 2_000, ASK], TAKEN),
    Input("1,000 questions at once", lambda: [*['421["take"]'] * 1_000, ASK], TAKEN),
    Input("1,000 acknowledgements of nothing", lambda: [*["4399[]"] * 1_000, ASK], TAKEN),
    Input("2,000 halves of a packet", lambda: [f'452-["take",{PLACE}]', *["42"] * 2_000], CLOSED),
    Input("2,000 empty frames", lambda: [""] * 2_000, CLOSED),
    Input("a megabyte of commas", lambda: ["42" + "," * MOST], CLOSED),
    Input("a megabyte of commas in a list", lambda: [_event("1" + "," * MOST)], CLOSED),
    Input("a megabyte of quotes", lambda: ["42" + '"' * MOST], CLOSED),
    Input("a megabyte of escaped quotes", lambda: [_event('"' + '\\"' * (MOST // 2) + '"')], TAKEN),
    Input("a megabyte of backslashes", lambda: [_event('"' + "\\" * MOST + '"')], TAKEN),
    Input("a megabyte of backslashes outside", lambda: ["42" + "\\" * MOST], CLOSED),
    Input("a megabyte of colons", lambda: [_event(":" * MOST)], CLOSED),
    Input("a megabyte of quotes and colons", lambda: [_event('":' * (MOST // 2))], CLOSED),
    Input("a megabyte of escaped quotes and colons", lambda: [_event('"' + '\\":' * (MOST // 3) + '"')], TAKEN),
    Input("a megabyte of spaces", lambda: [_event(" " * MOST + "1")], TAKEN),
    Input("a megabyte of brackets in text", lambda: [_event('"' + "[" * MOST + '"')], TAKEN),
    Input("a megabyte of pairs", lambda: [_event("[]" * (MOST // 2))], CLOSED),
    Input("a megabyte of U+0000", lambda: [_event('"' + "\0" * MOST + '"')], CLOSED),
    Input("a megabyte of U+0000 outside", lambda: ["42" + "\0" * MOST], CLOSED),
    Input("a megabyte of U+0000 escaped", lambda: [_event('"' + "\\u0000" * (MOST // 6) + '"')], TAKEN),
    Input("a megabyte of halves of characters", lambda: [_event('"' + "\\ud800" * (MOST // 6) + '"')], TAKEN),
    Input("half a character as a key", lambda: [_event('{"\\ud800":"\\udfff"}')], TAKEN),
    Input("half a character as a room", lambda: [_event('["\\ud800"]', "", "enter"), ASK], TAKEN),
    Input("half a character as session data", lambda: [_event('{"\\ud800":1}', "", "remember"), ASK], TAKEN),
    Input("half a character as an event", lambda: ['42["\\ud800"]', ASK], TAKEN),
    Input("half a character, echoed", lambda: [_event('"\\ud800"', name="echo")], '437["\\ud800"]'),
    Input("control characters", lambda: ["".join(map(chr, range(32))) * 1_000], CLOSED),
    Input("separators of payloads", lambda: ["\x1e" * 100_000], CLOSED),
    Input("bytes that nobody announced", lambda: [bytes(range(256)) * 3_900], CLOSED),
    Input("more than a packet may be", lambda: [_event('"' + "x" * 1_000_000 + '"')], TOO_LARGE),
]

#: Of a client that has not joined.
STRANGERS = [
    *_nested(NESTED_AUTH, CLOSED),
    *_colliding(COLLIDING_AUTH, CLOSED),
    Input("auth of 900,000 digits", lambda: ['40{"a":' + "9" * 900_000 + "}"], CLOSED),
    Input("auth of 300,000 empty objects", lambda: ['40{"a":[' + _repeated("{}", 300_000) + "]}"], CLOSED),
    Input("an event of nobody", lambda: [_event('"' + "x" * 900_000 + '"')], CLOSED),
]

#: Of a client of msgpack.
MSGPACK = [
    *_nested(NESTED_MSGPACK, CLOSED),
    *_colliding(COLLIDING_MSGPACK, CLOSED),
    Input(
        "msgpack, 300,000 empty lists", lambda: [EVENT_MSGPACK + b"\xdd\x00\x04\x93\xe0" + b"\x90" * 300_000], CLOSED
    ),
    Input("msgpack, 300,000 empty maps", lambda: [EVENT_MSGPACK + b"\xdd\x00\x04\x93\xe0" + b"\x80" * 300_000], CLOSED),
    Input(
        "msgpack, a list of 4,294,967,295",
        lambda: [EVENT_MSGPACK + b"\xdd\xff\xff\xff\xff" + b"\xc0" * 400_000],
        CLOSED,
    ),
    Input(
        "msgpack, as many values as may be",
        lambda: [EVENT_MSGPACK + b"\xdc\x26\xac" + b"\x01" * 9_900, ASK_MSGPACK],
        TAKEN_MSGPACK,
    ),
    Input(
        "msgpack, an event of 400,000 characters",
        lambda: [EVENT_MSGPACK[:-6] + b"\x91\xdb\x00\x06\x1a\x80" + b"e" * 400_000],
        CLOSED,
    ),
]

#: Commands of an Emitter, as other parts of a Worker may send them.
COMMANDS = [
    *_nested(NESTED_COMMANDS, NO_COMMAND),
    *_colliding(COLLIDING_COMMANDS, NO_COMMAND),
    Input("a command of 900,000 digits", lambda: [_command("9" * 900_000)], NO_COMMAND),
    Input("a command with 1e400", lambda: [_command("1e400")], NO_COMMAND),
]

#: Bodies that a client of revision 4 posts, and the status they are answered with. What is echoed waits for a GET, up to a limit.
BODIES = [
    Input("900,000 separators", lambda: ["\x1e" * 900_000], 400),
    Input("a megabyte that is no base64", lambda: ["b" + "=" * 900_000], 400),
    Input("a megabyte of base64, cut", lambda: ["b" + "A" * 900_001], 400),
    Input("9,900 messages of no bytes", lambda: [_repeated("b", 9_900, "\x1e")], 400),
    Input("9,900 messages", lambda: [_repeated("4x", 9_900, "\x1e")], 400),
    Input("9,900 noops posted", lambda: [_repeated("6", 9_900, "\x1e")], 200),
    Input("300,000 messages", lambda: [_repeated("4x", 300_000, "\x1e")], 400),
    Input("bytes that are no text", lambda: [b"4" + b"\xff" * 900_000], 400),
    Input("a megabyte of U+0000 posted", lambda: ["\0" * 900_000], 400),
]

#: The same of revision 3, where lengths come first.
BODIES_3 = [
    Input("900,000 digits of a length", lambda: ["1" * 900_000], 400),
    Input("900,000 colons", lambda: [":" * 900_000], 400),
    Input("225,000 empty packets", lambda: ["0:" * 225_000], 400),
    Input("a length beyond its body", lambda: ["900000:4" + "x" * 800_000], 400),
    Input("225,000 noops", lambda: ["1:6" * 225_000], 400),
    Input("9,900 noops", lambda: ["1:6" * 9_900], 200),
    Input("9,900 messages of no base64", lambda: ["2:b4" * 9_900], 400),
    Input("a length of 900,000 bytes", lambda: [b"\x00" + b"\x09" * 900_000], 400),
    Input("a length without its end", lambda: [b"\x00\x01" * 450_000], 400),
    Input("180,000 packets in binary", lambda: [b"\x00\x01\xff6" * 180_000], 400),
    Input("900,000 bytes of 255", lambda: [b"\xff" * 900_000], 400),
]
