"""Socket.IO: coming to namespaces, being refused, and leaving."""

from conversations.steps import Conversation, Open, raw

__all__ = ["NAMESPACES"]

HERE = '429["echo","still here"]'
THERE = '42/other,9["echo","still there"]'


def connecting(name: str, *frames: str | bytes) -> Conversation:
    """Send frames in a session that is connected to nothing yet."""
    return raw(f"connect: {name}", Open(), *frames)


NAMESPACES = (
    connecting("the main namespace", "40", HERE),
    connecting("the main namespace by name", "40/,", HERE),
    connecting("the main namespace by name, without a comma", "40/", HERE),
    connecting("another namespace alone", "40/other,", THERE, HERE),
    connecting("another namespace, without a comma", "40/other", THERE),
    connecting("both", "40", "40/other,", HERE, THERE),
    connecting("one twice", "40", "40", HERE),
    connecting("another twice", "40", "40/other,", "40/other,", HERE),
    connecting("with a payload", '40{"token":"abc"}', HERE),
    connecting("another with a payload", '40/other,{"token":"abc"}', THERE),
    connecting("with an empty payload", "40{}", HERE),
    connecting("with a payload of null", "40null", HERE),
    connecting("with a payload that is text", '40"abc"', HERE),
    connecting("with a payload that is a list", "40[1]", HERE),
    connecting("with a payload that is a number", "401", HERE),
    connecting("with a payload that is no JSON", "40{token", HERE),
    connecting("refused", '40{"refuse":null}', HERE),
    connecting("refused with a reason", '40{"refuse":{"code":4}}', HERE),
    connecting("refused with text", '40{"refuse":"too late"}'),
    connecting("refused with a list", '40{"refuse":[1,2]}'),
    connecting("another is refused", "40", '40/other,{"refuse":1}', HERE, THERE),
    connecting("again after a refusal", '40{"refuse":1}', "40", HERE),
    connecting("a namespace that there is not", "40/none,", "40", HERE),
    connecting("a namespace that there is not, with a payload", '40/none,{"a":1}'),
    connecting("a namespace with a query", "40/other?token=abc,", '42/other,9["echo",1]'),
    connecting("the main namespace with a query", "40/?token=abc,", HERE),
    connecting("a namespace without a slash", "40other,", "40", HERE),
    connecting("a namespace in capitals", "40/OTHER,"),
    connecting("with an ack id", "407", HERE),
    connecting("an event before it", '42["echo",1]', "40", HERE),
    connecting("an event in another namespace before it", "40", THERE, HERE),
    connecting("an acknowledgement before it", "431[]", "40", HERE),
    connecting("a disconnect before it", "41", "40", HERE),
    connecting("leave", "40", "41", HERE),
    connecting("leave, and come again", "40", "41", "40", HERE),
    connecting("leave one of two", "40", "40/other,", "41/other,", HERE, THERE),
    connecting("leave the main one of two", "40", "40/other,", "41", THERE, HERE),
    connecting("leave a namespace that there is not", "40", "41/none,", HERE),
    connecting("leave twice", "40", "40/other,", "41", "41", THERE),
    connecting("leave with a payload", "40", '41{"a":1}', HERE),
    connecting("close whole", "40", "1"),
    connecting("the server disconnects", "40", '42["bye"]', HERE),
    connecting("the server disconnects, and does not acknowledge it", "40", '427["bye"]', HERE),
    connecting("the server disconnects one of two", "40", "40/other,", '42/other,["bye"]', HERE, THERE),
    connecting("come again after the server's disconnect", "40", '42["bye"]', "40", HERE),
    connecting("a client's connect error", "40", '44{"message":"no"}', HERE),
    connecting("a client's connect error, first", "44", "40", HERE),
    connecting("a name as long as is allowed", f"40/{'n' * 200},"),
)
