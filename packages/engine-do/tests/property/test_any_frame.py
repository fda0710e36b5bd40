from base64 import b64decode
from dataclasses import replace

from engine_strategies import configs, frames, inputs, sessions, unhurried
from hypothesis import given
from hypothesis import strategies as st

from engine_do.config import EngineConfig
from engine_do.errors import RemoteEngineError
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import Packet, decode_frame, decode_frame_v3, encode_frame, encode_message
from engine_do.session.plain_message import plain_message
from engine_do.session.session import (
    CloseSocket,
    Ended,
    FrameReceived,
    Input,
    Opened,
    Phase,
    Received,
    Session,
    from_record,
    step,
    to_record,
)

FRESH = Session(engine_sid=EngineSid("s"), pinged_ms=0)


@unhurried
@given(frames)
def test_any_frame_is_a_packet_or_our_refusal(frame: str | bytes) -> None:
    try:
        packet = decode_frame(frame)
    except RemoteEngineError:
        assert isinstance(frame, str)
        assert frame[:1] not in set("0123456")
    else:
        if isinstance(packet.data, bytes) and isinstance(frame, str):
            assert frame[0] == "b"
            assert decode_frame(encode_frame(packet.data, base64=True)) == packet
            return
        written = packet.data if isinstance(packet.data, bytes) else packet.type + packet.data
        assert written == frame


@unhurried
@given(st.text() | st.binary())
def test_a_message_survives_its_frame(data: str | bytes) -> None:
    assert decode_frame(encode_message(data)) == Packet(decode_frame(b"").type, data)


@unhurried
@given(sessions(), frames, configs())
def test_any_frame_in_any_session_gives_effects(session: Session, frame: str | bytes, config: EngineConfig) -> None:
    after, effects = step(session, FrameReceived(frame), config)
    messages = [effect.data for effect in effects if isinstance(effect, Received)]
    if session.revision == 4 and messages and isinstance(frame, str) and frame[0] == "b":
        assert messages == [b64decode(frame[1:] + "=" * (-(len(frame) - 1) % 4))]
    elif session.revision == 4 or not messages:
        assert messages in ([], [frame[1:] if isinstance(frame, str) else frame])
    else:
        assert [decode_frame_v3(frame)] == [encode_message(data) for data in messages]
    assert not messages or after.phase is Phase.OPEN
    assert isinstance(effects, tuple)


@unhurried
@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-4, 4))
def test_text_is_too_large_by_its_bytes_not_its_characters(text: str, difference: int) -> None:
    frame = "4" + text
    size = len(frame.encode())
    limit = max(1, size + difference)
    after, effects = step(FRESH, FrameReceived(frame), EngineConfig(max_payload=limit))
    assert (CloseSocket(1009) in effects) is (size > limit)
    assert (after.phase is Phase.OPEN) is (size <= limit)


@unhurried
@given(st.binary(), st.integers(-4, 4))
def test_bytes_are_too_large_by_their_number(frame: bytes, difference: int) -> None:
    limit = max(1, len(frame) + difference)
    _, effects = step(FRESH, FrameReceived(frame), EngineConfig(max_payload=limit))
    assert (CloseSocket(1009) in effects) is (len(frame) > limit)


@unhurried
@given(sessions(), st.lists(inputs, max_size=12), configs())
def test_any_history_survives_sleep_and_ends_at_most_once(
    session: Session, events: list[Input], config: EngineConfig
) -> None:
    announced, ends, was_open = session.announced, 0, session.phase is Phase.OPEN
    for event in events:
        session, effects = step(session, event, config)
        assert from_record(to_record(session)) == session
        announced = announced or any(isinstance(effect, Opened) for effect in effects)
        ends += sum(isinstance(effect, Ended) for effect in effects)
    assert ends == (was_open and announced and session.phase is Phase.CLOSED)


@unhurried
@given(sessions(), frames, configs(), st.booleans())
def test_a_plain_message_is_all_that_a_step_makes_of_a_frame(
    session: Session, frame: str | bytes, config: EngineConfig, chooses: bool
) -> None:
    config = replace(config, choose_peer=lambda _, data: (str(len(data)), "a")) if chooses else config
    message = plain_message(session, frame, config)
    if message is not None:
        assert step(session, FrameReceived(frame), config) == (session, (Received(message),))


@unhurried
@given(sessions(), st.text(max_size=20), configs())
def test_a_text_message_that_a_step_hands_on_is_plain(session: Session, text: str, config: EngineConfig) -> None:
    """The other direction, but for long ones: nothing that is plain takes the general step."""
    frame = "4" + text
    stepped = step(session, FrameReceived(frame), config)
    if len(frame) * 4 <= config.max_payload:
        is_plain = stepped == (session, (Received(text),))
        assert plain_message(session, frame, config) == (text if is_plain else None)
