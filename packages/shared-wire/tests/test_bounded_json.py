import json
from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from shared_wire import bounded_json
from shared_wire.bounded_json import check_depth, check_text, has_collisions, parse, write
from shared_wire.errors import NestedTooDeep, RefusedJson, UnwritableValue
from shared_wire.limits import FEW_KEYS, MAX_COLLISIONS, MAX_CONTAINERS, MAX_DEPTH, MAX_DIGITS, MAX_VALUES


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
    "too many containers": json.dumps([[]] * MAX_CONTAINERS),
    "too many dicts": json.dumps([{}] * MAX_CONTAINERS),
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
    "many keys": json.dumps({f"key {i}": i for i in range(5_000)}),
    "many escaped keys": json.dumps({f'"k\u00e9y\\ {i}': i for i in range(5_000)}),
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


def fnv(text: str) -> int:
    """A 32-bit hash of the kind that workerd's Python uses, whose collisions are easy to make."""
    number = 0
    for byte in text.encode(errors="surrogatepass"):
        number = (number * 1_000_003 & 0xFFFFFFFF) ^ byte
    return number


def colliding(count: int) -> list[str]:
    """Different keys of one hash: two characters of which the second undoes what the first changes."""
    by_hash: dict[int, list[str]] = {}
    for first, second, third in product(range(0x400, 0x600), range(0x21, 0x7F), range(0x21, 0x7F)):
        key = chr(first) + chr(second) + chr(third)
        same = by_hash.setdefault(fnv(key) & 0xFFF, [])
        same.append(key)
        if len(same) == count:
            return same
    raise AssertionError("too few")


def low(text: str) -> int:
    return fnv(text) & 0xFFF


SAME = colliding(MAX_COLLISIONS + 1)


@pytest.mark.parametrize("repeats", [1, 2, 1_000])
def test_so_many_keys_may_share_a_hash_and_no_more(repeats: int) -> None:
    assert not has_collisions(SAME[:-1] * repeats, low)
    assert has_collisions(SAME * repeats, low)
    assert has_collisions(["a", *SAME, "b"] * repeats, low)


def test_a_key_that_is_repeated_shares_its_hash_with_nobody() -> None:
    assert not has_collisions(["a", "b"] * 100_000, low)
    assert not has_collisions(["a"] * 100_000, lambda key: 0)
    assert not has_collisions([], low)


