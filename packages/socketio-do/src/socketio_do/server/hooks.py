"""What an application wants to see or decide besides events: functions by kind and namespace, in the order they were registered."""

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from socketio_do.state.namespaces import NamespaceName, Owner
from socketio_do.upstream.dispatch import Handler

__all__ = ["HookKind", "Hooks"]

HookKind: TypeAlias = Literal[
    "use", "use_packet", "any", "any_outgoing", "error", "wake", "recovered", "create", "join", "leave", "delete"
]


class Hooks:
    """The registered functions. They do not survive: `configure` registers them again in each life."""

    def __init__(self) -> None:
        """Begin with none."""
        self._hooks: dict[HookKind, list[tuple[NamespaceName, Handler]]] = {}
        #: Returns whether there is any of a kind; at no call's cost, since it is asked for each packet.
        self.has: Callable[[HookKind], bool] = self._hooks.__contains__

    def add(self, kind: HookKind, namespace: NamespaceName, handler: Handler) -> None:
        """Register a function for a namespace, for the children of a parent, or ("*") for all."""
        self._hooks.setdefault(kind, []).append((namespace, handler))

    def of(self, kind: HookKind, owners: list[Owner]) -> Iterator[tuple[Handler, tuple[str, ...]]]:
        """Return the functions of a kind for a namespace, each with what it is told before its other arguments."""
        for name, handler in self._hooks.get(kind, ()):
            for owner, prefix in owners:
                if owner == name:
                    yield handler, prefix
