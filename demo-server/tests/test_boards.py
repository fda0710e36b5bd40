"""Boards, as far as stock python-socketio goes: there a handler for all namespaces stands for the pattern."""

from urllib.parse import quote

import pytest

import boards
from people import BOARD, LIVES, Chat


def pinned(*notes: tuple[str, str]) -> dict[str, object]:
    return {"notes": [{"nick": nick, "text": text} for nick, text in notes]}


async def test_a_note_reaches_who_looks_at_the_board_and_who_comes_later(server: Chat) -> None:
    ada = await server.person("Ada", board=True)
    bob = await server.person("Bob", board=True)

    assert await ada.ask("pin", {"text": "  tea at   four "}, BOARD) == {"ok": True, "lives": LIVES}
    assert await ada.got("pinned") == await bob.got("pinned") == pinned(("Ada", "tea at four"))
    await bob.ask("pin", {"text": "cake!"}, BOARD)

    server.rebuild()
    late = await server.person("Cy", board=True)
    assert await late.ask("notes", None, BOARD) == {
        "ok": True,
        "lives": LIVES,
        **pinned(("Bob", "cake!"), ("Ada", "tea at four")),
    }


@pytest.mark.parametrize("text", [None, 7, "", " ", "x" * 141, "a\x00b"])
async def test_what_is_no_note_is_not_pinned(server: Chat, text: object) -> None:
    ada = await server.person("Ada", board=True)

    reply = await ada.ask("pin", {"text": text}, BOARD)

    assert reply == {"ok": False, "error": "A note has 1 to 140 printable characters.", "lives": LIVES}
    assert (await ada.ask("notes", None, BOARD))["notes"] == []


@pytest.mark.parametrize("room", ["lobby", "tea room", "50%, or less?", "\u00fc(1)~*!'", "-"])
def test_the_board_of_a_room_has_a_name_that_matches(room: str) -> None:
    assert boards.BOARDS.fullmatch("/board-" + quote(room, safe="!'()*~"))


@pytest.mark.parametrize("name", ["/board-", "/board", "/xboard-a", "/board-a/b", "/board-a b", "/board-" + "x" * 201])
def test_no_other_namespace_is_a_board(name: str) -> None:
    assert not boards.BOARDS.fullmatch(name)
