import json
from typing import Any

import pytest

from shared_wire.bounded_json import parse
from shared_wire.errors import RefusedJson
from shared_wire.limits import MAX_DEPTH, MAX_DIGITS, MAX_VALUES


def lists(depth: int, inside: str = "") -> str:
    return "[" * depth + inside + "]" * depth


def dicts(depth: int) -> str:
    return '{"a":' * depth + "0" + "}" * depth


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


def text_of(size: int) -> str:
    """JSON in which an exponent, digits, brackets, commas, colons and quotes stand in a string of some size."""
    return json.dumps({"text": '1e999,[{"\\:' * (size // 10)})


DEEP = (101, 200, 2_000, 5_000, 50_000, 500_000)

REFUSED: dict[str, str] = {
    **{f"{depth} lists": lists(depth) for depth in DEEP},
    **{f"{depth} dicts": dicts(depth) for depth in DEEP},
    **{f"{depth} of both": '[{"a":' * (depth // 2 + 1) + "0" + "}]" * (depth // 2 + 1) for depth in DEEP},
    **{f"{depth} unclosed": "[" * depth for depth in DEEP},
    **{f"{depth} unclosed dicts": '{"a":' * depth for depth in DEEP},
    **{f"{depth} behind a string that hides nothing": '["\\\\",' + "[" * depth for depth in DEEP},
    **{f"{depth} behind escaped quotes": '["\\"","\\\\\\"",' + "[" * depth for depth in DEEP},
    "101 behind many shallow ones": "[" + "[]," * 1_000 + lists(100) + "]",
    "an unclosed string of brackets": '["' + "[" * 5_000,
    "an infinity": "1e400",
    "an infinity of a capital": "[-1E+400]",
    "an infinity with zeros": "1e0000000400",
    "an infinity by its digits": "9" * 400 + ".0",
    "an infinity by its digits and exponent": "9" * 250 + "e99",
    "an infinity in a long text": "[" + "0," * 500 + "1e400]",
    "NaN": "NaN",
    "Infinity": "-Infinity",
    "NaN in a long text": "[" + "0," * 500 + "NaN]",
    "too many digits": "1" * (MAX_DIGITS + 1),
    "too many digits of a fraction": "[0." + "1" * (MAX_DIGITS + 1) + "]",
    "a million digits": "[" + "1" * 1_000_000 + "]",
    "too many values": json.dumps([0] * (MAX_VALUES + 1)),
    "too many containers": json.dumps([[]] * (MAX_VALUES // 2 + 1)),
    "too many dicts": json.dumps([{}] * (MAX_VALUES // 2 + 1)),
    "nothing": "",
    "words": "hello",
    "two values": "1 2",
    "half a pair of quotes": '"',
    "a bad escape in a key": "{" + '"\\x":0,' * 100 + '"a":0}',
}

ACCEPTED: dict[str, str] = {
    "100 lists": lists(MAX_DEPTH),
    "100 dicts": dicts(MAX_DEPTH),
    "100 in a long text": json.dumps([nested(MAX_DEPTH - 1), "x" * 1_000]),
    "many shallow ones": json.dumps([[{}, []]] * 1_000),
    **{f"{depth} brackets in a string": json.dumps(["[" * depth, '{"a":' * depth]) for depth in DEEP},
    **{f"a string of {size} characters": text_of(size) for size in (10, 100, 1_000, 100_000)},
    "digits in a string": json.dumps(["1" * 100_000]),
    "as many digits as may be": "[" + "1" * MAX_DIGITS + "]",
    "a great number": "[1e308,-1.5E+300,123456789.5e-400]",
    "a great number in a long text": "[" + "0," * 500 + "1e308]",
    "as many values as may be": json.dumps([0] * (MAX_VALUES - 1)),
    "many keys": json.dumps({f"key {i}": i for i in range(10_000)}),
    "many escaped keys": json.dumps({f'"k\u00e9y\\ {i}': i for i in range(10_000)}),
    "many objects of the same keys": json.dumps([{"id": i, "na\\me": "n"} for i in range(10_000)]),
    "colons in strings": json.dumps([":" * 10_000, '":' * 10_000]),
    "spaces": " [ 1 , { } ] \n" + " " * 1_000,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(RefusedJson):
        parse(text)


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_read(text: str) -> None:
    assert parse(text) == json.loads(text)
