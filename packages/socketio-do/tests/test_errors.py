import inspect

import pytest

import socketio_do
from socketio_do import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_has_the_root_and_a_code_of_its_own(error: type[errors.ServerError]) -> None:
    assert issubclass(error, errors.ServerError)
    assert [other for other in CLASSES if other.code == error.code] == [error]


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_is_someones_fault(error: type[errors.ServerError]) -> None:
    sides = {errors.LocalServerError, errors.RemoteServerError}
    assert error is errors.ServerError or len(sides.intersection(error.__mro__)) == 1


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_is_in_the_tree_at_the_top_and_can_be_had_from_the_package(
    error: type[errors.ServerError],
) -> None:
    assert error.__name__ in (errors.__doc__ or "")
    assert getattr(socketio_do, error.__name__) is error
    assert inspect.getdoc(error)


def test_the_sides() -> None:
    assert issubclass(errors.ConfigError, errors.LocalServerError)
    assert issubclass(errors.SessionDataError, errors.LocalServerError)
    assert issubclass(errors.PacketError, errors.RemoteServerError)
