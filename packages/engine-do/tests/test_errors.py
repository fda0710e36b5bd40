import pytest

from engine_do import errors
from engine_do.errors import (
    ConfigError,
    EngineConfigWarning,
    EngineError,
    LocalEngineError,
    RemoteEngineError,
)

#: Node's `Server.errors`, `Server.errorMessages` and `abortRequest`, engine.io 6.6.
NODE = [
    (errors.UNKNOWN_TRANSPORT, 0, "Transport unknown", 400),
    (errors.UNKNOWN_SID, 1, "Session ID unknown", 400),
    (errors.BAD_METHOD, 2, "Bad handshake method", 400),
    (errors.BAD_REQUEST, 3, "Bad request", 400),
    (errors.FORBIDDEN, 4, "Forbidden", 403),
    (errors.UNSUPPORTED_VERSION, 5, "Unsupported protocol version", 400),
]


@pytest.mark.parametrize(("code", "number", "message", "status"), NODE)
def test_a_client_is_answered_as_node_answers(code: int, number: int, message: str, status: int) -> None:
    error = RemoteEngineError(code)
    assert (error.code, error.message, error.status) == (number, message, status)
    assert str(error) == message


@pytest.mark.parametrize(("code", "message"), [(code, message) for code, _, message, _ in NODE])
def test_a_hint_follows_the_message(code: int, message: str) -> None:
    assert RemoteEngineError(code, "try this").message == f"{message}: try this"


def test_a_code_that_clients_do_not_know_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        RemoteEngineError(6)


def test_errors_are_split_by_who_is_at_fault() -> None:
    assert issubclass(RemoteEngineError, EngineError)
    assert issubclass(LocalEngineError, EngineError)
    assert not issubclass(LocalEngineError, RemoteEngineError)
    assert not issubclass(RemoteEngineError, LocalEngineError)


@pytest.mark.parametrize(("kind", "code"), [(LocalEngineError, "local"), (ConfigError, "config")])
def test_a_callers_mistake_has_a_code_of_its_own(kind: type[LocalEngineError], code: str) -> None:
    assert kind("write this instead").code == code
    assert issubclass(kind, LocalEngineError)


def test_the_warning_can_be_filtered_by_its_class() -> None:
    assert issubclass(EngineConfigWarning, UserWarning)
    assert not issubclass(EngineConfigWarning, EngineError)
