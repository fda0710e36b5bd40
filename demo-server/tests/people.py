"""The chat on a stock python-socketio server, and the people who talk there."""

import asyncio
from collections.abc import Callable
from typing import Any

import socketio

import chat

BOUND_S = 5
LIVES = {"engine": "e1", "socket": "s1"}
EVENTS = ("joined", "left", "typing", "said", "shared", "seen")


class Person:
    """One client, with everything the server sent to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = socketio.AsyncClient(reconnection=False)
        self.inbox: dict[str, asyncio.Queue[Any]] = {name: asyncio.Queue() for name in EVENTS}
        for name, queue in self.inbox.items():
            self.client.on(name, queue.put)

    async def connect(self, auth: object) -> None:
        await self.client.connect(self.url, auth=auth)

    @property
    def sid(self) -> str:
        return str(self.client.get_sid())

    async def ask(self, event: str, data: Any = None) -> dict[str, Any]:
        """Send an event and return its ack."""
        reply = await self.client.call(event, data, timeout=BOUND_S)
        assert isinstance(reply, dict)
        return reply

    async def got(self, event: str) -> Any:
        """Return the next event of this name."""
        return await asyncio.wait_for(self.inbox[event].get(), BOUND_S)


class Chat:
    """The server, whose application part can be rebuilt as a Durable Object's is."""

    def __init__(self) -> None:
        self.sio = socketio.AsyncServer(async_mode="aiohttp")
        self.lives: Callable[[str], dict[str, str]] = lambda _sid: LIVES
        self.url = ""
        self.people: list[Person] = []
        self.register()

    def register(self) -> None:
        chat.register(self.sio, lambda sid: self.lives(sid))

    def rebuild(self) -> None:
        """Forget all that the application kept in Python; rooms and sessions stay."""
        self.sio.handlers.clear()
        self.register()

    async def person(self, nick: str, *rooms: str) -> Person:
        person = Person(self.url)
        await person.connect({"nick": nick})
        self.people.append(person)
        for room in rooms:
            assert (await person.ask("join", {"room": room}))["ok"]
        return person
