"""Classes of actors against the configuration: bindings, migrations, and what names a binding in the code."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

from shared_wire.checks.findings import Finding
from shared_wire.checks.settings import Settings
from shared_wire.checks.sources import Source, dotted

__all__ = ["ACTOR_BASES", "Actor", "Classes", "find_binding_faults", "module_name"]

#: The base classes of actors, by every name they can be imported under.
ACTOR_BASES: Final = {
    "engine_do.durable.EngineActor": "engine",
    "engine_do.durable.actor.EngineActor": "engine",
    "socketio_do.durable.SocketActor": "application",
    "socketio_do.durable.actor.SocketActor": "application",
}
#: Functions whose argument is a Durable Object binding, and which one it is.
_TAKE_BINDING: Final = {
    "engine_do.durable.route": 1,
    "engine_do.durable.entrypoint.route": 1,
    "socketio_do.durable.Emitter": 0,
    "socketio_do.durable.emitter.Emitter": 0,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A class that the entry module exports and that derives from ours."""

    name: str
    kinds: frozenset[str]
    path: str
    line: int
    #: Its ``peer_binding`` and the line of it; an empty name where it has none or one that is not written out.
    peer_binding: str
    peer_line: int


@dataclass(frozen=True)
class Classes:
    """The classes of all modules of the application, and those that its entry module exports."""

    sources: Mapping[str, Source]
    entry: Source

    @cached_property
    def actors(self) -> Mapping[str, Actor]:
        """The actors that the entry module exports, by the names it exports them under."""
        found = {name: self._actor(name) for name in sorted(self.entry.bound)}
        return {name: actor for name, actor in found.items() if actor is not None}

    @cached_property
    def bases(self) -> frozenset[str]:
        """The last names of all classes that another class derives from."""
        classes = (node for source in self.sources.values() for node in source.classes.values())
        return frozenset((dotted(base) or "").rpartition(".")[2] for node in classes for base in node.bases)

    def exports(self, name: str) -> bool:
        """Return whether the entry module binds a name, or may."""
        return name in self.entry.bound or "*" in self.entry.bound

    def _actor(self, name: str) -> Actor | None:
        found = self._find(self.entry, name)
        if found is None:
            return None
        lineage = list(self._lineage(*found))
        kinds = frozenset(kind for kind in (ACTOR_BASES.get(one) for one in lineage if isinstance(one, str)) if kind)
        if not kinds:
            return None
        source, node = found
        peer, line = "", node.lineno
        for one in lineage:
            value = None if isinstance(one, str) else _assigned(one, "peer_binding")
            if value is not None:
                peer, line = (value.value if isinstance(value.value, str) else "", value.lineno)
                break
        return Actor(name, kinds, source.path, node.lineno, peer, line)

    def _find(self, source: Source, name: str) -> tuple[Source, ast.ClassDef] | None:
        """Find a class by the name it has in a module, there or where it was imported from."""
        if name in source.classes:
            return source, source.classes[name]
        module, _, original = source.names.get(name, "").rpartition(".")
        origin = self.sources.get(module)
        return None if origin is None or origin is source else self._find(origin, original)

    def _lineage(self, source: Source, node: ast.ClassDef) -> Iterator[ast.ClassDef | str]:
        """Go through a class and its bases: the node of one of the application's, the full name of another."""
        yield node
        for base in node.bases:
            found = self._find(source, dotted(base) or "")
            if found is not None and found[1] is not node:
                yield from self._lineage(*found)
            elif (name := source.full_name(base)) is not None:
                yield name


def find_binding_faults(settings: Settings, classes: Classes) -> Iterator[Finding]:
    """Go through what does not fit in one environment: classes, bindings and migrations."""
    bound = {str(one.get("name")): one for one in settings.objects}
    yield from _of_bindings(settings, classes)
    yield from _of_migrations(settings, classes)
    for actor in classes.actors.values():
        if actor.name not in classes.bases or _is_bound(settings, actor):
            yield from _of_actor(settings, actor, bound)
    for source in classes.sources.values():
        yield from _of_uses(settings, source, bound)


def _of_bindings(settings: Settings, classes: Classes) -> Iterator[Finding]:
    made = _migrated(settings)
    for one in settings.objects:
        name, where = str(one.get("class_name")), settings.line("durable_objects", str(one.get("class_name")))
        if one.get("script_name"):
            continue
        if not classes.exports(name):
            what = f"the entry module has no class {name}, which binding {one.get('name')} names{settings.label}"
            instead = f"Define or import {name} in {settings.main}, or correct class_name"
            yield Finding(settings.path, where, "class-unknown", what, instead)
        if name not in made:
            what = f"class {name} is in no migration{settings.label}, so the deploy is refused"
            instead = f'Add a migration with "new_sqlite_classes": ["{name}"]'
            yield Finding(settings.path, where, "migration-missing", what, instead)


def _migrated(settings: Settings) -> set[str]:
    """Return the classes that the migrations leave."""
    made: set[str] = set()
    for step in settings.migrations:
        made.update(_names(step, "new_sqlite_classes"), _names(step, "new_classes"))
        made.difference_update(_names(step, "deleted_classes"))
        for kind in ("renamed_classes", "transferred_classes"):
            made.difference_update(_names(step, kind, "from"))
            made.update(_names(step, kind, "to"))
    return made


