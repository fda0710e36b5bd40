"""The manifest of what the protocol demands, requirements.toml, names tests that exist."""

import tomllib
from pathlib import Path

from manifests import Requirements, Sources, requirement_faults

HERE = Path(__file__).parent
REQUIREMENTS: Requirements = tomllib.loads((HERE / "requirements.toml").read_text(encoding="utf-8"))

#: The documents, and the sections that demand something of a server.
SOURCES: Sources = {
    "revision 4": (
        "https://socket.io/docs/v4/engine-io-protocol/",
        frozenset(
            {
                "request-path",
                "query-parameters",
                "headers",
                "sending-data",
                "receiving-data",
                "websocket",
                "protocol",
                "handshake",
                "heartbeat",
                "upgrade",
                "message",
                "packet-encoding",
                "http-long-polling-1",
                "websocket-1",
                "from-v3-to-v4",
            }
        ),
    ),
    "revision 3": (
        "https://github.com/socketio/engine.io-protocol/tree/v3",
        frozenset({"revision", "packet", "1-close", "2-ping", "payload", "xhr", "jsonp"}),
    ),
}


def test_nothing_is_wrong() -> None:
    assert requirement_faults(REQUIREMENTS, SOURCES, HERE) == []
