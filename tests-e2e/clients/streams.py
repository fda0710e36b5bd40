"""What a client that may come back has seen: connects, recovered or not, and numbers without a gap but where it was told."""

import json
from typing import Any

from clients.raw import RawSocket

__all__ = ["ask", "check_stream", "numbers", "told"]


async def ask(client: RawSocket, *args: Any) -> list[Any]:
    """Emit and return the acknowledgement; pings are answered, and other packets ignored."""
    await client.send("421" + json.dumps(args))
    while not (packet := str(await client.receive_message())).startswith("31"):
        pass
    answer: list[Any] = json.loads(packet[2:])
    return answer


def numbers(history: list[dict[str, Any]]) -> list[Any]:
    """Return the numbers that a client got."""
    return [step["args"][0] for step in history if step.get("event") == "number"]


def check_stream(history: list[dict[str, Any]]) -> None:
    """There is no gap and no duplicate but where the client was told."""
    last: int | None = None
    for step in history:
        if "connect" in step and not step["recovered"]:
            last = None
        elif step.get("event") == "number":
            number = step["args"][0]
            assert last is None or number == last + 1, (last, number)
            last = number


def told(history: list[dict[str, Any]]) -> list[bool]:
    """Return for each connect whether it was a recovered one."""
    return [step["recovered"] for step in history if "connect" in step]
