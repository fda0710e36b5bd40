from dataclasses import replace

import pytest

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.session.plain_message import plain_message
from engine_do.session.session import Phase, Session

CONFIG = EngineConfig(max_payload=40)
OPEN = Session(engine_sid=EngineSid("s"), pinged_ms=0)


@pytest.mark.parametrize(("frame", "message"), [("4hello", "hello"), ("4", ""), ("42", "2"), ("4" + "x" * 9, "x" * 9)])
def test_a_short_text_of_an_announced_session_is_its_message(frame: str, message: str) -> None:
    assert plain_message(OPEN, frame, CONFIG) == message
    assert plain_message(replace(OPEN, revision=3), frame, CONFIG) == message


@pytest.mark.parametrize("frame", ["", "1", "2", "3", "5", "6", "b4", "x4", b"", b"4", b"\x044", "4" + "x" * 10])
def test_every_other_frame_takes_the_general_step(frame: str | bytes) -> None:
    assert plain_message(OPEN, frame, CONFIG) is None


@pytest.mark.parametrize("session", [replace(OPEN, environ=()), replace(OPEN, phase=Phase.CLOSED)])
def test_so_does_a_session_that_a_message_changes_or_that_is_over(session: Session) -> None:
    assert plain_message(session, "4hello", CONFIG) is None


def test_so_does_every_message_where_a_peer_must_be_chosen() -> None:
    assert plain_message(OPEN, "4hello", EngineConfig(choose_peer=lambda route, _: (route, "main"))) is None
