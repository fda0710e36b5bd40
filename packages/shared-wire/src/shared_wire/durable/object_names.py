"""The name of an object, also where the runtime does not know it."""

from collections import Counter
from typing import Any, Final

from shared_wire.durable.seams import raw

__all__ = ["name_of_object"]

_KEY: Final = "shared_wire:name"


def name_of_object(ctx: Any, counters: Counter[str]) -> str | None:
    """Return the name by which an object has been reached, in this life or in an earlier one; none where it never was.

    The runtime may begin a life with the id alone: that of an object which another process of workerd's cluster takes over for its
    alarm, or which somebody reaches by its id. So the first life with a name stores it, which writes one row.
    """
    name, kv = ctx.id.name, raw(ctx.storage).kv
    stored = kv.get(_KEY)
    if not isinstance(name, str):
        return stored if isinstance(stored, str) else None
    if stored != name:
        kv.put(_KEY, name)
        counters["rows_written"] += 1
    return name
