"""The wrangler config to run locally, derived from the one a user deploys."""

from collections.abc import Mapping
from pathlib import Path

from local_runtime import jsonc
from local_runtime.errors import ProjectInvalid

__all__ = ["DEVELOPMENT_FLAG", "derive", "merge", "read"]

CONFIG_NAMES = ("wrangler.jsonc", "wrangler.json")
DEVELOPMENT_FLAG = "python_workers_development"
"""Makes workerd take the local bundle. It belongs in no config that is deployed."""


def read(project: Path) -> tuple[Path, dict[str, object]]:
    """The project's config file and what it holds."""
    for name in CONFIG_NAMES:
        file = project / name
        if file.is_file():
            return file, jsonc.loads(file.read_text(), name=str(file))
    raise ProjectInvalid(f"{project} has no {' or '.join(CONFIG_NAMES)}")


def derive(config: Mapping[str, object], overrides: Mapping[str, object]) -> dict[str, object]:
    """`config` with `overrides` merged over it and the development flag added."""
    derived = merge(config, overrides)
    derived.pop("$schema", None)
    if not isinstance(derived.get("main"), str):
        raise ProjectInvalid('the config has no "main"')
    flags = derived.get("compatibility_flags", [])
    if not isinstance(flags, list) or "python_workers" not in flags:
        raise ProjectInvalid('"compatibility_flags" must list "python_workers"')
    derived["compatibility_flags"] = [*flags, *({DEVELOPMENT_FLAG} - set(flags))]
    return derived


def merge(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """Objects are merged field by field; anything else in `over` replaces what `base` has."""
    merged = dict(base)
    for name, value in over.items():
        old = merged.get(name)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[name] = merge(old, value) if both else value  # type: ignore[arg-type]
    return merged
