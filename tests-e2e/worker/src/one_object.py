"""The test Worker's compositions with sockets and application in one object; those with several socket actors have no such form."""

import json
from typing import Any, ClassVar

import actors


class _OneObject:
    """Says what both halves say of themselves."""

    peer_binding: ClassVar[str | None] = None

    async def probe(self: Any) -> str:
        return json.dumps(json.loads(await actors.Engine.probe(self)) | json.loads(await actors.Socket.probe(self)))


class OneEngine(_OneObject, actors.Socket, actors.Engine): ...


class OneFastEngine(_OneObject, actors.FastSocket, actors.FastEngine): ...


class OneWideEngine(_OneObject, actors.WideSocket, actors.WideEngine): ...


class OneFeaturesEngine(_OneObject, actors.FeaturesSocket, actors.FeaturesEngine): ...


class OneBesideEngine(_OneObject, actors.BesideSocket, actors.BesideEngine): ...


class OneMsgPackEngine(_OneObject, actors.MsgPackSocket, actors.MsgPackEngine): ...


class OnePlainEngine(_OneObject, actors.PlainSocket, actors.PlainEngine): ...


class OneParityEngine(_OneObject, actors.ParitySocket, actors.ParityEngine): ...


class OneRoomsEngine(_OneObject, actors.RoomsSocket, actors.RoomsEngine): ...


class OneHostileEngine(_OneObject, actors.HostileSocket, actors.HostileEngine): ...


class OneRecoveryEngine(_OneObject, actors.RecoverySocket, actors.RecoveryEngine):
    async def probe(self) -> str:
        both = json.loads(await actors.Engine.probe(self)) | json.loads(await actors.RecoverySocket.probe(self))
        return json.dumps(both)


class OneDeferredEngine(OneRecoveryEngine, actors.DeferredSocket, actors.DeferredEngine): ...


class OneLedgerEngine(_OneObject, actors.LedgerSocket, actors.LedgerEngine): ...


class OneLinesEngine(_OneObject, actors.LinesSocket, actors.LinesEngine): ...


class OneTalkEngine(_OneObject, actors.TalkSocket, actors.TalkEngine): ...
