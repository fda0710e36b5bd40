"""Which namespaces are served, and by whose handlers: those of the same name, of a parent, or of ``"*"``.

A parent is a regular expression or a predicate that stands where a namespace's name would: all namespaces it lets in are its
children, and its handlers serve them. What a pattern lets in follows from the name. A predicate is asked once for each name, and
its yes is kept in storage with the first socket, so after sleep nobody is asked again.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from socketio_do.limits import MAX_CHILDREN, MAX_HELD_CHILDREN
from socketio_do.state.tables import Storage

__all__ = ["RESERVED_EVENTS", "Matcher", "NamespaceName", "Namespaces", "Owner"]

#: Lets namespaces in: a pattern that matches the whole name, or a function of name, environ and auth, which may be a coroutine
#: function.
Matcher: TypeAlias = re.Pattern[str] | Callable[..., Any]

#: What handlers are registered for: a name, ``"*"``, or a parent.
NamespaceName: TypeAlias = str | Matcher

#: Whose handlers may serve a namespace, and what they are told before their other arguments.
Owner: TypeAlias = tuple[NamespaceName, tuple[str, ...]]

#: Events that a catch-all handler is not told.
RESERVED_EVENTS: Final = frozenset(["connect", "disconnect", "disconnecting"])


class Namespaces:
    """The namespaces of one server. What predicates have let in is in storage; the rest follows from what is registered."""

    def __init__(
        self,
        storage: Storage,
        handlers: Mapping[Any, Mapping[str, Any]],
        classes: Mapping[Any, Any],
        served: Sequence[str],
        *,
        cleanup: bool,
    ) -> None:
        """Initialise with the rows, what the application registers, now and later, and the names served without handlers.

        ``cleanup``: whether a predicate's child is forgotten when its last socket has gone.
        """
        self._storage = storage
        self._handlers, self._classes, self._served = handlers, classes, served
        self._cleanup = cleanup
        #: The namespaces that predicates have let in: those that have no socket yet, and, of those in storage, some.
        self._fresh: dict[str, Matcher] = {}
        self._held: dict[str, Matcher] = {}

    def parent(self, namespace: str) -> Matcher | None:
        """Find the parent whose child a namespace is, if it is one that was let in."""
        if self.is_static(namespace):
            return None
        return self._fresh.get(namespace) or self._kept(namespace) or self._matching(namespace)

    async def admit(self, namespace: str, environ: Any, auth: Any) -> bool:
        """Return whether clients may connect to a namespace; a predicate is asked about a name that is not known."""
        if self.is_static(namespace) or self.parent(namespace) is not None:
            return True
        for predicate in self._predicates().values():
            answer = predicate(namespace, environ, auth)
            if await answer if inspect.isawaitable(answer) else answer:
                if self._storage.count_namespaces() + len(self._fresh) >= MAX_CHILDREN:
                    return False
                self._fresh[namespace] = predicate
                return True
        return self._served == "*"

    def keep(self, namespace: str) -> None:
        """Keep a namespace whose first socket has connected."""
        let_in = self._fresh.get(namespace)
        for name, predicate in self._predicates().items() if let_in is not None else ():
            if predicate is let_in:
                self._storage.insert_namespace(namespace, name)
                self._hold(namespace, predicate)
        self._fresh.pop(namespace, None)

    def release(self, namespace: str, is_empty: Callable[[], bool]) -> None:
        """Forget a predicate's child that never had a socket, or has none any more, if that is asked for."""
        if namespace in self._fresh:
            if is_empty():
                del self._fresh[namespace]
        elif self._cleanup and not self.is_static(namespace) and self._kept(namespace) is not None and is_empty():
            self._storage.delete_namespace(namespace)
            self._held.pop(namespace, None)

    def owners(self, namespace: str) -> list[Owner]:
        """List whose handlers may serve a namespace, the nearest first."""
        parent = None if namespace in self._handlers else self.parent(namespace)
        between: list[Owner] = [] if parent is None else [(parent, (namespace,))]
        return [(namespace, ()), *between, ("*", (namespace,))]

    def is_in(self, namespace: str, name: NamespaceName) -> bool:
        """Return whether a namespace is the one named, or a child of the parent named."""
        return name == namespace or (not isinstance(name, str) and self.parent(namespace) is name)

    def handler(self, event: str, namespace: str) -> tuple[Any, tuple[str, ...]] | None:
        """Find the function that handles an event, and what it is told before its other arguments."""
        for owner, prefix in self.owners(namespace):
            handlers = self._handlers.get(owner, {})
            if event in handlers and event != "*":
                return handlers[event], prefix
            if "*" in handlers and event not in RESERVED_EVENTS:
                return handlers["*"], (event, *prefix)
        return None

    def handler_class(self, namespace: str) -> tuple[Any, tuple[str, ...]] | None:
        """Find the class-based namespace that handles a namespace."""
        for owner, prefix in self.owners(namespace):
            if owner in self._classes:
                return self._classes[owner], prefix
        return None

    def is_static(self, namespace: str) -> bool:
        """Return whether a namespace is served by its own name: nobody is asked who may connect to it."""
        if namespace in self._handlers or namespace in self._classes:
            return True
        return self._served != "*" and namespace in self._served

    def _kept(self, namespace: str) -> Matcher | None:
        """Return which predicate let a namespace in that has had a socket."""
        if namespace in self._held:
            return self._held[namespace]
        predicates = self._predicates()
        name = self._storage.parent(namespace) if predicates else None
        predicate = None if name is None else predicates.get(name)
        if predicate is not None:
            self._hold(namespace, predicate)
        return predicate

    def _hold(self, namespace: str, predicate: Matcher) -> None:
        while len(self._held) >= MAX_HELD_CHILDREN:
            del self._held[next(iter(self._held))]
        self._held[namespace] = predicate

    def _matching(self, namespace: str) -> Matcher | None:
        patterns = (matcher for matcher in self._matchers() if isinstance(matcher, re.Pattern))
        return next((pattern for pattern in patterns if pattern.fullmatch(namespace)), None)

    def _matchers(self) -> Iterator[Matcher]:
        for owner in (*self._handlers, *self._classes):
            if not isinstance(owner, str):
                yield owner

    def _predicates(self) -> dict[str, Callable[..., Any]]:
        """Name the predicates, as storage does: by their own name, and by a number where several have the same."""
        named: dict[str, Callable[..., Any]] = {}
        for predicate in dict.fromkeys(self._matchers()):
            if isinstance(predicate, re.Pattern):
                continue
            name = own = getattr(predicate, "__qualname__", type(predicate).__qualname__)
            number = 1
            while name in named:
                number += 1
                name = f"{own} {number}"
            named[name] = predicate
        return named
