"""`POST /announce`: who may speak into a room from outside, and what."""

import hmac
import json

import checks

BODY_LIMIT = 25_000  # a text of the largest size, also where JSON spells each character as two \uXXXX


class Refused(Exception):
    """The request is answered with this status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def admit(method: str, authorization: str | None, length: str | None, token: str | None) -> None:
    """Refuse whoever does not know the token, and a body that is too long; before the body is read."""
    if not token:
        raise Refused(404, "Announcements are off: this Worker has no secret ANNOUNCE_TOKEN.")
    if method != "POST":
        raise Refused(405, "An announcement is a POST.")
    if not hmac.compare_digest((authorization or "").encode(), f"Bearer {token}".encode()):
        raise Refused(401, "The header `Authorization: Bearer ...` has not the token of this Worker.")
    if not (length or "").isdecimal() or int(length or "") > BODY_LIMIT:
        raise Refused(413, f"The body has a Content-Length of at most {BODY_LIMIT} bytes.")


def read(body: str) -> tuple[str, str]:
    """Return the room and the text of `{"room": ..., "text": ...}`."""
    try:
        data = checks.fields(json.loads(body))
        return checks.room(data.get("room")), checks.text(data.get("text"))
    except (checks.Invalid, RecursionError) as error:
        raise Refused(400, str(error)) from error
    except ValueError as error:
        raise Refused(400, "The body is JSON.") from error
