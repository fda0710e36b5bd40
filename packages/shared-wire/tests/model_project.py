"""A Worker of one object, written where a test says."""

from pathlib import Path

__all__ = ["write_project"]

ENTRY = """
import asyncio
import js
import helper
from shared_wire.durable import start_eagerly
from workers import DurableObject, Response, WorkerEntrypoint


class Counter(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.count = 0
        self.marks = []

    def webSocketMessage(self, ws, message):
        self.count += 1
        ws.send(f"{helper.greet()} {self.count} {message}")

    def webSocketClose(self, ws, code, reason, was_clean):
        ws.close(code, reason)

    async def fetch(self, request):
        client, server = js.WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server, ["all"])
        return Response(None, status=101, webSocket=client)

    async def alarm(self, info=None):
        rung = (self.ctx.storage.kv.get("rung") or 0) + 1
        self.ctx.storage.kv.put("rung", rung)
        if rung < self.env.GOOD_ALARM:
            raise RuntimeError("not yet")

    async def open_stream(self, name):
        answer = await self.env.COUNTER.getByName(name).fetch("http://stream/")
        self.stream = answer.webSocket
        self.listener = lambda event: self.marks.append(event.data)
        self.stream.addEventListener("message", self.listener)
        self.stream.accept()

    async def hear_no_more(self):
        self.stream.removeEventListener("message", self.listener)

    async def hear_once(self):
        def hear(event):
            self.marks.append(f"once: {event.data}")
            self.stream.removeEventListener("message", hear)

        self.stream.addEventListener("message", hear)

    async def say_twice(self, text):
        self.stream.send(text)
        self.stream.send(text)

    async def hear_badly(self):
        self.stream.addEventListener("message", lambda event: 1 / 0)

    async def hear_slowly(self):
        self.stream.addEventListener("message", lambda event: asyncio.sleep(5))

    async def say(self, text):
        self.stream.send(text)

    async def close_stream(self):
        self.stream.close()

    async def heard(self):
        return str(self.marks)

    async def begin_work(self):
        self.gate = asyncio.Event()
        start_eagerly(self.ctx, self.gate.wait())

    async def end_work(self):
        self.gate.set()
        return "done"

    async def arm(self, ms):
        import time
        await self.ctx.storage.setAlarm(time.time() * 1000 + ms)

    async def rung(self):
        return self.ctx.storage.kv.get("rung") or 0

    async def wait(self, seconds):
        try:
            await asyncio.sleep(seconds)
            self.ctx.storage.kv.put("waited", True)
        except BaseException:
            self.ctx.storage.kv.put("told of its end", True)
            raise
        return "waited"

    async def call(self, name):
        return await self.env.COUNTER.getByName(name).wait(1)

    async def cancel_timer(self):
        task = asyncio.create_task(asyncio.sleep(30))
        await asyncio.sleep(0)
        task.cancel()

    async def note(self, text):
        kv = self.ctx.storage.kv
        kv.put("notes", [*(kv.get("notes") or []), text])
        return text

    async def late_note(self):
        js.queueMicrotask(lambda: self.ctx.storage.kv.put("notes", ["late"]))

    async def fail(self):
        raise ValueError("the secret")

    async def give_tuple(self):
        return (1, 2)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/env"):
            return Response.from_json({"variable": self.env.VARIABLE, "kept": await self.env.KEPT.get("key")})
        return await self.env.COUNTER.getByName("one").fetch(request)

    async def queue(self, batch, env, ctx):
        for message in batch.messages:
            if message.body == "again":
                message.retry()
            else:
                await env.KEPT.put("key", f"{batch.queue}: {message.body}")

    async def scheduled(self, controller, env, ctx):
        await env.KEPT.put("key", controller.cron)
"""

CONFIG = """
// What Cloudflare reads; "//" in a text is no comment.
{
  "main": "src/entry.py",
  "durable_objects": { "bindings": [{ "name": "COUNTER", "class_name": "Counter" }] },
  "kv_namespaces": [{ "binding": "KEPT", "id": "1" }], /* a comment */
  "queues": { "producers": [{ "binding": "MAIL", "queue": "mail" }] },
  "vars": { "VARIABLE": "http://value", "GOOD_ALARM": 1 }
}
"""


def write_project(folder: Path) -> Path:
    """Write a project into a folder; returns that."""
    (folder / "src").mkdir()
    (folder / "src" / "entry.py").write_text(ENTRY, encoding="utf-8")
    (folder / "src" / "helper.py").write_text("def greet():\n    return 'hello'\n", encoding="utf-8")
    (folder / "wrangler.jsonc").write_text(CONFIG, encoding="utf-8")
    return folder
