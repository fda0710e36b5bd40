"""The application `talk` on python-socketio's own server, and beside it python-engineio's that sends back; says its port."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import engineio
import socketio
from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "worker" / "src"))

import talk

LIMITS: dict[str, Any] = {
    "async_mode": "aiohttp",
    "ping_interval": 6_000,
    "ping_timeout": 5_000,
    "max_http_buffer_size": 100_000,
}


async def serve() -> None:
    """Serve until the input ends."""
    app = web.Application()
    sio = socketio.AsyncServer(**LIMITS)
    talk.register(sio)
    sio.attach(app, "/socket/")
    engine = engineio.AsyncServer(**LIMITS)
    engine.on("message", engine.send)
    engine.attach(app, "/echo/")
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
