"""The engine on Durable Objects. Importable in a Python Worker only."""

from engine_do.durable.actor import EngineActor
from engine_do.durable.entrypoint import route

__all__ = ["EngineActor", "route"]
