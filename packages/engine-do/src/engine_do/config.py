"""Everything an engine can be told, checked once, when it is written down."""

import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final, Self, TypeAlias

from engine_do.config_checks import (
    MAX_NUMBER,
    check_callable,
    check_cookie,
    check_header_names,
    check_headers,
    check_number,
    check_origins,
    check_path,
    check_transports,
)
from engine_do.errors import ConfigError, EngineConfigWarning
from engine_do.http_request import HttpRequest

__all__ = [
    "ALARM_SLACK_MS",
    "BURST_BYTES_SECONDS",
    "BURST_SECONDS",
    "MAX_SOCKETS",
    "ChoosePeer",
    "EngineConfig",
    "Origins",
]

#: An alarm may be a minute late, and a client must not be given up for our lateness.
ALARM_SLACK_MS: Final = 60_000

#: A session may send at once as many messages as it may send in so many seconds.
BURST_SECONDS: Final = 10

#: The same for bytes: what is sent at once is held at once, and an isolate has 128 MB for all objects of a Worker.
BURST_BYTES_SECONDS: Final = 2

#: Sockets that the platform lets one object have, and so the sessions that everything else here is made for.
MAX_SOCKETS: Final = 32_768

#: Which pages may connect: one origin, several, or a function of the origin.
Origins: TypeAlias = str | Sequence[str] | Callable[[str], bool] | None

#: Which actor of the application a message is for: given a state of its own for each session ("" at first) and the message (text,
#: or bytes), it gives the state for the next and the actor's name. Called once for each message, in order. It must be a function of
#: its arguments alone, and give an answer for whatever a client sends.
ChoosePeer: TypeAlias = Callable[[str, str | bytes], tuple[str, str]]

#: Names users bring from other servers, and what to write here.
_RENAMED: Final = {
    "ping_interval": "ping_interval_ms, in milliseconds",
    "ping_timeout": "ping_timeout_ms, in milliseconds",
    "pingInterval": "ping_interval_ms",
    "pingTimeout": "ping_timeout_ms",
    "upgradeTimeout": "upgrade_timeout_ms",
    "max_http_buffer_size": "max_payload",
    "maxHttpBufferSize": "max_payload",
    "connectTimeout": "connect_timeout_ms",
    "cors": "cors_allowed_origins",
    "allowRequest": "allow_request",
    "allowUpgrades": "allow_upgrades",
    "allowEIO3": "allow_eio3",
    "initialPacket": "initial_packet",
    "http_compression": "compression_threshold, None for no compression",
    "httpCompression": "compression_threshold, None for no compression",
    "perMessageDeflate": "nothing: the runtime negotiates compression of WebSockets itself",
    "socketio_path": "path",
    "async_mode": "nothing: the runtime is the only mode",
    "monitor_clients": "nothing: one alarm per object watches all clients",
}

#: Options that are functions, and of what.
_HOOKS: Final = {
    "choose_actor": "the request",
    "location_hint": "the request",
    "allow_request": "the request",
    "choose_peer": "a state and a message",
}

