"""The configurations the tests ask for, each under a path of its own."""

from engine_do import EngineConfig
from engine_do.http_request import HttpRequest

ENGINE = EngineConfig(
    path="/engine.io/",
    actors=2,
    choose_actor=lambda request: int(request.query.get("actor", "0")),
    upgrade_timeout_ms=5_000,
    ping_interval_ms=300_000,
    ping_timeout_ms=360_000,
)

#: The warnings about intervals this short are expected.
FAST = EngineConfig(path="/fast/", ping_interval_ms=300, ping_timeout_ms=1_000, upgrade_timeout_ms=1_000)
OLD = EngineConfig(path="/old/", ping_interval_ms=300, ping_timeout_ms=6_000, allow_eio3=True)

STRICT = EngineConfig(
    path="/strict/",
    ping_interval_ms=60_000,
    ping_timeout_ms=120_000,
    max_payload=1_000,
    max_messages_per_s=20,
    max_sessions=6,
    max_sessions_per_address=2,
    compression_threshold=None,
)


async def admit(request: HttpRequest) -> str | None:
    """Refuse whom the test wants refused."""
    return "closed on Sundays" if "sunday" in request.query else None


SHOP = EngineConfig(
    path="/shop/",
    cors_allowed_origins=["https://shop.example"],
    cors_credentials=True,
    cookie={"name": "io", "same_site": "Strict", "max_age": 60},
    response_headers={"X-Shop": "open"},
    allow_request=admit,
    initial_packet="welcome",
    transports=["polling"],
)

CROWD = EngineConfig(path="/crowd/", ping_interval_ms=4_000, ping_timeout_ms=20_000, max_messages_per_s=200)

#: What Node's engine.io and python-engineio are asked beside it; pings that do not come within a test.
ECHO = EngineConfig(
    path="/echo/",
    ping_interval_ms=6_000_000,
    ping_timeout_ms=5_000_000,
    max_payload=100_000,
    allow_eio3=True,
    trust_forwarded_host=True,
)

#: What a composition gives `route` by mistake where the class has `ECHO`.
SKEWED = EngineConfig(
    path="/skewed/",
    ping_interval_ms=20_000,
    ping_timeout_ms=90_000,
    max_payload=100_000,
    allow_eio3=True,
    trust_forwarded_host=True,
)
