"""Objects whose next life may run another build: the tree, or `other_builds`' next one, as where a deploy meets them asleep.

Both are in one interpreter, and what is patched in the one is patched in the other.
"""

import importlib
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import other_builds
import pytest

from shared_wire.testing import Actor, World
from shared_wire.testing.modules import install

__all__ = ["Builds", "load_next", "patch_builds"]

#: Kept for as long as the process lives: its modules are imported from there.
_FOLDER: Final = tempfile.TemporaryDirectory(prefix="next-build-")


class Builds:
    """Which build each object's next life runs, and the entrypoint."""

    def __init__(self, world: World, entry: ModuleType, actors: list[Actor], note: Callable[[str], object]) -> None:
        """Initialise with a world of the tree's build, and the main module of the next; ``note`` counts what happens."""
        self._world, self._note = world, note
        self._entries = (world._entry, entry)
        #: The build of each object's next life: 0, the tree, or 1.
        self._next: dict[Actor, int] = {}
        self._before: dict[Actor, int] = {}
        for actor in actors:
            self._next[actor] = 0
            actor.make = self._maker(actor)

    def change(self, actor: Actor) -> None:
        """Have an object's later lives run the other build."""
        self._next[actor] = 1 - self._next[actor]

    def change_entrypoint(self) -> None:
        """Have the entrypoint run the other build."""
        self._world._entry = self._entries[self._world._entry is self._entries[0]]

    def _maker(self, actor: Actor) -> Callable[[Any], Any]:
        def make(ctx: Any) -> Any:
            build, before = self._next[actor], self._before.get(actor)
            self._before[actor] = build
            if before is not None and before != build:
                how = ("is rolled back", "is deployed")[build]
                self._note(f"{actor.binding} {how}{' with sockets' * bool(actor.sockets)}")
            return getattr(self._entries[build], actor.class_name)(ctx, self._world.env)

        return make


def patch_builds(patch: pytest.MonkeyPatch, name: str, value: object) -> None:
    """Patch something by its dotted name, in the next build too, where that is loaded."""
    patch.setattr(name, value)
    package, _, rest = name.partition(".")
    if f"{package}{other_builds.NEXT}" in sys.modules:
        patch.setattr(f"{package}{other_builds.NEXT}.{rest}", value)


@cache
def load_next(project: Path) -> ModuleType:
    """Import the next build, and the main module of a project over it, once in a process; what is patched is patched after it."""
    install()
    folder, name = Path(_FOLDER.name), f"{project.name}_entry{other_builds.NEXT}"
    _write_packages(folder)
    text = (project / "src" / "entry.py").read_text(encoding="utf-8")
    (folder / f"{name}.py").write_text(other_builds.rename(text), encoding="utf-8")
    importlib.invalidate_caches()
    return importlib.import_module(name)


@cache
def _write_packages(folder: Path) -> None:
    other_builds.write_build(folder)
    sys.path.append(str(folder))
    tree, other = (importlib.import_module(f"shared_wire{suffix}.durable") for suffix in ("", other_builds.NEXT))
    vars(other).update(asyncio=vars(tree)["asyncio"])  # the model's tasks
