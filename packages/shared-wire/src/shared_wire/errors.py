"""What can go wrong on the wire.

WireError
├── LocalWireError      our own side built something that must not be sent
└── RemoteWireError     the bytes that arrived are not a frame we accept
    ├── MalformedFrame
    ├── FrameTooLarge
    └── UnsupportedVersion

Every error carries a ``code``: short, stable, safe to log and to count.
"""

from typing import ClassVar

__all__ = [
    "FrameTooLarge",
    "LocalWireError",
    "MalformedFrame",
    "RemoteWireError",
    "UnsupportedVersion",
    "WireError",
]


class WireError(Exception):
    """Root of everything this package raises."""

    code: ClassVar[str] = "wire"


class LocalWireError(WireError):
    """The caller asked to encode a value that no frame can carry."""

    code = "local"


class RemoteWireError(WireError):
    """The peer sent bytes that are not an acceptable frame."""

    code = "remote"


class MalformedFrame(RemoteWireError):
    """The bytes end too early, go on too long, or hold an impossible value."""

    code = "malformed"


class FrameTooLarge(RemoteWireError):
    """The bytes, or a count inside them, are beyond a limit of `limits`."""

    code = "too-large"


class UnsupportedVersion(RemoteWireError):
    """The frame names a wire version that is not in `codec.VERSIONS`."""

    code = "unsupported-version"