def test_keys_that_share_a_hash_are_counted_before_they_meet_in_a_dict_or_set() -> None:
    compared = 0

    class Key(str):
        __slots__ = ()

        def __hash__(self) -> int:
            return 7

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

        def __ne__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__ne__(self, other)

    assert has_collisions([Key(number) for number in range(20_000)])
    assert compared < 2 * 20_000


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(dict.fromkeys(SAME * 3, 0) | {f"key {number}": 0 for number in range(FEW_KEYS)}),
        json.dumps([[{key: number} for key in SAME] for number in range(10)], ensure_ascii=False),
        json.dumps({key: {"a": [1]} for key in SAME}, indent=2) + " " * 1_000 + ",:" * FEW_KEYS,
        '{"":"",'
        + json.dumps(dict.fromkeys(SAME * 3, "") | {f":{number}": "" for number in range(FEW_KEYS)}).removeprefix("{"),
    ],
)
def test_all_keys_of_a_text_are_looked_at_however_they_are_written(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def note(keys: list[str]) -> bool:
        asked.extend(keys)
        return True

    monkeypatch.setattr(bounded_json, "has_collisions", note)
    with pytest.raises(RefusedJson, match="one hash"):
        parse(text)
    assert {*SAME} <= {*asked}


def test_keys_are_found_where_quotes_and_backslashes_stand_around(monkeypatch: pytest.MonkeyPatch) -> None:
    hard = {'"': 0, "\\": 0, '\\"': 0, 'a"b': '":', "": 0, "a:b": '\\":', "\u2028\n\t": 0}
    asked: list[str] = []

    def note(keys: list[str]) -> bool:
        asked.extend(keys)
        return False

    monkeypatch.setattr(bounded_json, "has_collisions", note)
    assert parse(json.dumps([hard] * FEW_KEYS)) == [hard] * FEW_KEYS
    assert {*hard} <= {*asked}


@pytest.mark.parametrize("first", [":", ",", " ", "\n", "\\", '"', '":', '","'])
@pytest.mark.parametrize("separators", [(",", ":"), (" , ", "\t: ")])
def test_no_beginning_hides_a_key(first: str, separators: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ["", *(f"{first}{number}" for number in range(2 * FEW_KEYS))]
    asked: list[str] = []

    def note(found: list[str]) -> bool:
        asked.extend(found)
        return False

    monkeypatch.setattr(bounded_json, "has_collisions", note)
    parse(json.dumps(dict.fromkeys(keys, ""), separators=separators))
    assert Counter(asked) >= Counter(keys)


def test_different_keys_times_all_keys_are_limited_whatever_their_hashes() -> None:
    keys = [f"key {number}" for number in range(5_000)]
    assert not has_collisions(keys)
    assert has_collisions([*keys, keys[0]])
    assert not has_collisions([f"field {number % 50}" for number in range(500_000)])
    assert has_collisions(keys * 2)


def test_what_closes_nothing_is_limited_too() -> None:
    with pytest.raises(RefusedJson, match="too many values"):
        parse("[" * 101 + "]" * (MAX_CONTAINERS + 1))


def test_a_small_text_is_not_searched_for_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_json, "has_collisions", None)
    assert len(parse(json.dumps({str(number): 0 for number in range(FEW_KEYS)}))) == FEW_KEYS


@pytest.mark.parametrize(
    "hidden", ["", '2/a",', '2/a\\",', "2/[,", "2" + "]" * 5_000 + ",", '2/a"]]]', '"', '\\"', "\\"]
)
@pytest.mark.parametrize("depth", DEEP)
def test_no_prefix_hides_how_deep_json_is_behind_it(hidden: str, depth: int) -> None:
    for text in (lists(depth), dicts(depth), "[" * depth):
        with pytest.raises(RefusedJson):
            check_text(hidden + text)


@pytest.mark.parametrize(
    "text", ["", "2/news,", '2["say","hello"]', "not JSON", "2" + lists(100), '2["' + ":" * 9_000 + '"]']
)
def test_a_text_that_may_hold_anything_is_only_held_to_the_limits(text: str) -> None:
    check_text(text)


@pytest.mark.parametrize("make", [lambda inner: [inner], lambda inner: (inner,), lambda inner: {"a": inner}])
def test_so_deep_a_value_may_be_and_no_deeper(make: Callable[[Any], Any]) -> None:
    value: Any = 0
    for _ in range(MAX_DEPTH):
        value = make(value)
    check_depth(value)
    assert parse(write(value)) == json.loads(json.dumps(value))
    for deeper in (1, 5_000, 500_000):
        for _ in range(deeper):
            value = make(value)
        with pytest.raises(NestedTooDeep, match="100 deep"):
            write(value)


def test_subclasses_are_looked_into() -> None:
    class Pairs(tuple[Any, ...]):
        __slots__ = ()

    with pytest.raises(NestedTooDeep):
        check_depth(Pairs([OrderedDict(a=nested(MAX_DEPTH - 1))]))
    check_depth(Pairs([OrderedDict(a=nested(MAX_DEPTH - 2))]))


def test_what_is_in_itself_is_too_deep() -> None:
    lists: list[Any] = [[], []]
    lists[0].append(lists)
    lists[1].append(lists)
    with pytest.raises(NestedTooDeep):
        check_depth(lists)


def test_what_is_used_in_many_places_is_looked_at_once_a_level() -> None:
    value: Any = [[]]
    for _ in range(MAX_DEPTH - 2):
        value = [value] * 10
    check_depth(value)
    with pytest.raises(NestedTooDeep):
        check_depth([value])


class Counted(list[Any]):
    """A list that counts how often it is gone through."""

    times = 0

    def __iter__(self) -> Any:
        self.times += 1
        return super().__iter__()


@pytest.mark.parametrize(("uses", "size", "most"), [(40, 100, 1), (1_000, 2, 1), (40, 2, 40)])
def test_what_is_large_or_used_often_is_looked_into_once(uses: int, size: int, most: int) -> None:
    value = Counted(range(size))
    check_depth([value] * uses)
    assert 1 <= value.times <= most


@pytest.mark.parametrize("value", [None, 0, "[" * 1_000, b"[", object()])
def test_what_has_no_depth_passes(value: Any) -> None:
    check_depth(value)


@pytest.mark.parametrize("value", [b"", {1}, float("nan"), [float("inf")], object(), {(1,): 0}, [10**5_000]])
def test_what_json_cannot_hold_is_an_error_of_the_caller(value: Any) -> None:
    with pytest.raises(UnwritableValue, match="use dicts, lists, text and numbers"):
        write(value)


def test_json_is_written_without_spaces() -> None:
    assert write({"a": [1, "ü", None]}) == '{"a":[1,"\\u00fc",null]}'


@pytest.mark.parametrize("depth", [1, 3, 102, 300])
def test_another_depth_can_be_asked_for(depth: int) -> None:
    assert parse(lists(depth), max_depth=depth)[0] == nested(depth)[0] if depth > 1 else True
    assert write(nested(depth), max_depth=depth) == lists(depth)
    with pytest.raises(RefusedJson):
        parse(lists(depth + 1), max_depth=depth)
    with pytest.raises(NestedTooDeep):
        write(nested(depth + 1), max_depth=depth)


def test_more_values_can_be_allowed() -> None:
    text = json.dumps([0] * (MAX_VALUES + 1))
    assert len(parse(text, max_values=MAX_VALUES + 1)) == MAX_VALUES + 1
