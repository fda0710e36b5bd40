"""Sessions that poll, and those that change to a WebSocket."""

from conversations.steps import GET, POLLING, Conversation, Hold, Open, Request, Step, engine, post, raw

__all__ = ["POLLING_SESSIONS"]

BEGIN = Request("EIO=4&transport=polling")
UPGRADE = Open("EIO=4&transport=websocket&sid={sid}")
SEPARATOR = "\x1e"


def polls(name: str, *steps: Step) -> Conversation:
    """Do these steps in a session that polls, where everything is sent back."""
    return engine(f"polling: {name}", BEGIN, *steps)


def upgrades(name: str, *steps: Step) -> Conversation:
    """Open a WebSocket for a session that polls, and do these steps."""
    return engine(f"upgrade: {name}", BEGIN, UPGRADE, *steps)


POLLING_SESSIONS = (
    polls("a message", post("4hello"), GET),
    polls("two messages in a payload", post(f"4a{SEPARATOR}4b"), GET),
    polls("two payloads before a GET", post("4a"), post("4b"), GET),
    polls("a GET that waits for a message", Hold(POLLING), post("4late")),
    polls("binary", post("bAAH+/w=="), GET),
    polls("text and binary", post(f"4a{SEPARATOR}bAAH+/w=={SEPARATOR}4b"), GET),
    polls("characters of other scripts", post("4Grüße, 世界 😀".encode()), GET),
    polls("a message without text", post("4"), GET),
    polls("an empty body", post(""), GET),
    polls("an empty packet between two", post(f"4a{SEPARATOR}{SEPARATOR}4b"), GET),
    polls("a separator at the end", post(f"4a{SEPARATOR}"), GET),
    polls("a packet of no type", post("xyz"), GET),
    polls("a type that there is not", post("9"), GET),
    polls("base64 that is none", post("b!!!"), GET),
    polls("text that is not UTF-8", post(b"4\xff\xfe"), GET),
    polls("a pong nobody asked for", post("3"), post("4a"), GET),
    polls("a ping", post("2"), GET),
    polls("a ping with text", post("2probe"), GET),
    polls("an upgrade packet", post("5"), post("4a"), GET),
    polls("a noop", post("6"), post("4a"), GET),
    polls("an open packet", post("0{}"), post("4a"), GET),
    polls("a close packet", post("1"), GET),
    polls("a message and a close packet", post(f"4a{SEPARATOR}1"), GET),
    polls("a close packet ends a GET that waits", Hold(POLLING), post("1")),
    polls("two GETs at once", Hold(POLLING), GET),
    polls("a body as large as is allowed", post("4" + "x" * 99_999), GET),
    polls("a body larger than is allowed", post("4" + "x" * 100_000), GET),
    polls("a form", post("d=4a", "application/x-www-form-urlencoded"), GET),
    polls("binary in revision 4", post(b"\x01\x02\xff4a", "application/octet-stream"), GET),
    polls("no content type", post("4a", ""), GET),
    polls("JSON", post("4a", "application/json"), GET),
    polls("JSONP", Request("EIO=4&transport=polling&j=0")),
    upgrades("whole", "2probe", "5", "4hello", b"\x00\xff"),
    upgrades("a message before the probe", "4hello"),
    upgrades("the upgrade packet before the probe", "5", "4hello"),
    upgrades("a probe with another text", "2other", "5"),
    upgrades("a probe without text", "2", "5"),
    upgrades("two probes", "2probe", "2probe", "5", "4hello"),
    upgrades("a message between probe and upgrade", "2probe", "4between", "5", "4after"),
    upgrades("a noop between probe and upgrade", "2probe", "6", "5", "4after"),
    upgrades("a close packet instead of the probe", "1"),
    upgrades("binary instead of the probe", b"\x00"),
    upgrades("a POST between probe and upgrade", "2probe", post("4posted"), "5", "4after"),
    upgrades("a GET afterwards", "2probe", "5", GET),
    upgrades("a POST afterwards", "2probe", "5", post("4late")),
    upgrades("a second one afterwards", "2probe", "5", UPGRADE),
    upgrades("polling goes on when the probe is all", "2probe", post("4posted"), GET),
    engine("upgrade: a GET that waits is let go", BEGIN, Hold(POLLING), UPGRADE, "2probe", "5", "4hello"),
    raw("polling: an event and its answer", BEGIN, post("40"), GET, post('427["echo",1]'), GET),
    raw("polling: connect and an event in one payload", BEGIN, post(f'40{SEPARATOR}427["echo",1]'), GET),
    raw(
        "polling: an event with an attachment",
        *(BEGIN, post("40"), GET),
        *(post(f'451-7["echo",{{"_placeholder":true,"num":0}}]{SEPARATOR}bAAH+/w=='), GET),
    ),
    raw("polling: the server disconnects", BEGIN, post("40"), GET, post('42["bye"]'), GET),
    raw("polling: a frame that is no packet", BEGIN, post("40"), GET, post("4x"), GET),
    raw("polling: a namespace that there is not", BEGIN, post("40/none,"), GET),
)
