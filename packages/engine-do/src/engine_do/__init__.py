"""Engine.IO on Durable Objects with hibernating WebSockets.

Here is what is pure: the configuration, the errors, the rules. What runs in a Worker is in `engine_do.durable`.
"""

from engine_do.config import EngineConfig
from engine_do.errors import ConfigError, EngineConfigWarning, EngineError, LocalEngineError, RemoteEngineError
from engine_do.http_request import HttpRequest
from shared_wire.reasons import Reason

__all__ = [
    "ConfigError",
    "EngineConfig",
    "EngineConfigWarning",
    "EngineError",
    "HttpRequest",
    "LocalEngineError",
    "Reason",
    "RemoteEngineError",
]
