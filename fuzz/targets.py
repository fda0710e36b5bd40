"""All targets, by name."""

from typing import Any, Final

from fuzz import engine_targets, server_targets, wire_targets
from fuzz.inputs import Target

__all__ = ["TARGETS"]

TARGETS: Final[dict[str, Target[Any]]] = {
    target.name: target for module in (server_targets, engine_targets, wire_targets) for target in module.TARGETS
}
