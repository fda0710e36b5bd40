"""Requests that begin a session, or do not, over both transports."""

from conversations.steps import GET, POLLING, Conversation, Open, Request, engine, post, raw

__all__ = ["HANDSHAKES"]

NEW = "EIO=4&transport=polling"


def refused(name: str, query: str, method: str = "GET", body: str | None = None) -> Conversation:
    """Make one request."""
    return engine(f"handshake: {name}", Request(query, method, body))


HANDSHAKES = (
    refused("polling", NEW),
    refused("base64 wanted", f"{NEW}&b64=1"),
    refused("a timestamp, and a query of its own", f"{NEW}&t=abc&room=a%20b"),
    refused("without a query", ""),
    refused("without a revision", "transport=polling"),
    refused("without a transport", "EIO=4"),
    refused("an unknown transport", "EIO=4&transport=pigeon"),
    refused("a transport in capitals", "EIO=4&transport=Polling"),
    refused("a transport of Object's prototype", "EIO=4&transport=constructor"),
    refused("revision 2", "EIO=2&transport=polling"),
    refused("revision 5", "EIO=5&transport=polling"),
    refused("revision of no number", "EIO=four&transport=polling"),
    refused("revision 04", "EIO=04&transport=polling"),
    refused("POST", NEW, "POST", "40"),
    refused("PUT", NEW, "PUT", "40"),
    refused("DELETE", NEW, "DELETE"),
    refused("an unknown sid", f"{NEW}&sid=nobody"),
    refused("an empty sid", f"{NEW}&sid="),
    refused("an unknown sid, and POST", f"{NEW}&sid=nobody", "POST", "4x"),
    refused("a WebSocket without an upgrade", "EIO=4&transport=websocket"),
    refused("a WebSocket without an upgrade, and an unknown sid", "EIO=4&transport=websocket&sid=nobody"),
    engine("handshake: WebSocket", Open(), "4hello", "3", "4there"),
    engine("handshake: WebSocket, base64 wanted", Open("EIO=4&transport=websocket&b64=1"), b"\x01\xff", "bAf8="),
    engine("handshake: WebSocket, an unknown sid", Open("EIO=4&transport=websocket&sid=nobody")),
    engine("handshake: WebSocket, revision 5", Open("EIO=5&transport=websocket")),
    engine("handshake: WebSocket, without a revision", Open("transport=websocket")),
    engine("handshake: WebSocket, another transport", Open("EIO=4&transport=pigeon")),
    engine("handshake: a WebSocket that says polling", Open("EIO=4&transport=polling")),
    engine("handshake: PUT in a session", Request(NEW), Request(POLLING, "PUT", "4x")),
    engine("handshake: DELETE in a session", Request(NEW), Request(POLLING, "DELETE")),
    engine("handshake: another transport in a session", Request(NEW), Request("EIO=4&transport=pigeon&sid={sid}")),
    raw("handshake: Socket.IO over polling", Request(NEW), post("40"), GET),
    raw("handshake: Socket.IO over WebSocket", Open(), "40"),
)
