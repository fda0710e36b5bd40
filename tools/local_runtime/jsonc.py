"""JSON with comments and trailing commas, as wrangler reads its config."""

import json
import re

from local_runtime.errors import ProjectInvalid

__all__ = ["loads"]

STRING = r'"(?:\\.|[^"\\])*"'
TOKEN = re.compile(rf"(?P<string>{STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
TRAILING_COMMA = re.compile(rf"(?P<string>{STRING})|,(?=\s*[}}\]])", re.DOTALL)


def loads(text: str, *, name: str = "config") -> dict[str, object]:
    """The object that `text` holds; `name` is what an error calls it."""
    try:
        value = json.loads(_strip(TRAILING_COMMA, _strip(TOKEN, text)))
    except json.JSONDecodeError as error:
        raise ProjectInvalid(f"{name}: line {error.lineno}: {error.msg}") from None
    if not isinstance(value, dict):
        raise ProjectInvalid(f"{name}: expected an object at the top")
    return value


def _strip(pattern: re.Pattern[str], text: str) -> str:
    """Remove every match that is not a string; line breaks stay, so that line numbers hold."""
    return pattern.sub(lambda match: match["string"] or "\n" * match[0].count("\n") or " ", text)
