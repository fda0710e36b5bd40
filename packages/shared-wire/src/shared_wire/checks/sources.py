"""A module of the application as its syntax tree: what its names stand for, and what runs while it is imported.

Seen: statements of the module, of class bodies, conditions and loops; decorators and default arguments; and the bodies of
functions of the same module that these call, one level deep, with the ``__init__`` of classes. Not seen: what such a function
calls in turn, what functions of other modules do, methods, and names that are bound in other ways than by imports.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self, TypeAlias

__all__ = ["ImportCall", "Source", "dotted"]

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class ImportCall:
    """A call that is made while the module is imported, by the full name of what is called."""

    name: str
    node: ast.Call
    #: The function of this module in whose body it stands, if it is one that the module calls.
    within: str | None = None


@dataclass(frozen=True)
class Source:
    """One Python file of the application."""

    path: str
    #: The name by which other files import it.
    module: str
    tree: ast.Module

    @classmethod
    def parse(cls, path: str, module: str, text: str) -> Self:
        """Parse a file; raises `SyntaxError`."""
        return cls(path, module, ast.parse(text))

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What imports have bound, by the names they are used under: ``{"r": "random"}`` after ``import random as r``."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    first = alias.name.partition(".")[0]
                    found[alias.asname or first] = alias.name if alias.asname else first
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        return found

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names that the module's own statements bind; ``*`` where it imports all of another."""
        return frozenset(name for node in _statements(self.tree.body) for name in _binds(node))

    @cached_property
    def classes(self) -> Mapping[str, ast.ClassDef]:
        """The classes at module level."""
        return {node.name: node for node in _statements(self.tree.body) if isinstance(node, ast.ClassDef)}

    def full_name(self, node: ast.expr) -> str | None:
        """Return what an expression names, with imports resolved; none when it is no name, or not an imported one."""
        name = dotted(node)
        first, dot, rest = (name or "").partition(".")
        return f"{self.names[first]}{dot}{rest}" if first in self.names else None

    def calls_at_import(self) -> Iterator[ImportCall]:
        """Go through the calls that run while the module is imported."""
        functions = {node.name: node for node in _statements(self.tree.body) if isinstance(node, _Function)}
        followed: set[str] = set()
        for called in _run(self.tree.body):
            yield from self._resolve([called] if isinstance(called, ast.Call) else [])
            local = dotted(called.func if isinstance(called, ast.Call) else called)
            body = functions.get(local or "") or self._constructor(local or "")
            if body is not None and local is not None and local not in followed:
                followed.add(local)
                inside = (one for one in _run(body.body) if isinstance(one, ast.Call))
                yield from self._resolve(inside, within=local)

    def _resolve(self, calls: Iterable[ast.Call], within: str | None = None) -> Iterator[ImportCall]:
        for call in calls:
            if (name := self.full_name(call.func)) is not None:
                yield ImportCall(name, call, within)

    def _constructor(self, name: str) -> _Function | None:
        body = self.classes[name].body if name in self.classes else []
        return next((one for one in body if isinstance(one, _Function) and one.name == "__init__"), None)


def dotted(node: ast.expr) -> str | None:
    """Return the name that an expression is: ``a.b.c``; none for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    before = dotted(node.value) if isinstance(node, ast.Attribute) else None
    return f"{before}.{node.attr}" if before and isinstance(node, ast.Attribute) else None


def _run(body: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """Go through what is called when statements run: calls, and decorators, which are called with what they decorate."""
    for node in body:
        if isinstance(node, ast.If) and _is_elsewhere(node.test):
            yield from _run(node.orelse)
        elif isinstance(node, _Function | ast.Lambda):
            yield from _defined(node)
        elif isinstance(node, ast.ClassDef):
            yield from _plain(node.decorator_list)
            yield from _run([*node.decorator_list, *node.bases, *(one.value for one in node.keywords), *node.body])
        else:
            if isinstance(node, ast.Call):
                yield node
            yield from _run(ast.iter_child_nodes(node))


def _defined(node: _Function | ast.Lambda) -> Iterator[ast.expr]:
    """Go through what a definition runs: decorators and default arguments, not the body."""
    defaults = [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    yield from _plain(decorators)
    yield from _run([*decorators, *defaults])


def _plain(decorators: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Go through decorators that are functions themselves, and not what a call returns."""
    return (one for one in decorators if not isinstance(one, ast.Call))


def _is_elsewhere(test: ast.expr) -> bool:
    """Return whether a condition holds for type checkers or for scripts only."""
    if isinstance(test, ast.Compare):
        return dotted(test.left) == "__name__"
    return (dotted(test) or "").rpartition(".")[2] == "TYPE_CHECKING"


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Go through a module's statements, those in conditions, loops and ``try`` too."""
    for node in body:
        yield node
        if not isinstance(node, _Function | ast.ClassDef):
            inner = [getattr(node, part, []) for part in ("body", "orelse", "finalbody")]
            handlers = [one.body for one in getattr(node, "handlers", [])]
            for part in (*inner, *handlers):
                yield from _statements(part)


def _binds(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, _Function | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    else:
        # Of a statement with a body only its head: `_statements` goes through what is in it.
        head = [getattr(node, "target", None), *getattr(node, "items", [])] if hasattr(node, "body") else [node]
        names = (one for part in head if part is not None for one in ast.walk(part))
        yield from (one.id for one in names if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
