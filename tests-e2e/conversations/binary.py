"""Socket.IO packets with attachments."""

from conversations.steps import Conversation, joined

__all__ = ["BINARY"]

ONE = '{"_placeholder":true,"num":0}'
TWO = '{"_placeholder":true,"num":1}'


def attached(name: str, *frames: str | bytes) -> Conversation:
    """Send frames in a session that is connected to ``/``."""
    return joined(f"attachments: {name}", *frames)


BINARY = (
    attached("one", f'451-1["echo",{ONE}]', b"\x00\xff"),
    attached("two", f'452-1["echo",{ONE},{TWO}]', b"a", b"b"),
    attached("two, in the other order", f'452-1["echo",{TWO},{ONE}]', b"a", b"b"),
    attached("deep", f'451-1["echo",{{"a":[{{"b":{ONE}}}]}}]', b"\x00"),
    attached("of nothing", f'451-1["echo",{ONE}]', b""),
    attached("as text", f'451-1["echo",{ONE}]', "bAAH+/w=="),
    attached("sent back", f'451-["back",{ONE}]', b"\x01"),
    attached("in another namespace", "40/other,", f'451-/other,1["echo",{ONE}]', b"\x01"),
    attached("in a namespace where nobody is", f'451-/other,1["echo",{ONE}]', b"\x01"),
    attached("none announced", '450-1["echo",1]'),
    attached("none announced, and none needed", '45-1["echo",1]'),
    attached("a number that is none", f'45x-1["echo",{ONE}]', b"\x01"),
    attached("a number below zero", f'45-1-1["echo",{ONE}]', b"\x01"),
    attached("a fraction", f'451.5-1["echo",{ONE}]', b"\x01"),
    attached("without a dash", f'451["echo",{ONE}]', b"\x01"),
    attached("more announced than come, and an event", f'452-1["echo",{ONE},{TWO}]', b"a", '422["echo",2]', b"b"),
    attached("more come than announced", f'451-1["echo",{ONE}]', b"a", b"b"),
    attached("one that nobody announced", b"a"),
    attached("announced, and not used", '451-1["echo",1]', b"a"),
    attached("used twice", f'451-1["echo",{ONE},{ONE}]', b"a"),
    attached("a place that there is not", f'451-1["echo",{TWO}]', b"a"),
    attached("a place below zero", '451-1["echo",{"_placeholder":true,"num":-1}]', b"a"),
    attached("a place that is text", '451-1["echo",{"_placeholder":true,"num":"0"}]', b"a"),
    attached("a place that is a fraction", '451-1["echo",{"_placeholder":true,"num":0.5}]', b"a"),
    attached("a place without a number", '451-1["echo",{"_placeholder":true}]', b"a"),
    attached("a place that says false", '451-1["echo",{"_placeholder":false,"num":0}]', b"a"),
    attached("the event's name", f"451-1[{ONE}]", b"echo"),
    attached("the whole payload", f"451-1{ONE}", b"a"),
    attached("no payload", "451-", b"a"),
    attached("no JSON", "451-[", b"a"),
    attached("an answer with one", '42["ask",1]', f"461-{{ack}}[{ONE}]", b"\x07"),
    attached("an answer with one, nobody asked", f"461-77[{ONE}]", b"\x07"),
    attached("a question with one", f'451-["ask",{ONE}]', b"\x07", "43{ack}[1]"),
    attached("a ping's answer between", f'451-1["echo",{ONE}]', "3", b"\x01"),
    attached("a disconnect between", f'451-1["echo",{ONE}]', "41", b"\x01"),
    attached("a connect between", f'451-1["echo",{ONE}]', "40/other,", b"\x01"),
)
