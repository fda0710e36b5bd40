"""Clients that write down what they see, in order: npm's and python-socketio's, with the same entries for the same things.

An entry is ("connect",), ("connect_error", ...), ("event", name, *args), ("ack", event, *args) or ("disconnect", reason).
"""

import asyncio
import functools
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from clients.node import NodeClient, decode, encode, node_client
from clients.python import Client

__all__ = ["Entry", "NodeTape", "PythonTape", "Stage", "Tape", "stage"]

PATIENCE_S = 30

Entry: TypeAlias = tuple[Any, ...]


class Tape:
    """What one client has seen, and how far a script has looked at it."""

    def __init__(self) -> None:
        self.seen: list[Entry] = []
        self.sid = ""
        self._looked_at = 0

    async def until(self, *wanted: Any) -> Entry:
        """Wait for an entry that begins so, behind the one waited for last; what comes before it is kept."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                while self._looked_at == len(self.seen):
                    await self._more()
                entry = self.seen[self._looked_at]
                self._looked_at += 1
                if entry[: len(wanted)] == wanted:
                    return entry

    async def events(self, name: str, count: int) -> list[Any]:
        """Wait for so many events of a name; gives the first argument of each."""
        return [(await self.until("event", name))[2] for _ in range(count)]

    def forget(self, *wanted: Any) -> None:
        """Leave out the entries that begin so: how many there are depends on how often a script had to ask."""
        self.seen[:] = [entry for entry in self.seen if entry[: len(wanted)] != wanted]
        self._looked_at = len(self.seen)

    async def call(self, event: str, *args: Any) -> list[Any]:
        """Emit, and wait for the acknowledgement."""
        raise NotImplementedError

    async def _more(self) -> None:
        raise NotImplementedError


class NodeTape(Tape):
    """npm's client, which acknowledges each event with its arguments."""

    def __init__(self, client: NodeClient) -> None:
        super().__init__()
        self._client = client
        self._asked: list[str] = []

    async def emit(self, event: str, *args: Any) -> None:
        """Emit without acknowledgement."""
        await self._client.emit(event, *args)

    async def call(self, event: str, *args: Any) -> list[Any]:
        """Emit, and wait for the acknowledgement."""
        self._asked.append(event)
        command = {"do": "call", "number": len(self._asked) - 1, "event": event, "args": encode([*args])}
        await self._client._tell(command)  # its own `call` looks at all that came before the answer with each line
        return [*(await self.until("ack", event))[2:]]

    async def leave(self) -> None:
        """Disconnect from the namespace."""
        await self._client.leave()
        await self.until("disconnect")

    def end(self) -> None:
        """End the process: one that polls a stock server has a request open after it has left, and would wait for its answer."""
        self._client._process.terminate()

    async def _more(self) -> None:
        """Read a line, without the task and the timer that `NodeClient.next` makes for each: there may be 20,000."""
        lines = self._client._process.stdout
        assert lines is not None
        line = await lines.readline()
        assert line, f"the client has ended; it said {self.seen[-3:]}"
        self.seen.append(self._read(decode(json.loads(line))))

    def _read(self, line: dict[str, Any]) -> Entry:
        match line["what"]:
            case "connect":
                self.sid = line["id"]
                return ("connect",)
            case "connect_error":
                return ("connect_error", line["message"], line["data"])
            case "disconnect":
                return ("disconnect", line["reason"])
            case "ack":
                return ("ack", self._asked[line["number"]], *line["args"])
        return ("event", line["event"], *line["args"])


class PythonTape(Tape):
    """python-socketio's client, which acknowledges a question with it and "answered"."""

    def __init__(self, namespace: str, **options: Any) -> None:
        super().__init__()
        self.client = Client(namespace, **options)
        self._namespace = namespace
        self._news = asyncio.Event()
        handlers = {"connect": self._connected, "connect_error": self._refused, "disconnect": self._gone}
        for event, handler in {**handlers, "*": self._told, "question": self._asked}.items():
            self.client.on(event, handler, namespace=namespace)

    async def emit(self, event: str, *args: Any) -> None:
        """Emit without acknowledgement."""
        await self.client.emit(event, args, namespace=self._namespace)

    async def call(self, event: str, *args: Any) -> list[Any]:
        """Emit, and wait for the acknowledgement."""
        see = functools.partial(self._see, "ack", event)
        await self.client.emit(event, args, namespace=self._namespace, callback=see)
        return [*(await self.until("ack", event))[2:]]

    async def leave(self) -> None:
        """Disconnect."""
        await self.client.disconnect()
        await self.until("disconnect")

    async def _more(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _see(self, *entry: Any) -> None:
        self.seen.append(entry)
        self._news.set()

    def _connected(self) -> None:
        self.sid = self.client.get_sid(self._namespace)
        self._see("connect")

    def _refused(self, error: Any) -> None:
        found = error if isinstance(error, dict) else {"message": error}
        self._see("connect_error", found.get("message"), found.get("data"))

    def _gone(self, reason: str) -> None:
        self._see("disconnect", reason)

    def _told(self, event: str, *args: Any) -> None:
        self._see("event", event, *args)

    def _asked(self, question: Any) -> list[Any]:
        self._see("event", "question", question)
        return [question, "answered"]


class Stage:
    """Where a script is played: one server, and the clients that come to it, by name."""

    def __init__(self, url: str, path: str, stack: AsyncExitStack) -> None:
        self.url = url
        self.path = path
        self.people: dict[str, Tape] = {}
        self._stack = stack

    async def node(self, name: str, namespace: str = "/", **options: Any) -> NodeTape:
        """Start npm's client; not yet connected."""
        options = {"path": self.path, "reconnection": False, **options}
        person = NodeTape(await self._stack.enter_async_context(node_client(self.url, namespace, **options)))
        self._stack.callback(person.end)
        self.people[name] = person
        return person

    async def python(
        self, name: str, namespace: str = "/", *, auth: Any = None, transports: Any = None, **headers: str
    ) -> PythonTape:
        """Start python-socketio's client; its transport is connected, its namespace not yet."""
        person = self.people[name] = PythonTape(namespace)
        self._stack.push_async_callback(person.client.disconnect)
        await person.client.connect(
            self.url,
            headers=headers,
            auth=auth,
            transports=transports,
            namespaces=namespace,
            socketio_path=self.path,
            wait=False,
        )
        return person

    def trace(self) -> dict[str, list[Any]]:
        """What each has seen so far, with names for sids."""
        names = {person.sid: f"<{name}>" for name, person in self.people.items() if person.sid}
        return {name: _named(person.seen, names) for name, person in self.people.items()}


@asynccontextmanager
async def stage(url: str, path: str) -> AsyncIterator[Stage]:
    """Prepare for a script; all leave at the end."""
    async with AsyncExitStack() as stack:
        yield Stage(url, path, stack)


def _named(value: Any, names: dict[str, str]) -> Any:
    """Put names in the place of sids, and lists in that of tuples within an entry."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: _named(item, names) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_named(item, names) for item in value)
    return [_named(item, names) for item in value] if isinstance(value, list) else value
