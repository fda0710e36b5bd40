"""Bytes to frames and back. The versions are a closed list: one module each, looked up by number, never compared."""

from types import ModuleType
from typing import Final

from shared_wire.errors import FrameTooLarge, LocalWireError, MalformedFrame, UnsupportedVersion
from shared_wire.format import codec_v1
from shared_wire.format.frames import Frame
from shared_wire.limits import MAX_FRAME_BYTES

__all__ = ["VERSIONS", "WRITTEN_VERSION", "decode", "encode"]

#: Every version this release reads, by the number in a frame's first byte.
VERSIONS: Final[dict[int, ModuleType]] = {codec_v1.VERSION: codec_v1}

#: The version this release writes.
WRITTEN_VERSION: Final = codec_v1.VERSION


def encode(frame: Frame) -> bytes:
    """Write ``frame`` in the version this release writes.

    Raises `LocalWireError` when the frame is larger than `limits.MAX_FRAME_BYTES` or holds text or numbers no frame can carry.
    """
    data: bytes = VERSIONS[WRITTEN_VERSION].encode(frame)
    if len(data) > MAX_FRAME_BYTES:
        raise LocalWireError(f"a frame of {len(data)} bytes; at most {MAX_FRAME_BYTES} cross an RPC")
    return data


def decode(data: bytes) -> Frame:
    """Read one frame of any known version.

    Total: whatever ``data`` holds, the outcome is a frame or a `RemoteWireError`, and memory stays in proportion to ``len(data)``.
    """
    if len(data) > MAX_FRAME_BYTES:
        raise FrameTooLarge(f"{len(data)} bytes; at most {MAX_FRAME_BYTES}")
    if not data:
        raise MalformedFrame("no bytes")
    version = VERSIONS.get(data[0])
    if version is None:
        raise UnsupportedVersion(f"wire version {data[0]}; this release reads {sorted(VERSIONS)}")
    frame: Frame = version.decode(data)
    return frame