_AT_LEAST_ONE: Final = (
    "ping_interval_ms",
    "ping_timeout_ms",
    "upgrade_timeout_ms",
    "connect_timeout_ms",
    "max_payload",
    "max_sessions",
    "actors",
)
_AT_LEAST_ONE_OR_NONE: Final = (
    "max_sessions_per_address",
    "max_messages_per_s",
    "max_bytes_per_s",
    "compression_threshold",
)


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How an engine serves its clients. The entrypoint and the actor are given the same one.

    Unknown, impossible and contradictory options raise `ConfigError` here, at construction.
    """

    #: Where clients find the engine; Socket.IO's clients ask for "/socket.io/" unless told otherwise.
    path: str = "/engine.io/"
    #: The transports a session may begin with.
    transports: Sequence[str] = ("polling", "websocket")
    #: Whether a session that polls may move to a WebSocket. Needs both transports.
    allow_upgrades: bool = True
    #: Whether clients of protocol revision 3 (Socket.IO 2 and older) are served; in objects of their own.
    allow_eio3: bool = False
    #: Milliseconds between two pings to a client. Intervals of 10 s or less never let the object sleep.
    ping_interval_ms: int = 25_000
    #: Milliseconds a client has to answer a ping before it counts as dead.
    ping_timeout_ms: int = 85_000
    #: Milliseconds a client has to complete an upgrade it has begun.
    upgrade_timeout_ms: int = 10_000
    #: Milliseconds a client has to join the application above before it is closed. Not used by an engine alone.
    connect_timeout_ms: int = 45_000
    #: The largest message or payload a client may send, in bytes.
    max_payload: int = 1_000_000
    #: Sessions one engine actor takes, at most the platform's 32,768; a handshake beyond is refused.
    max_sessions: int = 30_000
    #: Sessions one engine actor takes from one address.
    max_sessions_per_address: int | None = None
    #: Messages a session may send per second, and bytes; at once ten seconds' worth of those, two of these. Beyond it is closed.
    max_messages_per_s: int | None = 1_000
    max_bytes_per_s: int | None = 5_000_000
    #: Bytes from which on a polling answer is compressed for clients that take it; none: never.
    compression_threshold: int | None = 1_024
    #: How many engine actors new sessions are spread over. Raising it keeps the sessions there are.
    actors: int = 1
    #: Chooses a new session's actor: a number below ``actors``. None: at random.
    choose_actor: Callable[[HttpRequest], int] | None = None
    #: Chooses the socket actor that a message is for. None: all are for `EngineActor.peer_name`. Not for an engine alone.
    choose_peer: ChoosePeer | None = None
    #: Whether calls to a socket actor go over a WebSocket while there are many. Not used without a peer.
    stream: bool = True
    #: Where an actor that does not exist yet is best placed, as Cloudflare names regions, by a new session's request.
    location_hint: Callable[[HttpRequest], str | None] | None = None
    #: Origins of pages that may connect: none means the same host only, "*" any. Requests without an Origin are let through.
    cors_allowed_origins: Origins = None
    #: Whether ``X-Forwarded-Host`` names the same host as well: only where a proxy in front sets it for every request.
    trust_forwarded_host: bool = False
    #: Whether those pages may send cookies with what they poll.
    cors_credentials: bool = False
    #: A cookie set with each handshake over polling, holding the sid: its name, or its name and attributes.
    cookie: str | Mapping[str, object] | None = None
    #: Headers added to every answer that is not an upgrade.
    response_headers: Mapping[str, str] = field(default_factory=dict)
    #: Judges a handshake: None lets it in, a text refuses it with 403 and that message.
    allow_request: Callable[[HttpRequest], str | Awaitable[str | None] | None] | None = None
    #: Headers of the handshake that ``environ`` leaves out, so that they are never stored: cookies, credentials.
    exclude_headers: Sequence[str] = ()
    #: A message every client gets first.
    initial_packet: str | bytes | None = None

    def __new__(cls, **options: object) -> Self:
        """Name what is wrong with an unknown option before Python does."""
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise ConfigError(f"EngineConfig has no option {name!r}{_advice(name, known)}")
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Check every option; see the class."""
        check_path(self.path)
        check_transports(self.transports)
        object.__setattr__(self, "cors_allowed_origins", check_origins(self.cors_allowed_origins))
        check_cookie(self.cookie)
        check_headers(self.response_headers)
        check_header_names("exclude_headers", self.exclude_headers)
        for name in _AT_LEAST_ONE:
            check_number(name, getattr(self, name))
        for name in _AT_LEAST_ONE_OR_NONE:
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name))
        for name, of in _HOOKS.items():
            check_callable(name, getattr(self, name), of)
        for name in ("allow_upgrades", "allow_eio3", "trust_forwarded_host", "cors_credentials", "stream"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} is True or False; got {getattr(self, name)!r}")
        if not isinstance(self.initial_packet, str | bytes | None):
            raise ConfigError(f"initial_packet is a text, bytes or nothing; got {self.initial_packet!r}")
        self._check_together()

    @classmethod
    def economy(cls, **options: object) -> Self:
        """Make a configuration that wakes each object twelve times less often: pings every 300 s, answered within 360 s.

        The price: a client that vanished without a word is found after up to 11 minutes, and a proxy that cuts lines that are quiet
        for less than five minutes makes clients reconnect.
        """
        return cls(**({"ping_interval_ms": 300_000, "ping_timeout_ms": 360_000} | options))  # type: ignore[arg-type]

    @property
    def upgrades(self) -> list[str]:
        """What a session that polls is offered."""
        return ["websocket"] if self.allow_upgrades and set(self.transports) == {"polling", "websocket"} else []

    def describe(self) -> dict[str, str]:
        """Write every option as text; a function by its name. Another object compares it with its own (`differing`)."""
        return {one.name: _written(getattr(self, one.name)) for one in fields(self)}

    def differing(self, described: Mapping[str, str]) -> list[str]:
        """Name the options that are others than those another configuration was described with.

        In the moments of a deploy that may be another release's: what only one of the two has is left out.
        """
        mine = self.describe()
        return sorted(name for name in mine.keys() & described.keys() if mine[name] != described[name])

    def check_peer(self, actor: str, *, has_peer: bool, has_application: bool = False) -> None:
        """Raise `ConfigError` where an option does not go with what class ``actor`` serves: a peer, its own application, nobody."""
        if self.choose_peer is not None and has_application:
            raise ConfigError(
                f"choose_peer chooses between objects, and {actor} has its application in its own: leave it out"
            )
        if self.choose_peer is not None and not has_peer:
            raise ConfigError(f"choose_peer needs {actor}.peer_binding: an engine alone has no peers")
        if self.allow_eio3 and (has_peer or has_application):
            raise ConfigError(
                f"allow_eio3 is for an engine alone, and {actor} serves Socket.IO: clients of revision 3 speak Socket.IO 2 "
                "there, and would wait for a CONNECT that nobody sends them; update them to Socket.IO 3 or later"
            )

    def _check_together(self) -> None:
        if self.ping_interval_ms + self.ping_timeout_ms > MAX_NUMBER:
            raise ConfigError(
                f"ping_interval_ms + ping_timeout_ms is what clients set a timer to, at most {MAX_NUMBER}; "
                f"got {self.ping_interval_ms} + {self.ping_timeout_ms}"
            )
        if self.ping_timeout_ms < self.ping_interval_ms + ALARM_SLACK_MS:
            warnings.warn(
                f"ping_timeout_ms={self.ping_timeout_ms} is below ping_interval_ms + {ALARM_SLACK_MS}: alarms can be a minute "
                "late, and then clients leave although nothing is wrong",
                EngineConfigWarning,
                stacklevel=4,
            )
        origins = self.cors_allowed_origins
        named = origins if isinstance(origins, Sequence) and not isinstance(origins, str) else [origins]
        if self.cors_credentials and "*" in named:
            raise ConfigError(
                'cors_credentials with cors_allowed_origins="*" would let any page act as the user: name the origins'
            )
        if self.max_bytes_per_s is not None and self.max_payload > BURST_BYTES_SECONDS * self.max_bytes_per_s:
            raise ConfigError(
                f"max_payload={self.max_payload} is more than a client may send at once: {BURST_BYTES_SECONDS} s of "
                f"max_bytes_per_s={self.max_bytes_per_s}; raise that too"
            )
        if self.max_sessions > MAX_SOCKETS:
            raise ConfigError(
                f"max_sessions={self.max_sessions}: an object has {MAX_SOCKETS} sockets at most; for more sessions raise actors"
            )
        if self.cookie is not None and "polling" not in self.transports:
            raise ConfigError(
                'cookie is set by handshakes over polling only: add "polling" to transports, or leave it out'
            )


def _written(value: object) -> str:
    name = getattr(value, "__qualname__", None) if callable(value) else None
    return name or (f"a {type(value).__qualname__}" if callable(value) else repr(value))


def _advice(name: str, known: list[str]) -> str:
    if name in _RENAMED:
        return f"; write {_RENAMED[name]}"
    import difflib  # it takes 30 ms to import, and is for mistakes only

    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(known)}"
