"""What can go wrong on the wire.

WireError
├── LocalWireError      our own side built something that must not be sent
│   ├── UnwritableValue
│   │   └── NestedTooDeep
│   └── UnsupportedSdk
└── RemoteWireError     the bytes or the text that arrived are not what we accept
    ├── MalformedFrame
    ├── FrameTooLarge
    ├── RefusedJson
    └── UnsupportedVersion

Every error carries a ``code``: short, stable, safe to log and to count.
"""

from typing import ClassVar

__all__ = [
    "FrameTooLarge",
    "LocalWireError",
    "MalformedFrame",
    "NestedTooDeep",
    "RefusedJson",
    "RemoteWireError",
    "UnsupportedSdk",
    "UnsupportedVersion",
    "UnwritableValue",
    "WireError",
]


class WireError(Exception):
    """Root of everything this package raises."""

    code: ClassVar[str] = "wire"


class LocalWireError(WireError):
    """The caller asked to encode a value that no frame can carry."""

    code = "local"


class UnwritableValue(LocalWireError):
    """The caller gave a value that JSON cannot hold."""

    code = "unwritable-value"


class NestedTooDeep(UnwritableValue):
    """The caller gave a value whose lists and dicts lie deeper within each other than `limits.MAX_DEPTH`."""

    code = "nested-too-deep"


class UnsupportedSdk(LocalWireError):
    """The installed SDK lacks something below its wrappers that is used here; the text names the releases that have it."""

    code = "unsupported-sdk"


class RemoteWireError(WireError):
    """The peer sent bytes that are not an acceptable frame, or a client a text that is not acceptable JSON."""

    code = "remote"


class MalformedFrame(RemoteWireError):
    """The bytes end too early, go on too long, or hold an impossible value."""

    code = "malformed"


class FrameTooLarge(RemoteWireError):
    """The bytes, or a count inside them, are beyond a limit of `limits`."""

    code = "too-large"


class RefusedJson(RemoteWireError):
    """The text is not JSON, or beyond a limit of `limits`: too deep, too many values, too many digits, keys with one hash."""

    code = "refused-json"


class UnsupportedVersion(RemoteWireError):
    """The frame names a wire version that is not in `codec.VERSIONS`."""

    code = "unsupported-version"
