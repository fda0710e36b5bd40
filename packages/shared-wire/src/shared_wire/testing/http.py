"""Requests and responses, as `workers` and JavaScript have them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared_wire.testing.values import JsArray, JsBytes

__all__ = ["Headers", "Request", "Response"]


class Headers:
    """Headers with names in lower case."""

    def __init__(self, given: Any = ()) -> None:
        """Initialise with pairs, a dict, or other headers."""
        pairs = given.items() if isinstance(given, Mapping) else given
        self._values = {str(name).lower(): str(value) for name, value in pairs or ()}

    @classmethod
    def new(cls, given: Any = ()) -> "Headers":
        """Make headers, as from JavaScript."""
        return cls(given)

    def get(self, name: str) -> str | None:
        """Return a header's value."""
        return self._values.get(name.lower())

    def set(self, name: str, value: str) -> None:
        """Set a header."""
        self._values[name.lower()] = value

    def items(self) -> Iterable[tuple[str, str]]:
        """List names and values."""
        return self._values.items()

    def __iter__(self) -> Iterator[JsArray]:
        """Go through names and values."""
        return iter(JsArray(pair) for pair in self._values.items())


class _Signal:
    """A signal of a client that takes its request back."""

    def __init__(self) -> None:
        self._listeners: list[Any] = []

    def addEventListener(self, kind: str, listener: Any) -> None:  # noqa: N802 - JavaScript's name
        del kind
        self._listeners.append(listener)

    def removeEventListener(self, kind: str, listener: Any) -> None:  # noqa: N802 - JavaScript's name
        del kind
        if listener in self._listeners:
            self._listeners.remove(listener)


class _Piece:
    def __init__(self, data: bytes | None) -> None:
        self.done = data is None
        self.value = JsBytes(data or b"")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._pieces: list[bytes | None] = [data, None]

    async def read(self) -> _Piece:
        return _Piece(self._pieces.pop(0) if self._pieces else None)

    def cancel(self, reason: Any = None) -> None:
        del reason
        self._pieces.clear()


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def getReader(self) -> _Reader:  # noqa: N802 - JavaScript's name
        return _Reader(self._data)


class Request:
    """A request, the SDK's and JavaScript's in one."""

    cf: Any = None

    def __init__(self, url: str, *, method: str = "GET", headers: Any = (), body: str | bytes | None = None) -> None:
        """Initialise with what was asked."""
        self.url = url
        self.method = method
        self.headers = Headers(headers)
        self.signal = _Signal()
        self._data = body.encode() if isinstance(body, str) else body

    @classmethod
    def new(cls, given: Any, options: Mapping[str, Any] | None = None) -> "Request":
        """Make a request from an address or from another request, as from JavaScript."""
        options = options or {}
        base = given if isinstance(given, Request) else cls(str(given))
        made = cls(
            base.url,
            method=options.get("method", base.method),
            headers=options.get("headers", base.headers),
            body=options.get("body", base._data),
        )
        made.signal = base.signal
        return made

    @property
    def js_object(self) -> "Request":
        """JavaScript's request, which is this one."""
        return self

    @property
    def body(self) -> _Body | None:
        """The body as a stream."""
        return None if self._data is None else _Body(self._data)

    async def text(self) -> str:
        """Return the body as text."""
        return (self._data or b"").decode()

    async def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self._data or b"")


class Response:
    """A response, the SDK's and JavaScript's in one."""

    def __init__(
        self,
        body: Any = None,
        status: int = 200,
        headers: Any = (),
        webSocket: Any = None,  # noqa: N803 - JavaScript's name
        **_options: Any,
    ) -> None:
        """Initialise with what is answered."""
        self.status = status
        self.headers = Headers(headers)
        self.webSocket = webSocket  # JavaScript's name
        self.data = b"" if body is None else body.encode() if isinstance(body, str) else bytes(body)

    @classmethod
    def new(cls, body: Any = None, options: Mapping[str, Any] | None = None, **more: Any) -> "Response":
        """Make a response, as from JavaScript."""
        return cls(body, **{**(options or {}), **more})

    @classmethod
    def from_json(cls, value: Any, status: int = 200, headers: Any = ()) -> "Response":
        """Make a response with JSON."""
        given = dict(Headers(headers).items())
        return cls(json.dumps(value), status, {"content-type": "application/json", **given})

    async def text(self) -> str:
        """Return the body as text."""
        return self.data.decode()

    async def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.data)
