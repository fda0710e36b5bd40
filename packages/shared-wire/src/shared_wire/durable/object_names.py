"""The name of an object, also where the runtime does not know it."""

import logging
from collections import Counter
from typing import Any, Final

from pyodide.ffi import JsException

from shared_wire.durable.seams import raw
from shared_wire.log_lines import summarize

__all__ = ["name_of_object"]

_logger = logging.getLogger("shared_wire")

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
        _store(kv, name, counters)
    return name


def _store(kv: Any, name: str, counters: Counter[str]) -> None:
    """Store the name; where storage is full, a life that has its name does without."""
    try:
        kv.put(_KEY, name)
    except JsException as error:
        _logger.warning("= the name of object %s is not stored: %s", name, summarize(error))
    else:
        counters["rows_written"] += 1
