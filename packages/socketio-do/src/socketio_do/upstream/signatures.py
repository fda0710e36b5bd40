"""The types that python-socketio does not have: what a type checker sees of the server's methods that are upstream's own.

Nothing of it is there when the program runs. What takes a function and may be a decorator gives the function back unchanged.
"""

# ruff: noqa: D102 - upstream documents them

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

import socketio

from socketio_do.state.namespaces import NamespaceName
from socketio_do.state.rooms import Room
from socketio_do.upstream.dispatch import Handler

__all__ = ["H", "SignedServer"]

#: A handler, whatever it takes: a decorator gives back what it was given.
H = TypeVar("H", bound=Handler)
_P = ParamSpec("_P")


class SignedServer(socketio.AsyncServer):
    """`AsyncServer`, with types."""

    if TYPE_CHECKING:

        @overload
        def on(self, event: str, handler: None = None, namespace: NamespaceName | None = None) -> Callable[[H], H]: ...
        @overload
        def on(self, event: str, handler: Handler, namespace: NamespaceName | None = None) -> None: ...
        def on(self, event: str, handler: Any = None, namespace: Any = None) -> Any: ...

        @overload
        def event(self, handler: H, /) -> H: ...
        @overload
        def event(self, *, namespace: NamespaceName | None = None) -> Callable[[H], H]: ...
        def event(self, *args: Any, **kwargs: Any) -> Any: ...

        def is_asyncio_based(self) -> bool: ...
        def register_namespace(self, namespace_handler: socketio.AsyncNamespace) -> None: ...

        async def send(
            self,
            data: Any,
            to: Any = None,
            room: Any = None,
            skip_sid: Any = None,
            namespace: NamespaceName | None = None,
            callback: Any = None,
            ignore_queue: bool = False,
        ) -> None: ...

        async def enter_room(self, sid: str, room: Room, namespace: NamespaceName | None = None) -> None: ...
        async def leave_room(self, sid: str, room: Room, namespace: NamespaceName | None = None) -> None: ...
        async def close_room(self, room: Room, namespace: NamespaceName | None = None) -> None: ...
        def rooms(self, sid: str, namespace: NamespaceName | None = None) -> list[Room]: ...

        def session(self, sid: str, namespace: NamespaceName | None = None) -> AbstractAsyncContextManager[Any]: ...
        def transport(self, sid: str, namespace: NamespaceName | None = None) -> str: ...

        def start_background_task(
            self, target: Callable[_P, Coroutine[Any, Any, Any]], *args: _P.args, **kwargs: _P.kwargs
        ) -> Any: ...
        async def sleep(self, seconds: float = 0) -> None: ...
        async def shutdown(self) -> None: ...
