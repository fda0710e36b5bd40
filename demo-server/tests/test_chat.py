"""The chat on a stock python-socketio server, with real sockets."""

from typing import Any

import pytest
import socketio

import chat
import checks
from people import LIVES, Chat, Person

NOT_ROOMS: list[object] = [None, 1, "", "x" * 33, "a\tb\x07", {}, ["lobby"]]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def said(text: str = "hello", room: str = "lobby") -> dict[str, Any]:
    return {"room": room, "id": "message-0001", "text": text}


def shared(**changes: Any) -> dict[str, Any]:
    file = {"room": "lobby", "id": "message-0002", "name": "a.png", "type": "image/png"}
    return {**file, "data": PNG, **changes}


async def test_a_client_with_a_nickname_is_let_in(server: Chat) -> None:
    ada = await server.person("  Ada   Lovelace ")

    status = await ada.ask("status")

    assert status["nick"] == "Ada Lovelace"
    assert status["rooms"] == []


@pytest.mark.parametrize(
    "auth",
    [
        *[None, {}, [], "Ada", {"nick": None}, {"nick": 7}, {"nick": " "}, {"nick": "x" * 25}],
        *[{"nick": nick} for nick in ("a\x00b", "a\u202eb", "a\ud800b")],
    ],
)
async def test_a_client_without_a_proper_nickname_is_refused(server: Chat, auth: object) -> None:
    refusals: list[Any] = []
    person = Person(server.url)
    person.client.on("connect_error", refusals.append)

    with pytest.raises(socketio.exceptions.ConnectionError):
        await person.connect(auth)

    assert refusals == [{"message": "A nickname has 1 to 24 printable characters."}]


