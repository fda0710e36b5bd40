"""The chat on a stock python-socketio server, and the people who talk there."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import socketio

import boards
import chat
from store import Execute, Store

BOUND_S = 5
LIVES = {"engine": "e1", "socket": "s1"}
BOARD = "/board-tea%20room"
EVENTS = ("joined", "left", "typing", "said", "shared", "seen")


def in_memory() -> Execute:
    """Make a database as the object has one."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    return lambda statement, *parameters: [list(row) for row in database.execute(statement, parameters)]


class Person:
    """One client, with everything the server sent to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = socketio.AsyncClient(reconnection=False)
        self.inbox: dict[str, asyncio.Queue[Any]] = {name: asyncio.Queue() for name in (*EVENTS, "pinned")}
        for name in EVENTS:
            self.client.on(name, self.inbox[name].put)
        self.client.on("pinned", self.inbox["pinned"].put, namespace=BOARD)

    async def connect(self, auth: object, *namespaces: str) -> None:
        await self.client.connect(self.url, auth=auth, namespaces=["/", *namespaces])

    @property
    def sid(self) -> str:
        return str(self.client.get_sid())

    async def ask(self, event: str, data: Any = None, namespace: str = "/") -> dict[str, Any]:
        """Send an event and return its ack."""
        reply = await self.client.call(event, data, namespace, timeout=BOUND_S)
        assert isinstance(reply, dict)
        return reply

    async def got(self, event: str) -> Any:
        """Return the next event of this name."""
        return await asyncio.wait_for(self.inbox[event].get(), BOUND_S)


class Chat:
    """The server, whose application part can be rebuilt as a Durable Object's is."""

    def __init__(self) -> None:
        self.sio = socketio.AsyncServer(async_mode="aiohttp", namespaces="*")
        self.store = Store(in_memory())
        self.lives: Callable[[str], dict[str, str]] = lambda _sid: LIVES
        self.url = ""
        self.people: list[Person] = []
        self.register()

    def register(self) -> None:
        """Register what python-socketio has; it has no patterns for namespaces, but a handler for all is called alike."""
        chat.register(self.sio, lambda sid: self.lives(sid))
        boards.register(self.sio, self.store, lambda sid: self.lives(sid), namespace="*")

    def rebuild(self) -> None:
        """Forget all that the application kept in Python; rooms and sessions stay."""
        self.sio.handlers.clear()
        self.register()

    async def person(self, nick: str, *rooms: str, board: bool = False) -> Person:
        person = Person(self.url)
        await person.connect({"nick": nick}, *([BOARD] if board else []))
        self.people.append(person)
        for room in rooms:
            assert (await person.ask("join", {"room": room}))["ok"]
        return person
