"""The limits of a frame and of a JSON text, each with its reason."""

from typing import Final

__all__ = [
    "FEW_KEYS",
    "FEW_QUEUED_BYTES",
    "MAX_ATTEMPTS",
    "MAX_CHANGES",
    "MAX_COLLISIONS",
    "MAX_CONTAINERS",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_EARLY_BYTES",
    "MAX_EARLY_FRAMES",
    "MAX_FRAME_BYTES",
    "MAX_ITEMS",
    "MAX_LOOKUPS",
    "MAX_QUEUED",
    "MAX_QUEUED_BYTES",
    "MAX_VALUES",
]

#: Workers RPC refuses values above 32 MiB; one MiB is left for its own envelope.
MAX_FRAME_BYTES: Final = 31 * 1024 * 1024

#: Entries of any one list in a frame: an object holds at most 32,768 sockets, so no honest list is longer.
MAX_ITEMS: Final = 32_768

#: Operations waiting for the window. Beyond it the peer is not keeping up, and the session that holds most is closed.
MAX_QUEUED: Final = 20_000

#: What they may weigh (`batches.weigh`): an isolate has 128 MB for all objects of a Worker.
MAX_QUEUED_BYTES: Final = 12 * 1024 * 1024

#: What may wait in front of an operation that is larger than all that: who waits for that can send operations of any size.
FEW_QUEUED_BYTES: Final = 1024 * 1024

#: Frames held back because an earlier one is still on its way. With one call at a time there are few.
MAX_EARLY_FRAMES: Final = 64

#: What those may weigh together; a single one is as large as any frame.
MAX_EARLY_BYTES: Final = 8 * 1024 * 1024

#: Changes of unfinished work told in one frame; the rest follow in the next.
MAX_CHANGES: Final = 10_000

#: Times one frame is offered before its peer counts as unreachable.
MAX_ATTEMPTS: Final = 6

#: Lists and dicts within each other. Parsers and encoders in C recurse; inside workerd 4,000 levels end the process.
MAX_DEPTH: Final = 100

#: Lists and dicts of one JSON text: three bytes there take a hundred in Python's memory, and the time of thirty others.
MAX_CONTAINERS: Final = 50_000

#: Lists, dicts and commas of one JSON text: two bytes there may be thirty in Python's memory.
MAX_VALUES: Final = 500_000

#: Digits of one number: reading them takes time in their square, and JavaScript keeps 17.
MAX_DIGITS: Final = 1_000

#: Different keys with one hash. Of a million honest keys two share a hash of 32 bits now and then, three hardly ever.
MAX_COLLISIONS: Final = 32

#: Keys of one text that is read: the different ones times all of them. 5,000 different keys once each come to it, and a list of
#: 100,000 objects of 50 fields does not.
MAX_LOOKUPS: Final = 25_000_000

#: Keys that nobody needs to look at: were all to collide, their 33,000 comparisons would take as long as some ordinary events.
FEW_KEYS: Final = 256
