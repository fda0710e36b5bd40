"""What the demo stores, and that none of it grows without bound."""

import pytest

import store
from people import in_memory
from store import NOTE_MS, NOTES_PER_BOARD, Store


class Clock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


def texts(kept: Store, board: str) -> list[str]:
    return [note["text"] for note in kept.notes(board)]


def test_a_later_life_of_the_object_finds_what_was_stored() -> None:
    execute = in_memory()
    first = Store(execute)
    first.pin("/board-a", "Ada", "hello")
    assert first.begin_roll("lobby", 60)

    later = Store(execute)

    assert later.notes("/board-a") == [{"nick": "Ada", "text": "hello"}]
    assert not later.begin_roll("lobby", 60)


def test_a_board_keeps_its_newest_notes() -> None:
    kept = Store(in_memory())
    kept.pin("/board-b", "Bob", "mine")
    for number in range(NOTES_PER_BOARD + 2):
        kept.pin("/board-a", "Ada", str(number))

    assert texts(kept, "/board-a") == [str(number) for number in range(NOTES_PER_BOARD + 1, 1, -1)]
    assert texts(kept, "/board-b") == ["mine"]


def test_the_oldest_notes_of_all_boards_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "NOTES_IN_ALL", 3)
    kept = Store(in_memory())
    for board in "abcde":
        kept.pin(board, "Ada", board)

    assert [board for board in "abcde" if kept.notes(board)] == ["c", "d", "e"]


def test_a_note_stays_for_a_day() -> None:
    execute, clock = in_memory(), Clock()
    kept = Store(execute, clock)
    kept.pin("/board-a", "Ada", "old")
    clock.now_ms += NOTE_MS - 1
    assert texts(kept, "/board-a") == ["old"]

    clock.now_ms += 1
    assert texts(kept, "/board-a") == []
    kept.pin("/board-b", "Bob", "new")
    assert execute("SELECT text FROM notes") == [["new"]]


def test_a_rooms_roll_is_called_once_at_a_time() -> None:
    execute, clock = in_memory(), Clock()
    kept = Store(execute, clock)

    assert kept.begin_roll("lobby", 2.5)
    assert kept.begin_roll("tea", 2.5)
    clock.now_ms += 2_499
    assert not kept.begin_roll("lobby", 2.5)
    clock.now_ms += 1
    assert kept.begin_roll("lobby", 2.5)
    assert execute("SELECT room FROM rolls") == [["lobby"]]
