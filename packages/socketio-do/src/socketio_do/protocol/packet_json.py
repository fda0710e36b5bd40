"""JSON as clients get it: what every parser takes, with text as text."""

import json
import math
import re
from typing import Any, Final

__all__ = ["PacketJson"]

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
#: Halves of characters, which cannot be sent as UTF-8.
_HALVES: Final = re.compile("[\ud800-\udfff]")


class PacketJson:
    """What `socketio.packet.Packet` takes for ``json``: its `loads` is not used here, since clients' text has limits."""

    loads = staticmethod(json.loads)

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        """Write a value without spaces.

        NaN and the infinities become null, as in JavaScript: one of them, relayed, would throw out everybody whose parser meets it.
        Characters stay as they are; only halves of them are escaped. Raises `TypeError` for what JSON cannot hold.
        """
        try:
            text = _ENCODER.encode(value)
        except ValueError:
            text = _ENCODER.encode(_without_nan(value))
        return text if text.isascii() or not _HALVES.search(text) else _escape_halves(text)


def _escape_halves(text: str) -> str:
    """Put halves together that stand beside each other, as JavaScript does, and escape the others."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _HALVES.sub(lambda half: f"\\u{ord(half.group()):04x}", joined)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(key): _without_nan(inner) for key, inner in value.items()}
    return [_without_nan(inner) for inner in value] if isinstance(value, list | tuple) else value


def _key(key: Any) -> Any:
    """Write what is no number as JavaScript does where it is a key: NaN, Infinity."""
    return json.dumps(key) if isinstance(key, float) and not math.isfinite(key) else key
