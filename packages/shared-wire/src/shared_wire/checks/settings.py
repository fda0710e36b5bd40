"""A Worker's configuration as wrangler reads it, of each environment, with the lines that findings name."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

__all__ = ["Settings", "loads_jsonc"]

_STRING: Final = r'"(?:\\.|[^"\\])*"'
_COMMENT: Final = re.compile(rf"(?P<string>{_STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
_TRAILING_COMMA: Final = re.compile(rf"(?P<string>{_STRING})|,(?=\s*[}}\]])", re.DOTALL)

#: What an environment does not inherit; it has its own or none.
_NOT_INHERITED: Final = ("durable_objects", "vars", "kv_namespaces", "d1_databases", "r2_buckets", "queues", "services")


@dataclass(frozen=True, slots=True)
class Settings:
    """What one environment of a Worker is deployed with. Where there are several bindings or classes, in the order of the file."""

    path: str
    text: str
    value: Mapping[str, Any]
    #: The environment's name; none for what stands at the top.
    environment: str | None = None

    def environments(self) -> Iterator["Settings"]:
        """Go through the settings at the top, and those of each environment with what it inherits."""
        top = dict(self.value)
        named = top.pop("env", None)
        yield replace(self, value=top)
        inherited = {name: value for name, value in top.items() if name not in _NOT_INHERITED}
        for name, own in _mapping(named).items():
            yield replace(self, value={**inherited, **_mapping(own)}, environment=name)

    @property
    def label(self) -> str:
        """How a finding names the environment."""
        return f" (environment {self.environment})" if self.environment else ""

    @property
    def main(self) -> str | None:
        """The entry module's path."""
        main = self.value.get("main")
        return main if isinstance(main, str) else None

    @property
    def date(self) -> str | None:
        """The compatibility date."""
        date = self.value.get("compatibility_date")
        return None if date is None else str(date)

    @property
    def flags(self) -> Sequence[str]:
        """The compatibility flags."""
        return [str(one) for one in _list(self.value.get("compatibility_flags"))]

    @property
    def objects(self) -> Sequence[Mapping[str, Any]]:
        """The Durable Object bindings."""
        return [_mapping(one) for one in _list(_mapping(self.value.get("durable_objects")).get("bindings"))]

    @property
    def migrations(self) -> Sequence[Mapping[str, Any]]:
        """The migrations."""
        return [_mapping(one) for one in _list(self.value.get("migrations"))]

    def line(self, *words: str) -> int:
        """Return the line of the last of some words, each looked for behind the one before it; where one is missing, of that."""
        at, found = 0, 0
        text = _COMMENT.sub(_blank, self.text) if not self.path.endswith(".toml") else self.text
        for word in (*([self.environment] if self.environment else []), *words):
            match = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])").search(text, at)
            if match is not None:
                at, found = match.end(), match.start()
        return text.count("\n", 0, found) + 1


def loads_jsonc(text: str) -> Any:
    """Read JSON with comments and trailing commas; raises `ValueError` that names the line."""
    return json.loads(_TRAILING_COMMA.sub(_blank, _COMMENT.sub(_blank, text)))


def _blank(found: "re.Match[str]") -> str:
    """Remove what is no string; line breaks stay, so that lines keep their numbers."""
    return found["string"] or "\n" * found[0].count("\n") or " "


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
