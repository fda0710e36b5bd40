import json
from typing import Any

import pytest

from socketio_do.limits import MAX_MISSED, MAX_MISSED_PACKETS
from socketio_do.state.log_entries import MARK, Missed, mark, moves_of, write_packet

S1, S2 = "~socket-0000000000001", "~socket-0000000000002"
LOBBY, BAR = '"lobby"', '"bar"'


def missed(*rooms: str) -> Missed:
    return Missed(S1, "/", {*rooms})


def sent(text: str, rooms: list[str] | None = None, *more: Any, skipped: Any = (), excepted: Any = ()) -> list[Any]:
    return ["/", rooms, [*skipped], [*excepted], [text], *more]


def test_what_is_for_everybody_for_a_room_and_for_the_socket_itself() -> None:
    found = missed(LOBBY)
    own = sent("own", [json.dumps(S1)])
    entries = [sent("all"), sent("lobby", [BAR, LOBBY]), sent("bar", [BAR]), own, ["/other", None, [], [], ["no"]], []]
    assert found.take(entries)
    assert found.packets == [("all",), ("lobby",), ("own",)]


def test_who_is_left_out_gets_nothing() -> None:
    found = missed(LOBBY, BAR)
    assert found.take([sent("not me", skipped=[S1]), sent("not the bar", [LOBBY], excepted=[BAR])])
    assert found.packets == []


def test_moves_are_undone_on_the_way_back() -> None:
    found = missed(LOBBY)
    entered, left = ["/", LOBBY, [S2, S1], True], ["/", BAR, [S1], False]
    newest_first = [sent("in it", [LOBBY]), entered, sent("not in it", [LOBBY, BAR]), left, sent("in the bar", [BAR])]
    assert found.take(newest_first)
    assert found.packets == [("in it",), ("in the bar",)]


def test_rooms_that_it_was_in_are_asked_for() -> None:
    found = missed(LOBBY)
    found.note_rooms([["/", BAR, [S1], False, "more"], ["/", '"other"', [S2], True], sent("this"), []])
    names = [moves_of(S1), mark("/", ""), *(mark("/", room) for room in (LOBBY, BAR, json.dumps(S1)))]
    assert sorted(found.targets()) == sorted(names)


@pytest.mark.parametrize("packets", [("text",), ("51-", b"\x00\xff"), ("",)])
def test_a_packet_is_read_as_it_was_written(packets: tuple[str | bytes, ...]) -> None:
    found = missed()
    entry = json.loads(json.dumps(["/", None, [], [], [write_packet(one) for one in packets]]))
    assert found.take([entry])
    assert found.packets == [packets]


def test_what_a_later_release_appends_is_left_out() -> None:
    found = missed(LOBBY)
    assert found.take([sent("after", [LOBBY], 7), ["/", LOBBY, [S1], True, 7], sent("before", [LOBBY], {}, [])])
    assert found.packets == [("after",)]


@pytest.mark.parametrize(
    "unknown",
    [
        *(["/"], ["/", None], ["/", None, [], 7, ["text"]], ["/", "room", "everybody", True], ["/", 7, [], [], []]),
        *(["/", None, [], [], [7]], ["/", None, [], [], [[]]], ["/", None, [], [], "text"]),
    ],
)
def test_what_is_no_entry_of_ours_is_told(unknown: list[Any]) -> None:
    assert not missed().take([unknown])


def test_too_much_is_told() -> None:
    assert missed().take([sent("x" * MAX_MISSED)])
    assert not missed().take([sent("x" * MAX_MISSED), sent("x")])
    assert missed().take([sent("x")] * MAX_MISSED_PACKETS)
    assert not missed().take([sent("x")] * (MAX_MISSED_PACKETS + 1))


def test_a_long_name_is_marked_by_its_hash() -> None:
    short, long = "x" * (MARK - 2), "x" * (MARK - 1)
    assert mark("/", short) == f"/\n{short}"
    assert len(mark("/", long)) == 32
    assert mark("/", long) != mark("/x", long[1:])
