"""An HTTP request as the rules of this package see it: its head, without a body."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

__all__ = ["HttpRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """An HTTP request's head. Header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    remote_address: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the URL; of one that is given twice, the first."""
        return dict(reversed(parse_qsl(urlsplit(self.url).query, keep_blank_values=True)))
