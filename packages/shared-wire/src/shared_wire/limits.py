"""The limits of a frame, each with its reason."""

from typing import Final

__all__ = [
    "MAX_ATTEMPTS",
    "MAX_CHANGES",
    "MAX_EARLY_BYTES",
    "MAX_EARLY_FRAMES",
    "MAX_FRAME_BYTES",
    "MAX_ITEMS",
    "MAX_QUEUED",
    "MAX_QUEUED_BYTES",
]

#: Workers RPC refuses values above 32 MiB; one MiB is left for its own envelope.
MAX_FRAME_BYTES: Final = 31 * 1024 * 1024

#: Entries of any one list in a frame: an object holds at most 32,768 sockets, so no honest list is longer.
MAX_ITEMS: Final = 32_768

#: Operations waiting for the window. Beyond it the peer is not keeping up, and the session that holds most is closed.
MAX_QUEUED: Final = 20_000

#: What they may weigh (`batches.weigh`): an isolate has 128 MB for all objects of a Worker.
MAX_QUEUED_BYTES: Final = 12 * 1024 * 1024

#: Frames held back because an earlier one is still on its way. With one call at a time there are few.
MAX_EARLY_FRAMES: Final = 64

#: What those may weigh together; a single one is as large as any frame.
MAX_EARLY_BYTES: Final = 8 * 1024 * 1024

#: Changes of unfinished work told in one frame; the rest follow in the next.
MAX_CHANGES: Final = 10_000

#: Times one frame is offered before its peer counts as unreachable.
MAX_ATTEMPTS: Final = 6
