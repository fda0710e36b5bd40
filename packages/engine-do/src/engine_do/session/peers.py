"""Which peer a message is for, where `EngineConfig.choose_peer` spreads a client's messages over several."""

import json
from typing import Final

from engine_do.config import ChoosePeer
from engine_do.errors import ConfigError
from shared_wire.names import PEER_NAME

__all__ = ["choose"]

#: What a state of `choose_peer` may be: it lies in the attachment beside the handshake.
_MAX_ROUTE: Final = 128


def choose(choose_peer: ChoosePeer, route: str, data: str | bytes) -> tuple[str, str]:
    """Ask the composition's function, and check what it says: it sees what clients send."""
    try:
        route, peer = choose_peer(route, data)
    except Exception as error:
        raise ConfigError(
            "choose_peer raised: it must give a state and an actor's name for whatever a client sends"
        ) from error
    if (
        not isinstance(route, str)
        or len(json.dumps(route)) - 2 > _MAX_ROUTE
        or not isinstance(peer, str)
        or not PEER_NAME.fullmatch(peer)
    ):
        raise ConfigError(
            f"choose_peer gave ({route!r:.50}, {peer!r:.50}): the state is a text of up to {_MAX_ROUTE} characters as JSON, "
            "the name 1 to 100 of [A-Za-z0-9_./:-]"
        )
    return route, peer
