"""The same applications on stock python-socketio: `socketio.AsyncServer` under aiohttp, in the loop of the test."""

import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import socketio
from aiohttp import web

__all__ = ["APPLICATIONS", "load", "stock_server"]

APPLICATIONS = Path(__file__).resolve().parents[1] / "applications" / "src"


def load(name: str) -> ModuleType:
    """Import an application as a process that has just begun does: anew each time."""
    spec = importlib.util.spec_from_file_location(name, APPLICATIONS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def stock_server(name: str) -> AsyncIterator[str]:
    """Serve an application at the path of its name; gives where."""
    application = load(name)
    sio = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins=getattr(application, "ALLOWED", None))
    application.register(sio)
    app = web.Application()
    sio.attach(app, socketio_path=name)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0])
    finally:
        await sio.shutdown()
        await runner.cleanup()