def _names(step: Mapping[str, object], kind: str, key: str | None = None) -> list[str]:
    """Return the classes that a step of the migrations lists; with ``key``, under that of each entry."""
    listed = step.get(kind)
    entries = listed if isinstance(listed, list) else []
    found = entries if key is None else [one.get(key) for one in entries if isinstance(one, Mapping)]
    return [one for one in found if isinstance(one, str)]


def _of_migrations(settings: Settings, classes: Classes) -> Iterator[Finding]:
    tags = [str(step.get("tag", "")) for step in settings.migrations]
    for tag in sorted({tag for tag in tags if not tag or tags.count(tag) > 1}):
        what = f"migration tag {tag} stands twice" if tag else "a migration has no tag"
        instead = "Give each migration a tag of its own, and never change one that is deployed"
        yield Finding(settings.path, settings.line("migrations", tag), "migration-tag", what, instead)
    for name in sorted(_migrated(settings)):
        where = settings.line("migrations", name)
        if not classes.exports(name):
            what = f"the migrations make class {name}, which the entry module has not{settings.label}"
            instead = (
                f'Define it, or add a migration with "deleted_classes": ["{name}"], which deletes its objects\' data'
            )
            yield Finding(settings.path, where, "migration-unknown", what, instead)
        elif name in classes.actors and name in _without_sqlite(settings):
            what = f"{name} is in new_classes and so has no SQLite, which actors need"
            instead = f'Write "new_sqlite_classes": ["{name}"]; a class that was deployed without needs a new name'
            yield Finding(settings.path, where, "migration-sqlite", what, instead)


def _without_sqlite(settings: Settings) -> set[str]:
    return {name for step in settings.migrations for name in _names(step, "new_classes")}


def _is_bound(settings: Settings, actor: Actor) -> bool:
    return any(one.get("class_name") == actor.name for one in settings.objects)


def _of_actor(settings: Settings, actor: Actor, bound: Mapping[str, object]) -> Iterator[Finding]:
    if not _is_bound(settings, actor):
        what = f"{actor.name} is an actor without a binding{settings.label}"
        instead = f'Add {{"name": ..., "class_name": "{actor.name}"}} to durable_objects.bindings, or do not export it'
        yield Finding(actor.path, actor.line, "actor-unbound", what, instead)
    elif actor.peer_binding and len(actor.kinds) > 1:
        what = f"{actor.name} is engine and application in one object, and has no peer"
        yield Finding(actor.path, actor.peer_line, "peer-binding", what, "Leave its peer_binding out")
    elif actor.peer_binding and actor.peer_binding not in bound:
        what = f"{actor.name}.peer_binding is {actor.peer_binding!r}, and there is no such binding{settings.label}"
        yield Finding(actor.path, actor.peer_line, "binding-unknown", what, _one_of(bound))
    elif not actor.peer_binding and actor.kinds == {"application"} and actor.peer_line == actor.line:
        what = f"{actor.name} runs an application and has no engine"
        instead = f"Write `class {actor.name}(SocketActor, EngineActor)`, or set peer_binding to the engine's binding"
        yield Finding(actor.path, actor.line, "peer-binding", what, instead)


def _of_uses(settings: Settings, source: Source, bound: Mapping[str, object]) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        place = _TAKE_BINDING.get(source.full_name(node.func) or "") if isinstance(node, ast.Call) else None
        if not isinstance(node, ast.Call) or place is None or place >= len(node.args):
            continue
        for name, line in _from_env(node.args[place]):
            if name not in bound:
                what = f"{dotted(node.func)}() is given self.env.{name}, and there is no such Durable Object{settings.label}"
                yield Finding(source.path, line, "binding-unknown", what, _one_of(bound))


def _from_env(node: ast.expr) -> Iterable[tuple[str, int]]:
    """Return the bindings that an expression may be: `self.env.X`, either side of a condition."""
    if isinstance(node, ast.IfExp):
        return [*_from_env(node.body), *_from_env(node.orelse)]
    before, _, name = (dotted(node) or "").rpartition(".")
    return [(name, node.lineno)] if before in ("self.env", "env") else []


def _one_of(bound: Mapping[str, object]) -> str:
    return f"Name one of durable_objects.bindings: {', '.join(sorted(bound)) or 'there are none'}"


def _assigned(node: ast.ClassDef, name: str) -> ast.Constant | None:
    """Return what a class body assigns to a name, if that is a constant."""
    for one in node.body:
        targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else []
        value = one.value if isinstance(one, ast.Assign | ast.AnnAssign) else None
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return value if isinstance(value, ast.Constant) else ast.Constant("", lineno=one.lineno)
    return None


def module_name(path: str, main: str) -> str:
    """Return the name under which the entry module imports a file beside it or below it."""
    relative = PurePosixPath(path).relative_to(PurePosixPath(main).parent).with_suffix("")
    return ".".join(relative.parts).removesuffix(".__init__")
