"""What a type checker must refuse: each line has an error that is expected, and mypy says so where there is none."""

from collections.abc import Callable

from shared_wire import Call, Lanes, Life, LinkDriver, MessageReceived, SendPackets, Wire, decode, digest, encode

SendPackets(("a plain text",), ("text",))  # type: ignore[arg-type]
MessageReceived("a plain text", "text")  # type: ignore[arg-type]
Life(1, 2).nonce = 3  # type: ignore[misc]
Life("1", 2)  # type: ignore[arg-type]
Call("engine-0", Life(1, 2), None, 1, 1, 1, 0)  # type: ignore[call-arg]
encode(b"no frame")  # type: ignore[arg-type]
decode("a text")  # type: ignore[arg-type]
digest(["a plain text"])  # type: ignore[list-item]
text: str = encode(decode(b""))  # type: ignore[assignment]


class HalfAWire:
    async def call(self, peer: str, data: bytes) -> bytes | None: ...

    def defer(self, action: Callable[[], None]) -> None: ...


wire: Wire = HalfAWire()  # type: ignore[assignment]
LinkDriver("engine-0", Life(1, 2), wire, True)  # type: ignore[call-arg]


def not_a_coroutine_function() -> None: ...


Lanes(print, print).run("a key", not_a_coroutine_function)  # type: ignore[arg-type]
