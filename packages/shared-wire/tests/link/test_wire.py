"""What a link asks of a shell: the fake that stands for one has all of it."""

import inspect

import pytest
from wire_fakes import FakeWire

from shared_wire.link.wire import Wire

ASKED = [name for name, member in vars(Wire).items() if inspect.isfunction(member) and not name.startswith("_")]


def test_something_is_asked() -> None:
    assert {"say", "call", "deliver", "lose", "note_failing"} <= {*ASKED}


@pytest.mark.parametrize("name", ASKED)
def test_the_fake_takes_what_a_shell_is_given(name: str) -> None:
    expected, found = (inspect.signature(getattr(kind, name)) for kind in (Wire, FakeWire))
    assert [*found.parameters] == [*expected.parameters]