async def test_every_ack_names_the_lives_of_the_client(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    asked: list[str] = []

    def lives(sid: str) -> dict[str, str]:
        asked.append(sid)
        return LIVES

    server.lives = lives
    events = [("status", None), ("join", {}), ("typing", {"room": "lobby", "on": True})]
    events += [("say", said()), ("share", shared()), ("say", {"bad": 1}), ("leave", {})]

    replies = [await ada.ask(event, data) for event, data in events]

    assert [reply["lives"] for reply in replies] == [LIVES] * len(events)
    assert asked == [ada.sid] * len(events)


async def test_join_without_a_room_means_the_lobby(server: Chat) -> None:
    ada = await server.person("Ada")

    reply = await ada.ask("join")

    assert reply["room"] == chat.DEFAULT_ROOM
    assert reply["members"] == [{"id": ada.sid, "nick": "Ada"}]


async def test_a_room_has_one_spelling(server: Chat) -> None:
    ada = await server.person("Ada")

    reply = await ada.ask("join", {"room": "  Tea   ROOM "})

    assert reply["room"] == "tea room"


async def test_presence_follows_join_leave_and_disconnect(server: Chat) -> None:
    ada = await server.person("Ada", "lobby", "tea")
    bob = await server.person("Bob", "lobby", "tea")
    bob_sid = bob.sid

    assert [(await ada.got("joined"))["room"] for _ in range(2)] == ["lobby", "tea"]
    members = (await ada.ask("join", {"room": "tea"}))["members"]
    assert members == [{"id": ada.sid, "nick": "Ada"}, {"id": bob_sid, "nick": "Bob"}]

    await bob.ask("leave", {"room": "tea"})
    assert await ada.got("left") == {"room": "tea", "id": bob_sid}

    await bob.client.disconnect()
    assert await ada.got("left") == {"room": "lobby", "id": bob_sid}
    assert (await ada.ask("join"))["members"] == [{"id": ada.sid, "nick": "Ada"}]


async def test_joining_again_is_not_announced_again(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby", "lobby")

    assert (await bob.ask("say", said()))["recipients"] == 1
    await ada.got("said")

    assert ada.inbox["joined"].qsize() == 1


async def test_a_room_named_as_a_client_does_not_reach_that_client(server: Chat) -> None:
    ada = await server.person("Ada")
    eve = await server.person("Eve")

    reply = await eve.ask("join", {"room": ada.sid})

    assert [member["nick"] for member in reply["members"]] == ["Eve"]


async def test_a_client_is_in_a_bounded_number_of_rooms(server: Chat) -> None:
    names = [f"room {n}" for n in range(chat.ROOMS_PER_CLIENT)]
    ada = await server.person("Ada", *names)

    reply = await ada.ask("join", {"room": "one more"})

    assert not reply["ok"]
    assert (await ada.ask("status"))["rooms"] == names


async def test_a_room_holds_a_bounded_number_of_clients(server: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "CLIENTS_PER_ROOM", 1)
    await server.person("Ada", "lobby")
    bob = await server.person("Bob")

    assert (await bob.ask("join"))["error"] == "This room is full."


async def test_typing_reaches_the_others(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby")

    await ada.ask("typing", {"room": "lobby", "on": True})

    assert await bob.got("typing") == {"room": "lobby", "id": ada.sid, "on": True}
    assert ada.inbox["typing"].empty()


async def test_a_message_reaches_the_others_and_is_acked_with_their_number(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    others = [await server.person(nick, "lobby") for nick in ("Bob", "Cy")]
    await server.person("Dee", "elsewhere")

    reply = await ada.ask("say", said("  hello\nthere "))

    assert reply == {"ok": True, "recipients": 2, "lives": LIVES}
    expected = {**said("hello\nthere"), "from": ada.sid, "nick": "Ada"}
    assert [await person.got("said") for person in others] == [expected] * 2
    assert ada.inbox["said"].empty()


async def test_a_message_to_an_empty_room_has_no_recipient(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")

    assert (await ada.ask("say", said()))["recipients"] == 0


async def test_text_that_utf8_cannot_spell_is_replaced(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby")

    await ada.ask("say", said("a\ud800b"))

    assert (await bob.got("said"))["text"] == "a?b"


async def test_an_image_arrives_as_bytes_with_its_type(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby")

    reply = await ada.ask("share", shared())

    assert reply["recipients"] == 1
    assert await bob.got("shared") == {**shared(), "from": ada.sid, "nick": "Ada"}


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "IMAGE/PNG", "", None, 7, []])
async def test_any_other_file_is_only_for_download(server: Chat, kind: object) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby")

    await ada.ask("share", shared(name="../x/e\nvil.html", type=kind))

    file = await bob.got("shared")
    assert (file["name"], file["type"]) == ("e_vil.html", checks.DOWNLOAD_TYPE)


async def test_the_largest_file_arrives(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby")

    await ada.ask("share", shared(data=bytes(checks.FILE_LIMIT)))

    assert len((await bob.got("shared"))["data"]) == checks.FILE_LIMIT


async def test_what_was_shown_is_told_to_the_author(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby")
    ids = ["message-0001", "message-0002"]

    await bob.ask("shown", {"room": "lobby", "from": ada.sid, "ids": ids})

    assert await ada.got("seen") == {"room": "lobby", "ids": ids, "by": bob.sid}


@pytest.mark.parametrize("author", [None, 7, ["a"], {"a": 1}, "nobody", "room:lobby"])
async def test_a_confirmation_for_nobody_here_goes_nowhere(server: Chat, author: object) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby")

    await bob.ask("shown", {"room": "lobby", "from": author, "ids": ["message-0001"]})
    await bob.ask("say", said())
    await ada.got("said")

    assert ada.inbox["seen"].empty()


@pytest.mark.parametrize(
    ("event", "data"),
    [
        *[(event, "text") for event in ("status", "join", "leave", "typing", "say", "share")],
        *[(event, None) for event in ("leave", "typing", "say", "share", "shown")],
        *[("join", {"room": room}) for room in NOT_ROOMS],
        ("leave", {"room": "elsewhere"}),
        ("typing", {"room": "elsewhere", "on": True}),
        *[("typing", {"room": "lobby", "on": on}) for on in (None, 1, "yes")],
        ("say", said(room="elsewhere")),
        *[("say", said() | {"text": text}) for text in (None, 1, "", " \n", "x" * 2_001, ["a"])],
        *[("say", said() | {"id": key}) for key in (None, 1, "", "short", "x" * 41, "<message>")],
        *[("share", shared(data=data)) for data in (None, "text", b"", [1], b"x" * 700_001)],
        *[("share", shared(name=name)) for name in (None, 1, "", "  ")],
        *[("shown", {"room": "lobby", "from": "a", "ids": ids}) for ids in (None, [], "x", [1])],
        ("shown", {"room": "lobby", "from": "a", "ids": ["message-0001"] * 51}),
        ("shown", {"room": "elsewhere", "from": "a", "ids": ["message-0001"]}),
    ],
)
async def test_bad_input_is_answered_and_harms_nobody(server: Chat, event: str, data: object) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby")

    reply = await bob.ask(event, data)

    assert not reply["ok"]
    assert isinstance(reply["error"], str)
    assert (await bob.ask("say", said()))["recipients"] == 1
    assert await ada.got("said") == {**said(), "from": bob.sid, "nick": "Bob"}


async def test_an_author_cannot_confirm_to_itself(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")

    await ada.ask("shown", {"room": "lobby", "from": ada.sid, "ids": ["message-0001"]})
    await ada.ask("status")

    assert ada.inbox["seen"].empty()


async def test_surplus_arguments_are_ignored(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")

    assert (await ada.ask("say", (said(), 2, {"three": 3})))["ok"]


async def test_nothing_is_kept_in_python(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob", "lobby")
    before = await ada.ask("status")

    server.rebuild()

    assert await ada.ask("status") == before
    assert (await ada.ask("say", said()))["recipients"] == 1
    assert (await bob.got("said"))["nick"] == "Ada"
    server.rebuild()
    await bob.ask("shown", {"room": "lobby", "from": ada.sid, "ids": ["message-0001"]})
    assert (await ada.got("seen"))["by"] == bob.sid
    server.rebuild()
    bob_sid = bob.sid
    await bob.client.disconnect()
    assert await ada.got("left") == {"room": "lobby", "id": bob_sid}


async def test_a_member_whose_session_is_gone_is_not_listed(server: Chat) -> None:
    ada = await server.person("Ada", "lobby")
    bob = await server.person("Bob")
    manager = server.sio.manager
    engine_sid = manager.eio_sid_from_sid(ada.sid, "/")
    server.sio.eio.sockets[engine_sid].session.clear()

    reply = await bob.ask("join")

    assert reply["members"] == [{"id": bob.sid, "nick": "Bob"}]
