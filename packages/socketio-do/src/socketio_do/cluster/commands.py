"""What other parts of the Worker may ask of the server, as text and attachments: what an RPC carries cheaply.

    {"do": "emit", "with": {"event": "said", "data": {"_placeholder": 0}, ...}}, [b"..."]

A placeholder holds an attachment's number, a list (a tuple's items), ``{"extension": [code, number]}``, or ``{"dict": ...}``: a
dict that has the placeholder's own key, since clients choose what their answers look like.

`protocol.msgpack_codec` would not make this shorter: it has no tuples, no integers beyond 64 bits, no halves of characters (not in
keys either), and all codes of extensions are the application's: values would be taken out and put back for more reasons than here.

Only what `COMMANDS` names can be asked, with the arguments it names.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared_wire import RefusedJson, UnwritableValue, bounded_json
from shared_wire.limits import MAX_FRAME_BYTES
from socketio_do.errors import CommandError
from socketio_do.limits import MAX_DEPTH
from socketio_do.protocol.extension import Extension

__all__ = ["COMMANDS", "read_command", "read_value", "write_command", "write_value"]

_MARK: Final = "_placeholder"

#: What a packet's data may be, in the two dicts of a command.
_MAX_DEPTH: Final = MAX_DEPTH + 2
#: The same written: a dict with the placeholder's key is three, an extension two and a list.
_MAX_WRITTEN_DEPTH: Final = 3 * _MAX_DEPTH + 3
#: The answers of all sockets of an actor are one value: their number is bounded by what one RPC carries.
_MAX_WRITTEN_VALUES: Final = MAX_FRAME_BYTES

#: The server's methods that can be asked for, and the arguments each may be given.
COMMANDS: Final[Mapping[str, frozenset[str]]] = {
    "emit": frozenset({"event", "data", "room", "skip_sid", "except_rooms", "namespace"}),
    "emit_with_ack": frozenset({"event", "data", "room", "skip_sid", "except_rooms", "namespace", "timeout"}),
    "call": frozenset({"event", "data", "to", "namespace", "timeout"}),
    "disconnect": frozenset({"sid", "namespace"}),
    "disconnect_sockets": frozenset({"room", "namespace"}),
    "room_size": frozenset({"room", "namespace"}),
    "rooms": frozenset({"sid", "namespace"}),
}


def write_command(name: str, arguments: Mapping[str, Any]) -> tuple[str, list[bytes]]:
    """Write a command; raises `CommandError` for what cannot be asked, and for data that is neither JSON nor bytes."""
    _check(name, arguments)
    return write_value({"do": name, "with": dict(arguments)})


def read_command(text: str, attachments: Sequence[bytes]) -> tuple[str, dict[str, Any]]:
    """Read a command; raises `CommandError` for anything that `write_command` does not write."""
    command = read_value(text, attachments)
    if (
        not isinstance(command, dict)
        or not isinstance(command.get("do"), str)
        or not isinstance(command.get("with"), dict)
    ):
        raise CommandError("this is no command of an Emitter")
    _check(command["do"], command["with"])
    return command["do"], command["with"]


def _check(name: str, arguments: Mapping[str, Any]) -> None:
    known = COMMANDS.get(name)
    if known is None:
        raise CommandError(f"an Emitter cannot {name!r}; it can {', '.join(COMMANDS)}")
    if unknown := sorted(set(arguments) - known):
        raise CommandError(f"{name} takes no {', '.join(unknown)}; it takes {', '.join(sorted(known))}")


def write_value(value: Any) -> tuple[str, list[bytes]]:
    """Write what JSON and bytes can hold, NaN and the infinities as None. A tuple stays one: to `emit` it is several arguments."""
    attachments: list[bytes] = []
    try:
        bounded_json.check_depth(value, _MAX_DEPTH)
        return bounded_json.write(_take_out(value, attachments), max_depth=_MAX_WRITTEN_DEPTH), attachments
    except UnwritableValue as error:
        raise CommandError(f"text, numbers, bytes, lists and dicts can be sent ({error})") from None


def read_value(text: str, attachments: Sequence[bytes]) -> Any:
    """Read what `write_value` wrote; raises `CommandError` for anything else."""
    try:
        value = bounded_json.parse(
            text, max_depth=_MAX_WRITTEN_DEPTH, max_containers=_MAX_WRITTEN_VALUES, max_values=_MAX_WRITTEN_VALUES
        )
        return _put_back(value, attachments)
    except (RefusedJson, ValueError):
        raise CommandError("this is no value of an Emitter") from None


def _take_out(value: Any, attachments: list[bytes]) -> Any:
    match value:
        case bytes() | bytearray():
            attachments.append(bytes(value))
            return {_MARK: len(attachments) - 1}
        case tuple():
            return {_MARK: [_take_out(one, attachments) for one in value]}
        case list():
            return [_take_out(one, attachments) for one in value]
        case Extension(code, data):
            attachments.append(data)
            return {_MARK: {"extension": [code, len(attachments) - 1]}}
        case float() if not math.isfinite(value):
            return None
        case dict():
            items = {key: _take_out(one, attachments) for key, one in value.items()}
            return {_MARK: {"dict": items}} if _MARK in items else items
        case _:
            return value


def _put_back(value: Any, attachments: Sequence[bytes]) -> Any:
    match value:
        case {"_placeholder": int(number)} if 0 <= number < len(attachments):
            return attachments[number]
        case {"_placeholder": list(items)}:
            return tuple(_put_back(one, attachments) for one in items)
        case {"_placeholder": {"extension": [int(code), int(number)]}} if 0 <= number < len(attachments):
            return Extension(code, attachments[number])
        case {"_placeholder": {"dict": dict(items)}}:
            return {key: _put_back(one, attachments) for key, one in items.items()}
        case {"_placeholder": _}:
            raise ValueError("no such attachment")
        case list():
            return [_put_back(one, attachments) for one in value]
        case dict():
            return {key: _put_back(one, attachments) for key, one in value.items()}
        case _:
            return value
