"""A packet class of the application's own: all of a packet is one text."""

import json
from typing import Any

from socketio.packet import Packet


class PlainPacket(Packet):
    """JSON behind a mark, and each message whole. Without the mark python-engineio would read the JSON itself."""

    uses_binary_events = False

    def encode(self) -> str:
        me: Any = self
        return "=" + json.dumps(me._to_dict())

    def decode(self, encoded_packet: str) -> None:
        found = json.loads(encoded_packet.removeprefix("="))
        self.packet_type, self.data = found["type"], found["data"]
        self.namespace, self.id = found["nsp"], found.get("id")
