"""What one client may ask for, each limit with its reason."""

from typing import Final

from shared_wire import limits as wire_limits

__all__ = [
    "MAX_ACKS",
    "MAX_ATTACHMENTS",
    "MAX_BACKLOG",
    "MAX_BACKLOG_OF_ALL",
    "MAX_CHILDREN",
    "MAX_CONTAINERS",
    "MAX_CONTEXT",
    "MAX_DATA",
    "MAX_DEPTH",
    "MAX_EMITTED",
    "MAX_EVENT",
    "MAX_HELD_CHILDREN",
    "MAX_HELD_DATA",
    "MAX_HELD_ENVIRONS",
    "MAX_ID",
    "MAX_LOG",
    "MAX_LOGGED",
    "MAX_LOG_ROWS",
    "MAX_MISSED",
    "MAX_MISSED_PACKETS",
    "MAX_NAMESPACE",
    "MAX_PARKED",
    "MAX_READ",
    "MAX_ROOMS",
    "MAX_ROOM_NAME",
    "MAX_SEARCHED_AGAIN",
    "MAX_SOCKETS",
    "MAX_VALUES",
    "MAX_WAITING",
]

#: Callbacks that wait for one socket: a client that never answers must not fill the memory.
MAX_ACKS: Final = 1_000

#: Binary attachments of one packet; the JavaScript parser allows as many.
MAX_ATTACHMENTS: Final = 10

#: Bytes of one session's packets that wait for handlers, are in them, or are half received: eight of the largest packets there are
#: by default.
MAX_BACKLOG: Final = 8_000_000

#: The same of all sessions of an object: an isolate has 128 MB for all objects of a Worker, and 30 of them are taken by Python.
MAX_BACKLOG_OF_ALL: Final = 16_000_000

#: Namespaces kept for predicates, empty ones included: clients name them, and each is a row.
MAX_CHILDREN: Final = 10_000

#: Characters of a callback's context as JSON: each expected acknowledgement holds one, in a row and when it is taken.
MAX_CONTEXT: Final = 16_000

#: Characters of a socket's session data as JSON. A row holds 2 MB, and reading it escapes each quote.
MAX_DATA: Final = 900_000

#: Lists and dicts in a packet; of one with attachments or in msgpack, which Python goes through itself, a fifth.
MAX_CONTAINERS: Final = wire_limits.MAX_CONTAINERS

#: Lists and dicts within each other in a packet's data, both ways: what was taken can be answered with.
MAX_DEPTH: Final = wire_limits.MAX_DEPTH

#: Bytes of an event that is sent, with its attachments: what a frame between the objects holds besides its recipients.
MAX_EMITTED: Final = 30_000_000

#: Characters of an event's name: handlers are looked up by it, and it stands in the log.
MAX_EVENT: Final = 1_024

#: Namespaces let in by predicates that are kept in memory; others are read from their rows. Clients name them.
MAX_HELD_CHILDREN: Final = 1_000

#: Characters of session data kept in memory, of all sockets; other data is read from its row when it is asked for.
MAX_HELD_DATA: Final = 4_000_000

#: Characters of handshakes kept in memory, of all sessions (up to 14,000 each); others are read from their rows. Few are asked for
#: after a session's first event.
MAX_HELD_ENVIRONS: Final = 1_000_000

#: The largest ack id: what a JavaScript number holds exactly.
MAX_ID: Final = 2**53 - 1

#: Characters of the log of recovery: a Durable Object's storage holds 10 GB, and what is older than a few minutes serves nobody.
MAX_LOG: Final = 64_000_000

#: Characters of what one row of it holds, each of which takes 4 bytes at most. A row has 2 MB, and is read whole. An event
#: that no row holds is not logged: who misses it is not recovered.
MAX_LOGGED: Final = 400_000

#: Rows of the log, one for each event that sends something: 300 a second for nearly two minutes. Part of the layout: a row's
#: place is its number modulo this.
MAX_LOG_ROWS: Final = 32_768

#: Characters, and packets, that a client gets which comes back: what waits for one that polls has little more room. Who has missed
#: more is not recovered.
MAX_MISSED: Final = 1_000_000
MAX_MISSED_PACKETS: Final = 5_000

#: Characters of a namespace's name.
MAX_NAMESPACE: Final = 256

#: Sessions that are kept for clients whose connection broke: of more, those that break end at once.
MAX_PARKED: Final = 10_000

#: Characters of the log that are read for a client that comes back: its rows hold what was sent to others as well.
MAX_READ: Final = 4_000_000

#: Characters of a room's name: clients often name rooms, and each is a row.
MAX_ROOM_NAME: Final = 256

#: Rooms one socket may be in, besides its own: clients often name them, and each is a row.
MAX_ROOMS: Final = 1_000

#: Rows of the log that are searched for a client which was recovered less than ten seconds ago: all of them take some 70 ms.
MAX_SEARCHED_AGAIN: Final = 1_000

#: Namespaces one session may be connected to.
MAX_SOCKETS: Final = 64

#: Values in the lists and dicts of a packet; of one in msgpack, which Python reads value by value, a fifth.
MAX_VALUES: Final = wire_limits.MAX_VALUES

#: Packets of one socket that wait behind a suspended handler.
MAX_WAITING: Final = 1_000
