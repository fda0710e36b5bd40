"""Which releases of Cloudflare's Python SDK the packages work with: they use what is below its wrappers."""

import re
from typing import Final

__all__ = ["SDK", "is_supported", "lowest_supported", "supported_range"]

SDK: Final = "workers-runtime-sdk"
#: The lowest release that is tested, and the first that is not: a new minor release may change what is below the wrappers.
_LOWEST: Final = (1, 9, 0)
_BELOW: Final = (1, 10)


def is_supported(version: str) -> bool:
    """Return whether a release is one of those that the packages are tested with."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    return _LOWEST <= numbers < _BELOW


def lowest_supported() -> str:
    """Return the lowest release that is tested."""
    return ".".join(map(str, _LOWEST))


def supported_range() -> str:
    """Return the releases as a requirement has them: ``>=1.9.0,<1.10``."""
    return f">={lowest_supported()},<{'.'.join(map(str, _BELOW))}"
