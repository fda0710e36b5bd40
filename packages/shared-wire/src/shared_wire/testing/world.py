"""A Worker in one process: its own entrypoint, its objects, and virtual time."""

import asyncio
import importlib
import json
import re
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self, TypeVar

from shared_wire.testing.actors import Actor, Namespace
from shared_wire.testing.bindings import Message, Queue, make_bindings
from shared_wire.testing.faults import Faults
from shared_wire.testing.http import Request, Response
from shared_wire.testing.lives import stop
from shared_wire.testing.loop import VirtualLoop
from shared_wire.testing.modules import install
from shared_wire.testing.sockets import ClientSocket

__all__ = ["Cost", "World"]

T = TypeVar("T")


@dataclass(slots=True)
class Cost:
    """What is on the bill: requests to the Worker, calls between objects, frames of clients and of streams, alarms."""

    requests: int = 0
    rpcs: int = 0
    frames: int = 0
    alarms: int = 0


#: What nobody cares about where a test does not say it.
_ORIGIN = "http://worker.test"

#: The folders whose modules were imported.
_projects: set[str] = set()


class World:
    """Everything of one Worker. Objects sleep when ten seconds of virtual time have brought them nothing."""

    def __init__(self, entry: ModuleType, bindings: Mapping[str, str], **env: Any) -> None:
        """Initialise with the Worker's main module, its Durable Object bindings (name to class), and the other bindings."""
        self.loop = VirtualLoop()
        #: What goes wrong; nothing at first.
        self.faults = Faults()
        #: What is deployed, as a binding of ``version_metadata`` has it.
        self.version = SimpleNamespace(id="version 1")
        self.env = SimpleNamespace(**env)
        #: What was used since the objects last fell asleep together (`sleep`), or since the beginning.
        self.cost = Cost()
        self._entry = entry
        self._names = {*bindings, *bindings.values()}
        for name, class_name in bindings.items():
            setattr(self.env, name, Namespace(name, self._maker(class_name)))

    @classmethod
    def load(cls, project: str | Path, **env: Any) -> Self:
        """Make the world of a project: a folder with a ``wrangler.jsonc``. ``env`` gives bindings that are not Durable Objects.

        The application's modules are imported anew for each world.
        """
        install()
        folder = Path(project).resolve()
        config = _read_config(folder)
        bindings = {one["name"]: one["class_name"] for one in config.get("durable_objects", {}).get("bindings", [])}
        world = cls(_import_anew(folder / config["main"]), bindings, **{**make_bindings(config), **env})
        if (version := config.get("version_metadata")) is not None:
            setattr(world.env, version["binding"], world.version)
        return world

    def actor(self, binding: str, name: str) -> Actor:
        """Return an object: ``world.actor("SOCKET", "main")``."""
        namespace: Namespace = getattr(self.env, binding)
        return namespace.actor(name)

    @property
    def actors(self) -> list[Actor]:
        """All objects that anybody has called."""
        found = (one for one in vars(self.env).values() if isinstance(one, Namespace))
        return [one for namespace in found for one in namespace.actors.values()]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, and what it has set going."""
        result = self.loop.complete(work)
        self.loop.settle()
        return result

    def fetch(self, path: str, **options: Any) -> Response:
        """Make a request to the Worker; ``options`` are those of a `Request`: method, headers, body."""
        return self.run(self.ask(path, **options))

    async def ask(self, path: str, **options: Any) -> Response:
        """Make a request, within a coroutine."""
        self.cost.requests += 1
        entrypoint = self._entry.Default(SimpleNamespace(waitUntil=_wait), self.env)
        response: Response = await entrypoint.fetch(Request(_ORIGIN + path, **options))
        return response

    def connect(self, path: str, headers: Mapping[str, str] | None = None) -> ClientSocket:
        """Open a WebSocket; raises `ConnectionRefusedError` with the answer where there is none."""
        response = self.fetch(path, headers={"upgrade": "websocket", **(headers or {})})
        if response.webSocket is None:
            raise ConnectionRefusedError(f"{response.status} {response.data.decode()}")
        socket: ClientSocket = response.webSocket
        return socket

    def ring_cron(self, cron: str = "* * * * *") -> None:
        """Have the entrypoint's ``scheduled`` called."""
        ctx = SimpleNamespace(waitUntil=_wait)
        controller = SimpleNamespace(cron=cron, scheduledTime=self.loop.time() * 1000)
        self.run(self._entry.Default(ctx, self.env).scheduled(controller, self.env, ctx))

    def deliver(self, queue: str, *bodies: Any) -> list[Message]:
        """Have the entrypoint's ``queue`` called with messages: those given, else those sent to the queue of that name.

        Returns them; what the consumer has neither acknowledged nor asked for again, the runtime acknowledges.
        """
        if not bodies:
            for one in vars(self.env).values():
                if isinstance(one, Queue) and one.name == queue:
                    bodies, one.sent = tuple(one.sent), []
        messages = [Message(number, body) for number, body in enumerate(bodies)]
        batch = SimpleNamespace(queue=queue, messages=messages)
        ctx = SimpleNamespace(waitUntil=_wait)
        self.run(self._entry.Default(ctx, self.env).queue(batch, self.env, ctx))
        for one in messages:
            one.ack()
        return messages

    def settle(self) -> None:
        """Run all that is ready. No time passes."""
        self.loop.settle()

    def advance(self, seconds: float) -> None:
        """Let time pass; what has nothing to do meanwhile falls asleep."""
        self.loop.advance(seconds)
        for one in self.actors:
            one.fall_asleep()

    def sleep(self) -> None:
        """Let all objects fall asleep; raises `AssertionError` that says what keeps one awake."""
        self.advance(12)  # a stream that was open is closed after 1.3 s, ten before its object sleeps
        for one in self.actors:
            if one.life is not None:
                why = ", ".join(one.life.keeps_awake()) or "an event less than ten seconds ago"
                raise AssertionError(f"{one!r} does not sleep: {why}")
        self.cost = Cost()

    def evict(self) -> None:
        """Remove all objects from memory, whatever they do; sockets and storage stay."""
        for one in self.actors:
            one.evict()

    def reset(self, name: str | None = None) -> None:
        """End the lives of all objects of a binding or a class, or of all there are, as a crash or ``ctx.abort()`` does.

        Raises `ValueError` for a name that no binding and no class of objects has.
        """
        if name is not None and name not in self._names:
            raise ValueError(f"{name!r} is none of {sorted(self._names)}")
        for one in self.actors:
            if name in (None, one.binding, one.class_name):
                one.reset()
        self.settle()

    def deploy(self, project: str | Path | None = None, *, reset: bool = False) -> None:
        """Deploy a project's code in place of what runs: each object takes it on with its next life, and keeps its sockets.

        Without a project the same code is deployed again, as another version. ``reset``: at once, as where a deploy does not wait
        any longer for an object that is busy, and without the sockets.
        """
        if project is not None:
            folder = Path(project).resolve()
            self._entry = _import_anew(folder / _read_config(folder)["main"])
        self.version.id = f"version {int(self.version.id.split()[1]) + 1}"
        if reset:
            self.reset()

    def jump_clock(self, seconds: float) -> None:
        """Have the clock on the wall jump, forward or back; what waits waits no longer and no shorter for it, alarms do."""
        self.loop.skew_s += seconds
        for one in self.actors:
            one.rearm()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything; a ``with`` block does it."""
        for one in self.actors:
            one.discard()
        self.loop.settle()
        with self.loop.as_running():
            for task in asyncio.all_tasks(self.loop):
                stop(task)
        self.loop.close()

    def count(self, what: str) -> None:
        """Count something that is on the bill; called by the objects."""
        setattr(self.cost, what, getattr(self.cost, what) + 1)

    def _maker(self, class_name: str) -> Any:
        def construct(ctx: Any) -> Any:
            return getattr(self._entry, class_name)(ctx, self.env)

        return lambda binding, name: Actor(self, binding, name, class_name, construct)


def _wait(promise: Any) -> None:
    """Stand for the entrypoint's ``waitUntil``: in a world everything runs to its end."""
    if asyncio.iscoroutine(promise):
        asyncio.get_running_loop().create_task(promise)


def _read_config(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(_without_comments((folder / "wrangler.jsonc").read_text(encoding="utf-8")))
    return config


def _without_comments(text: str) -> str:
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda found: found[1] or "", text, flags=re.DOTALL)


def _import_anew(main: Path) -> ModuleType:
    """Import a module, and those beside it, as a new process would; other projects have modules of the same names."""
    _projects.add(f"{main.parent}/")
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(tuple(_projects)):
            del sys.modules[name]
    sys.path.insert(0, str(main.parent))
    try:
        return importlib.import_module(main.stem)
    finally:
        sys.path.remove(str(main.parent))
