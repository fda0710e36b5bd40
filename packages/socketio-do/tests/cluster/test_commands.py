"""Commands from outside: what is written is read, and nothing else can be asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socketio_do.cluster.commands import COMMANDS, read_command, read_value, write_command, write_value
from socketio_do.errors import CommandError
from socketio_do.limits import MAX_DEPTH
from socketio_do.protocol.extension import Extension

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.builds(Extension, st.integers(-128, 127), st.binary()),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.sampled_from(["_placeholder", "dict", "extension"]), inner)
    ),
    max_leaves=20,
)


@given(values)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert read_value(*write_value(value)) == value


MARKED = (
    "3",
    '"x"',
    '{"dict":1}',
    '{"dict":{"_placeholder":{"dict":{}}}}',
    '{"extension":[1,0]}',
    '{"extension":[999,0]}',
    '{"extension":1}',
)


@given(
    st.text() | st.sampled_from(MARKED).map(lambda held: f'{{"_placeholder":{held}}}'),
    st.lists(st.binary(), max_size=2),
)
def test_any_text_is_a_value_or_our_error(text: str, attachments: list[bytes]) -> None:
    try:
        value = read_value(text, attachments)
    except CommandError:
        return
    assert repr(read_value(*write_value(value))) == repr(value)


def test_a_command_comes_back_as_it_was() -> None:
    arguments = {"event": "said", "data": ("a", {"file": b"\x00"}), "room": ["blue", 1], "namespace": "/chat"}
    assert read_command(*write_command("emit", arguments)) == ("emit", arguments)


def test_what_cannot_be_asked_is_named_with_what_can() -> None:
    with pytest.raises(CommandError, match="cannot 'save_session'; it can emit"):
        write_command("save_session", {})
    with pytest.raises(CommandError, match="emit takes no callback; it takes data, event"):
        write_command("emit", {"event": "x", "callback": print})


@pytest.mark.parametrize("value", [object(), {1, 2}, float])
def test_what_cannot_be_sent_is_our_error(value: object) -> None:
    with pytest.raises(CommandError, match="can be sent"):
        write_command("emit", {"event": "x", "data": value})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"do":1,"with":{}}',
        '{"do":"emit"}',
        '{"do":"__init__","with":{}}',
        '{"do":"emit","with":{"x":1}}',
    ],
)
def test_what_is_no_command_is_refused(text: str) -> None:
    with pytest.raises(CommandError):
        read_command(text, [])


def test_every_command_takes_something() -> None:
    assert all(COMMANDS.values())


def deep(depth: int, *, mark: str = "a") -> Any:
    value: Any = 0
    for number in range(depth):
        value = [value] if number % 3 == 0 else (value,) if number % 3 == 1 else {mark: value}
    return value


@pytest.mark.parametrize("mark", ["a", "_placeholder"])
def test_an_emitter_sends_and_gets_what_is_as_deep_as_a_packet(mark: str) -> None:
    arguments = {"event": "said", "data": deep(MAX_DEPTH, mark=mark)}
    assert read_command(*write_command("emit", arguments)) == ("emit", arguments)
    for depth in (MAX_DEPTH + 1, 5_000, 500_000):
        with pytest.raises(CommandError, match="deep"):
            write_command("emit", {"event": "said", "data": deep(depth, mark=mark)})


@pytest.mark.parametrize(
    "text", ["[" * 5_000, "[" * 500_000, '{"_placeholder":' * 50_000, "NaN", "1e400", '{"_placeholder":0}']
)
def test_what_no_emitter_writes_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="no value"):
        read_value(text, [])


def test_the_answers_of_many_sockets_are_one_value() -> None:
    answers = [[{"answer": number}] for number in range(60_000)]
    assert read_value(*write_value(answers)) == answers


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_sent_as_the_server_itself_sends_it(number: float) -> None:
    assert read_value(*write_value({"of": [number, (number, 1.5)]})) == {"of": [None, (None, 1.5)]}
