"""Who may announce what by HTTP."""

import json
from typing import Any

import pytest

import checks
from announcements import BODY_LIMIT, Refused, admit, read

TOKEN = "s\u00e9same"
GOOD: dict[str, Any] = {"method": "POST", "authorization": f"Bearer {TOKEN}", "length": "40", "token": TOKEN}


def test_a_post_with_the_token_is_admitted() -> None:
    admit(**GOOD)
    admit(**{**GOOD, "length": str(BODY_LIMIT)})


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        *[(404, {"token": token}) for token in (None, "")],
        (404, {"token": "", "authorization": "Bearer "}),
        *[(405, {"method": method}) for method in ("GET", "PUT", "OPTIONS")],
        *[
            (401, {"authorization": header})
            for header in (None, "", TOKEN, f"Bearer {TOKEN} ", f"Basic {TOKEN}", "Bearer ")
        ],
        *[(413, {"length": length}) for length in (None, "", "-1", "1e3", str(BODY_LIMIT + 1))],
        (401, {"authorization": None, "length": None}),
    ],
)
def test_anybody_else_is_refused(status: int, changes: dict[str, str | None]) -> None:
    with pytest.raises(Refused) as refused:
        admit(**{**GOOD, **changes})
    assert refused.value.status == status


def test_a_room_and_a_text_are_read() -> None:
    assert read('{"room": " Tea  Room", "text": " hello "}') == ("tea room", "hello")


def test_the_largest_text_fits() -> None:
    body = json.dumps({"room": "x" * checks.ROOM_LIMIT, "text": "\U0001f600" * checks.TEXT_LIMIT})
    assert len(body) <= BODY_LIMIT


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "{}", '{"room": "a"}', '{"room": 1, "text": "b"}', "[" * 10_000])
def test_any_other_body_is_refused(body: str) -> None:
    with pytest.raises(Refused) as refused:
        read(body)
    assert refused.value.status == 400
