"""What is found: where, under which code, and what to write instead."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["CODES", "Finding", "without_ignored"]

#: Every code, and whether it is an error: what fails the deploy or loses clients. The others are warnings.
CODES: Final[Mapping[str, bool]] = {
    "actor-unbound": False,
    "binding-unknown": True,
    "class-unknown": True,
    "clock-frozen": True,
    "date-minimum": True,
    "date-python": True,
    "environment-bindings": True,
    "flag-development": True,
    "flag-missing": True,
    "flag-refused": True,
    "js-object": True,
    "main-missing": True,
    "migration-missing": True,
    "migration-sqlite": True,
    "migration-tag": True,
    "migration-unknown": True,
    "peer-binding": True,
    "randomness": True,
    "sdk-version": True,
    "shared-server": True,
    "shared-state": True,
    "size-limit": True,
    "size-plan": False,
    "snapshot": True,
    "source-syntax": True,
}

_IGNORED: Final = re.compile(r"(?:socketio|engine)-do:\s*ignore\[([\w\s,-]+)\]")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One finding."""

    path: str
    line: int
    code: str
    what: str
    instead: str

    @property
    def is_error(self) -> bool:
        """Whether the deploy fails, or clients are lost, if it stays."""
        return CODES[self.code]

    def __str__(self) -> str:
        """Return it in one line: where, what, and what to write instead."""
        return f"{self.path}:{self.line}: {self.code}: {self.what}. {self.instead}"


def without_ignored(findings: Iterable[Finding], texts: Mapping[str, str]) -> list[Finding]:
    """Return the findings in order, without those whose line has a comment ``socketio-do: ignore[code]``.

    ``texts`` are the files' contents by the paths of the findings; several codes are separated by commas.
    """
    lines = {path: text.splitlines() for path, text in texts.items()}
    return sorted(one for one in set(findings) if one.code not in _ignored_at(lines.get(one.path, []), one.line))


def _ignored_at(lines: list[str], line: int) -> set[str]:
    found = _IGNORED.search(lines[line - 1]) if 0 < line <= len(lines) else None
    return {code.strip() for code in found[1].split(",")} if found else set()
