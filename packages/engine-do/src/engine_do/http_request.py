"""An HTTP request as the rules of this package see it: its head, without a body.

Headers and the query become dicts with keys that a client chose, so their number is bounded before they do: inside workerd the
hashes of text can be predicted, and a dict of keys with one hash is quadratic.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from engine_do.errors import BAD_REQUEST, RemoteEngineError
from shared_wire import RefusedJson, bounded_json

__all__ = ["MAX_HEADERS", "MAX_QUERY_FIELDS", "HttpRequest", "read_headers"]

#: Headers of a request. A browser sends twenty, and the edge adds as many.
MAX_HEADERS: Final = 100

#: Parameters of a URL. A client sends five, and an application adds its own.
MAX_QUERY_FIELDS: Final = 100

#: Characters of a query that is read once for several requests.
_USUAL_QUERY: Final = 200

#: Digits of a content length: what has more is longer than any limit.
_MAX_LENGTH_DIGITS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """An HTTP request's head. Header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    remote_address: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the URL; of one that is given twice, the first.

        Raises `RemoteEngineError` for more than `MAX_QUERY_FIELDS`.
        """
        query = urlsplit(self.url).query
        return dict(_read_query(query) if len(query) > _USUAL_QUERY else _read_usual_query(query))

    def declares_more_than(self, limit: int) -> bool:
        """Return whether the request says that its body has more bytes than ``limit``."""
        length = self.headers.get("content-length", "")
        return length.isdecimal() and (len(length) > _MAX_LENGTH_DIGITS or int(length) > limit)


def _read_query(query: str) -> dict[str, str]:
    if query.count("&") >= MAX_QUERY_FIELDS:
        raise RemoteEngineError(BAD_REQUEST, "too many parameters")
    return dict(reversed(parse_qsl(query, keep_blank_values=True)))


#: Handshakes over WebSocket have all the same query, and each request is looked at twice: by the entrypoint and by its actor.
_read_usual_query = functools.lru_cache(maxsize=64)(_read_query)


def read_headers(text: str) -> dict[str, str]:
    """Read the headers from a JSON object; raises `RemoteEngineError` for more than `MAX_HEADERS`."""
    try:
        headers: dict[str, str] = bounded_json.parse(text)
    except RefusedJson:
        raise RemoteEngineError(BAD_REQUEST, "headers refused") from None
    if len(headers) > MAX_HEADERS:
        raise RemoteEngineError(BAD_REQUEST, "too many headers")
    return headers
