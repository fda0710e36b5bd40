"""The chat on a real socket, and a log that must stay quiet."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from aiohttp import web

from people import Chat


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Chat]:
    served = Chat()
    app = web.Application()
    served.sio.attach(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.url = "http://{}:{}".format(*runner.addresses[0])
    yield served
    for person in served.people:
        await person.client.disconnect()
    await served.sio.shutdown()
    await runner.cleanup()


@pytest.fixture(autouse=True)
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No handler may fail: python-socketio and asyncio would log it."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
