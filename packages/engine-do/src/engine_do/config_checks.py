"""What each option of `EngineConfig` may be. Every check raises `ConfigError`, which says what to write."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine_do.errors import ConfigError

__all__ = [
    "COOKIE_ATTRIBUTES",
    "MAX_NUMBER",
    "TOKEN",
    "check_callable",
    "check_cookie",
    "check_header_names",
    "check_headers",
    "check_number",
    "check_origins",
    "check_path",
    "check_transports",
    "without_own_port",
]

#: The handshake names intervals and sizes. Java, C++ and C# read 32 bits, and a timer of JavaScript's that is set to more rings at
#: once.
MAX_NUMBER: Final = 2**31 - 1

_PATH: Final = re.compile(r"/(?:[^?#/\s]+/)*")
#: What browsers send: no capitals, nothing behind host and port.
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@*\sA-Z]+")
#: What a header's name, a cookie's and a subprotocol's are made of.
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_COOKIE_VALUE: Final = re.compile(r"[\x21-\x3a\x3c-\x7e]+")

#: The attributes a cookie may have: how they are written in a response, and the type of their value.
COOKIE_ATTRIBUTES: Final[Mapping[str, tuple[str, type]]] = {
    "path": ("Path", str),
    "domain": ("Domain", str),
    "max_age": ("Max-Age", int),
    "same_site": ("SameSite", str),
    "http_only": ("HttpOnly", bool),
    "secure": ("Secure", bool),
}


def check_path(path: object) -> None:
    """Check where clients find the engine."""
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise ConfigError(f"path must begin and end with '/', like \"/socket.io/\"; got {path!r}")


def check_transports(transports: object) -> None:
    """Check which transports are served."""
    listed = isinstance(transports, Sequence) and not isinstance(transports, str)
    if not listed or not transports or any(one not in ("polling", "websocket") for one in transports):  # type: ignore[attr-defined]
        raise ConfigError(f'transports is a list of "polling" and "websocket", or of one of them; got {transports!r}')


def check_number(name: str, value: object) -> None:
    """Check a whole number above 0 that clients of every language can read, and their timers can count."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MAX_NUMBER:
        raise ConfigError(f"{name} must be a whole number above 0, and at most {MAX_NUMBER}; got {value!r}")


def check_callable(name: str, value: object, of: str) -> None:
    """Check a hook."""
    if value is not None and not callable(value):
        raise ConfigError(f"{name} is a function of {of}, or nothing; got {value!r}")


def check_origins(origins: Any) -> Any:
    """Check which pages may connect; returns them as browsers name them, without the port that a scheme has anyway."""
    if origins is None or callable(origins):
        return origins
    listed = [origins] if isinstance(origins, str) else origins
    if not isinstance(listed, Sequence) or isinstance(listed, bytes) or not all(isinstance(one, str) for one in listed):
        raise ConfigError(
            f'cors_allowed_origins is an origin, a list of origins, a function, "*" or nothing; got {origins!r}'
        )
    for one in listed:
        if one not in ("*", "null") and not _ORIGIN.fullmatch(one):
            raise ConfigError(
                f'cors_allowed_origins: a scheme and a host, like "https://example.com", with nothing behind; got {one!r}'
            )
    if not listed:
        raise ConfigError(
            "cors_allowed_origins is empty, which python-engineio takes for any page and a reader for none: "
            'write "*" for any page, nothing for the pages of the same host, or name the origins'
        )
    written = [without_own_port(one) for one in listed]
    return written[0] if isinstance(origins, str) else written


def without_own_port(origin: str) -> str:
    """Write an origin as browsers do: without the port that its scheme has anyway."""
    for scheme, port in (("https://", ":443"), ("http://", ":80")):
        if origin.startswith(scheme):
            return origin.removesuffix(port)
    return origin


def check_cookie(cookie: object) -> None:
    """Check a cookie's name and attributes."""
    if cookie is None:
        return
    facts = {"name": cookie} if isinstance(cookie, str) else cookie
    if not isinstance(facts, Mapping) or not isinstance(facts.get("name"), str) or not TOKEN.fullmatch(facts["name"]):
        raise ConfigError(f'cookie is a name, like "io", or {{"name": "io", "same_site": "Lax", ...}}; got {cookie!r}')
    for name, value in facts.items():
        if name == "name":
            continue
        _, expected = COOKIE_ATTRIBUTES.get(name, ("", None))
        if expected is None:
            raise ConfigError(f"cookie has no attribute {name!r}; it has {', '.join(COOKIE_ATTRIBUTES)}")
        whole = type(value) is expected
        if not whole or (isinstance(value, str) and not _COOKIE_VALUE.fullmatch(value)):
            raise ConfigError(f"cookie: {name} is a {expected.__name__} without spaces and semicolons; got {value!r}")
    if facts.get("same_site", "Lax") not in ("Strict", "Lax", "None"):
        raise ConfigError(f'cookie: same_site is "Strict", "Lax" or "None"; got {facts["same_site"]!r}')


def check_header_names(name: str, value: object) -> None:
    """Check a list of headers."""
    listed = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if not listed or not all(isinstance(one, str) and TOKEN.fullmatch(one) for one in value):  # type: ignore[attr-defined]
        raise ConfigError(f'{name} is a list of header names, like ["cookie", "authorization"]; got {value!r}')


def check_headers(headers: object) -> None:
    """Check extra response headers."""
    if not isinstance(headers, Mapping):
        raise ConfigError(f"response_headers maps names to values; got {headers!r}")
    for name, value in headers.items():
        if not isinstance(name, str) or not TOKEN.fullmatch(name):
            raise ConfigError(f"response_headers: a name is letters, digits and hyphens; got {name!r}")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise ConfigError(f"response_headers: a value is a text of one line; got {value!r}")
