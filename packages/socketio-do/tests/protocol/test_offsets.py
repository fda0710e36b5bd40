import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from socketio_do.protocol.offsets import (
    Claim,
    Position,
    add_offset,
    is_offset_of,
    is_recoverable,
    mark_recoverable,
    read_claim,
    read_offset,
    understands_recovery,
    write_offset,
)

SID, SECRET = "~" + "s" * 19, "x" * 20
PID = SID + SECRET

positions = st.builds(Position, st.integers(0, 2**52 - 1), st.integers(0, 2**24 - 1))


@given(positions, st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=20, max_size=20))
def test_an_offset_is_read_and_proven_as_it_was_written(position: Position, key: str) -> None:
    offset = write_offset(position, key)
    assert read_offset(offset) == position
    assert is_offset_of(offset, position, key)
    assert len(offset) <= 33


@given(positions, positions)
def test_it_proves_one_place_of_one_row(position: Position, other: Position) -> None:
    offset = write_offset(position, "key")
    assert not is_offset_of(offset, position, "another key")
    assert is_offset_of(offset, other, "key") == (position == other)


@pytest.mark.parametrize(
    "offset",
    [
        *(
            "",
            "1",
            "1.2",
            "1.2.",
            "1.2.3",
            "1.2.00000000000g",
            "1.2.0000000000000",
            "-1.2.000000000000",
            "1.2.00000000000A",
        ),
        *(
            " 1.2.000000000000",
            "1.2.000000000000\n",
            "1.2.3.000000000000",
            "\u0661.2.000000000000",
            "\ud800",
            "x" * 100_000,
        ),
        *("10000000000000.0000000.000000000000", "f" * 14 + ".0.000000000000", "0.fffffff.000000000000"),
    ],
)
def test_what_is_no_offset(offset: str) -> None:
    assert read_offset(offset) is None


@pytest.mark.parametrize("data", [None, "text", [PID], {}, {"offset": "1"}, {"token": {"pid": 1}}])
def test_data_without_a_pid_claims_nothing_and_stays_what_it_is(data: Any) -> None:
    assert read_claim(data) == (None, data)


@pytest.mark.parametrize("offset", [None, "", "anything", "\ud800"])
def test_a_claim_is_taken_out_of_the_data(offset: str | None) -> None:
    data = {"pid": PID, "offset": offset, "token": "t"}
    assert read_claim(data) == (Claim(SID, SECRET, offset), {"token": "t"})
    assert read_claim({"pid": PID}) == (Claim(SID, SECRET, None), None)


@pytest.mark.parametrize(
    "claimed",
    [
        *({"pid": None}, {"pid": 5}, {"pid": [PID]}, {"pid": PID[1:]}, {"pid": PID + "x"}, {"pid": ""}),
        *(
            {"pid": PID[1:] + "\ud800"},
            {"pid": "\u00e9" * 40},
            {"pid": PID, "offset": 1},
            {"pid": PID, "offset": ["0"]},
        ),
    ],
)
def test_what_is_no_claim_is_the_applications(claimed: Any) -> None:
    """A lone surrogate is text that neither a proof nor the database takes. Behind a pid that may be one, an offset is nobody's."""
    is_pid = claimed["pid"] == PID
    data = {**claimed, "token": "t"}
    assert read_claim(data) == (None, {"token": "t"} if is_pid else data)
    assert read_claim(claimed) == (None, None if is_pid else claimed)


def test_the_data_itself_is_not_changed() -> None:
    data = {"pid": PID}
    read_claim(data)
    assert data == {"pid": PID}


@pytest.mark.parametrize(
    ("query", "understands"),
    [
        ("EIO=4&transport=websocket", True),
        ("EIO=4&transport=polling&t=abc", True),
        ("token=1&EIO=4&transport=polling", True),
        ("EIO=4&b64=1&transport=polling", True),
        ("transport=websocket&EIO=4", False),
        ("transport=polling&EIO=4&t=1.5", False),
        ("", False),
        ("XEIO=4&transport=polling", False),
        ("EIO=3&transport=polling", False),
        ("EIO=4&nottransport=1", False),
    ],
)
def test_who_takes_an_offset_for_one(query: str, understands: bool) -> None:
    assert understands_recovery({"QUERY_STRING": query}) is understands


def test_a_handshake_without_a_query_understands_nothing() -> None:
    assert not understands_recovery({})


def test_the_mark_of_a_sid_keeps_its_length() -> None:
    marked = mark_recoverable("s" * 20)
    assert (len(marked), is_recoverable(marked), is_recoverable("s" * 20)) == (20, True, False)


@pytest.mark.parametrize("arguments", [["said"], ["said", "x"], ["said", {"a": [1, "]"]}], ["\u00fc\U0001f600", None]])
@pytest.mark.parametrize("head", ["2", "2/chat,", "51-"])
def test_an_offset_is_the_last_argument(arguments: list[Any], head: str) -> None:
    text = f"{head}{json.dumps(arguments)}"
    changed, *rest = add_offset((text, b"1"), '1.2."')
    assert isinstance(changed, str)
    assert (changed[: len(head)], json.loads(changed[len(head) :]), rest) == (head, [*arguments, '1.2."'], [b"1"])
