"""What is used below the SDK's wrappers, and whether the release that is installed has it."""

from typing import Any

import workers
from pyodide.ffi import JsProxy

from shared_wire.errors import UnsupportedSdk
from shared_wire.sdk import SDK, supported_range

__all__ = ["check_sdk", "raw", "raw_request"]


def check_sdk() -> None:
    """Check what no object of ours is there to show yet: that requests can be unwrapped. Raises `UnsupportedSdk`."""
    if not hasattr(getattr(workers, "Request", None), "js_object"):
        raise _unsupported("workers.Request.js_object")


def raw(wrapped: Any) -> Any:
    """Unwrap the SDK's object: its conversions walk every byte and cost ten times the call. Raises `UnsupportedSdk`."""
    found = getattr(wrapped, "_binding", wrapped)
    if not isinstance(found, JsProxy):
        raise _unsupported(f"{type(wrapped).__name__}._binding")
    return found


def raw_request(request: Any) -> Any:
    """Unwrap the SDK's request. Raises `UnsupportedSdk`."""
    found = getattr(request, "js_object", request)
    if not isinstance(found, JsProxy):
        raise _unsupported(f"{type(request).__name__}.js_object")
    return found


def _unsupported(what: str) -> UnsupportedSdk:
    from importlib import metadata  # loads a dozen modules, which no Worker needs that is right

    try:
        version = metadata.version(SDK)
    except metadata.PackageNotFoundError:
        version = "(of an unknown version)"
    return UnsupportedSdk(
        f'{SDK} {version} has no {what}, which is needed here: require "{SDK}{supported_range()}" in the Worker\'s pyproject.toml'
    )
