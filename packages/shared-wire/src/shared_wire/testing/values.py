"""JavaScript's values as Python sees them through Pyodide."""

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Deferred", "JsArray", "JsBytes", "JsDate", "JsException", "LifeOver", "OnceCallable", "to_js"]


class JsException(Exception):
    """What JavaScript threw; the runtime marks what it throws itself."""

    #: Whether the call may be made again: nothing of the object has failed it.
    retryable: bool = False
    #: Whether the object has too much to do, so that it must not.
    overloaded: bool = False

    def __init__(self, *args: Any, retryable: bool = False, overloaded: bool = False) -> None:
        """Initialise with its text and its marks."""
        super().__init__(*args)
        self.retryable, self.overloaded = retryable, overloaded


class LifeOver(JsException):
    """What whoever waits for an object is told whose life has ended."""


class JsBytes:
    """An ``ArrayBuffer`` or ``Uint8Array``."""

    def __init__(self, data: bytes) -> None:
        """Initialise with its bytes."""
        self._data = data
        self.byteLength = len(data)  # JavaScript's name

    def to_bytes(self) -> bytes:
        """Return its bytes."""
        return self._data

    def __bytes__(self) -> bytes:
        """Return its bytes."""
        return self._data

    def __iter__(self) -> Any:
        """Go through its bytes."""
        return iter(self._data)


class JsArray(list[Any]):
    """An array."""

    @property
    def length(self) -> int:
        """How many entries it has."""
        return len(self)

    def toArray(self) -> "JsArray":  # noqa: N802 - JavaScript's name
        """Return all entries, as a cursor does."""
        return self


class JsDate:
    """A ``Date``."""

    def __init__(self, ms: float) -> None:
        """Initialise with milliseconds since the epoch."""
        self._ms = ms

    def getTime(self) -> float:  # noqa: N802 - JavaScript's name
        """Return the milliseconds since the epoch."""
        return self._ms


class OnceCallable:
    """A Python function that JavaScript may call."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Initialise with the function."""
        self._function: Callable[..., Any] | None = function

    def __call__(self, *args: Any) -> Any:
        """Call it."""
        if self._function is None:
            raise JsException("this proxy has been destroyed")
        return self._function(*args)

    def destroy(self) -> None:
        """Let it be called no more."""
        self._function = None


class Deferred:
    """What ``Promise.withResolvers()`` returns; its own promise."""

    def __init__(self) -> None:
        """Initialise as pending."""
        self.promise = self
        self.is_settled = False
        self._callbacks: list[Callable[[], None]] = []

    def resolve(self, value: Any = None) -> None:
        """Settle it."""
        del value
        self.is_settled = True
        for callback in self._callbacks:
            callback()
        self._callbacks.clear()

    def when_settled(self, callback: Callable[[], None]) -> None:
        """Have a function called when it is settled."""
        if self.is_settled:
            callback()
        else:
            self._callbacks.append(callback)


def to_js(value: Any, **_options: Any) -> Any:
    """Convert what the packages hand over: bytes, and lists with them."""
    if isinstance(value, bytes | bytearray | memoryview):
        return JsBytes(bytes(value))
    if isinstance(value, list | tuple):
        return JsArray(to_js(item) for item in _items(value))
    return value


def _items(value: Iterable[Any]) -> Iterable[Any]:
    return value
