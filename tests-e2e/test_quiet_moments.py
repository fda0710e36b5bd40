"""Clients that poll do not keep a deploy from their object: it sleeps in a quiet moment, and keeps its WebSockets and sessions."""

import asyncio

from clients.polling import PollingSession, poll
from clients.raw import connect
from conftest import Worker
from waiting import silence, until

#: How long a quiet moment lasts: `engine_do.session.quiet`.
QUIET_S = 13
#: workerd takes an object down after 10 s without an event.
ASLEEP_S = 11.5


class Poller:
    """A client that polls as stock ones do, through an entrypoint of a version that the test names."""

    def __init__(self, session: PollingSession) -> None:
        self.version = "one"
        self.heard: list[str] = []
        self._session = session
        self._polling = asyncio.create_task(self._poll())

    async def _poll(self) -> None:
        while True:
            answer = await asyncio.wait_for(self._session.get(headers={"x-test-version": self.version}), 60)
            for frame in answer.frames:
                if frame == "2":
                    await self._session.send("3")
                elif frame != "6":
                    self.heard.append(str(frame))

    async def hears(self, packet: str, within_s: float = 5) -> None:
        """Wait for a packet."""

        async def found() -> bool:
            if self._polling.done():
                self._polling.result()
            return packet in self.heard

        await until(found, f"{packet} arrives", within_s)

    async def echo(self, text: str, within_s: float = 5) -> None:
        """Have something sent back."""
        await self._session.send(f'421["echo","{text}"]')
        await self.hears(f'431["{text}"]', within_s)

    async def connected(self) -> None:
        """Wait until it is let in."""

        async def found() -> bool:
            return bool(self.heard)

        await until(found, "it is connected")

    def stop(self) -> None:
        """Poll no more."""
        self._polling.cancel()


async def test_an_object_whose_clients_poll_takes_a_deploy_on_and_nobody_notices(own_worker: Worker) -> None:
    url = own_worker.url
    async with connect(url) as raw, poll(url, "/socket.io/") as one, poll(url, "/socket.io/") as two:
        await raw.join()
        pollers = [Poller(session) for session in (one, two)]
        for poller, session in zip(pollers, (one, two), strict=True):
            await session.send("40")
            await poller.connected()
        before = await own_worker.probe("engine")
        await silence(ASLEEP_S)
        assert (await own_worker.probe("engine"))["life"] == before["life"], "a GET is held, so it cannot sleep"
        for poller in pollers:
            poller.version = "two"
        await pollers[0].echo("deployed")  # its next GET comes through the new entrypoint
        await silence(QUIET_S + 1)
        after = await own_worker.probe("engine")
        assert after["life"] != before["life"], "it has slept, and would have had the new code"
        for poller in pollers:
            await poller.echo("still here", QUIET_S)
            poller.stop()
        await raw.send('421["echo","still here"]')
        assert await raw.receive_message() == '31["still here"]'
        told = await own_worker.probe("socket")
        assert (told["connects"], told["disconnects"]) == (3, 0)
