import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest
import socketio
from server_fakes import FakeEvent, FakeRuntime, finish, socket_sid

from socketio_do.upstream.dispatch import call_handler, call_trigger_event, namespace_method

CONNECT = ("sid", {"environ": "yes"}, {"token": "secret"})
DISCONNECT = ("sid", "transport close")


def one(a: Any) -> tuple[Any, ...]:
    return (a,)


def two(a: Any, b: Any) -> tuple[Any, ...]:
    return (a, b)


def three(a: Any, b: Any, c: Any) -> tuple[Any, ...]:
    return (a, b, c)


def default(a: Any, b: Any, c: Any = None) -> tuple[Any, ...]:
    return (a, b, c)


def positional_only(a: Any, b: Any, /) -> tuple[Any, ...]:
    return (a, b)


def any_number(*args: Any) -> tuple[Any, ...]:
    return args


def keyword_only(a: Any, b: Any, *, note: str = "") -> tuple[Any, ...]:
    return (a, b)


def with_keywords(a: Any, b: Any, **notes: Any) -> tuple[Any, ...]:
    return (a, b)


async def a_coroutine(a: Any, b: Any) -> tuple[Any, ...]:
    return (a, b)


class Handlers:
    """Holds handlers that are methods."""

    def two(self, a: Any, b: Any) -> tuple[Any, ...]:
        return (a, b)

    def __call__(self, a: Any, b: Any, c: Any) -> tuple[Any, ...]:
        return (a, b, c)

    @classmethod
    def of_class(cls, a: Any, b: Any) -> tuple[Any, ...]:
        return (a, b)

    @staticmethod
    def free(a: Any, b: Any, c: Any) -> tuple[Any, ...]:
        return (a, b, c)


def wrapped(handler: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handler)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return handler(*args, **kwargs)

    return wrapper


class Decorated:
    """Methods behind a decorator, as in a class-based namespace."""

    @wrapped
    def two(self, a: Any, b: Any) -> tuple[Any, ...]:
        return (a, b)

    @wrapped
    def three(self, a: Any, b: Any, c: Any) -> tuple[Any, ...]:
        return (a, b, c)


@pytest.mark.parametrize(
    ("handler", "taken"),
    [
        (Decorated().two, 2),
        (Decorated().three, 3),
        (two, 2),
        (three, 3),
        (default, 3),
        (positional_only, 2),
        (any_number, 3),
        (keyword_only, 2),
        (with_keywords, 2),
        (a_coroutine, 2),
        (Handlers().two, 2),
        (Handlers(), 3),
        (Handlers.of_class, 2),
        (Handlers.free, 3),
        (functools.partial(three, "sid first"), 2),
        (wrapped(two), 2),
        (wrapped(three), 3),
        (wrapped(wrapped(two)), 2),
        (wrapped(Handlers().two), 2),
    ],
)
def test_a_connect_handler_may_leave_out_auth(handler: Callable[..., Any], taken: int) -> None:
    expected = CONNECT[:taken]
    if isinstance(handler, functools.partial):
        expected = ("sid first", *CONNECT[:taken])
    assert finish(call_handler(handler, "connect", CONNECT)) == expected


@pytest.mark.parametrize(
    ("handler", "taken"), [(one, 1), (two, 2), (default, 2), (any_number, 2), (wrapped(one), 1), (wrapped(two), 2)]
)
def test_a_disconnect_handler_may_leave_out_the_reason(handler: Callable[..., Any], taken: int) -> None:
    result = finish(call_handler(handler, "disconnect", DISCONNECT))
    assert result[:taken] == DISCONNECT[:taken]
    assert not any(result[taken:])


def test_nothing_but_the_last_argument_is_left_out() -> None:
    with pytest.raises(TypeError):
        finish(call_handler(one, "connect", CONNECT))
    with pytest.raises(TypeError):
        finish(call_handler(lambda: None, "disconnect", DISCONNECT))


def test_a_catch_all_namespace_has_the_namespace_in_front() -> None:
    assert finish(call_handler(three, "connect", ("/n", *CONNECT))) == ("/n", *CONNECT[:2])
    assert finish(call_handler(two, "disconnect", ("/n", *DISCONNECT))) == ("/n", "sid")


def test_other_events_are_called_with_what_came() -> None:
    assert finish(call_handler(three, "say", ("sid", 1, 2))) == ("sid", 1, 2)
    with pytest.raises(TypeError):
        finish(call_handler(two, "say", ("sid", 1, 2)))


def test_a_handler_without_a_signature_gets_everything() -> None:
    assert finish(call_handler(max, "connect", (1, 3, 2))) == 3


@pytest.mark.parametrize("event", ["connect", "disconnect", "say"])
def test_a_handler_that_raises_type_error_is_called_once(event: str) -> None:
    calls: list[Any] = []

    async def handler(sid: str, data: Any) -> None:
        calls.append(data)
        raise TypeError("its own")

    with pytest.raises(TypeError, match="its own"):
        finish(call_handler(handler, event, ("sid", "data")))
    assert calls == ["data"]


def test_what_a_plain_function_returns_is_awaited_if_it_can_be() -> None:
    def handler(sid: str) -> Any:
        return a_coroutine(sid, "awaited")

    assert finish(call_handler(handler, "say", ("sid",))) == ("sid", "awaited")


def test_a_handler_may_suspend() -> None:
    runtime, gate = FakeRuntime(lambda: socket_sid(1)), FakeEvent()

    async def handler(sid: str) -> str:
        await gate.wait()
        return sid

    task = runtime.start(call_handler(handler, "say", ("sid",)))
    assert not task.done
    gate.set()
    runtime.settle()
    assert task.result == "sid"


class Chat(socketio.AsyncNamespace):
    """A namespace with a method, an attribute that is none, and no `on_leave`."""

    on_mood = "not callable"

    def on_say(self, sid: str, text: str) -> str:
        return text


class Own(socketio.AsyncNamespace):
    """A namespace that dispatches for itself."""

    async def trigger_event(self, event: str, *args: Any) -> Any:
        return event


class Heir(Own):
    """Its base dispatches."""


def make(kind: Any) -> Any:
    return kind("/chat")


def test_a_method_is_found_by_its_event() -> None:
    method = namespace_method(make(Chat), "say")
    assert method is not None
    assert method("sid", "hello") == "hello"


@pytest.mark.parametrize("event", ["leave", "mood", "", "__init__", "say\0", "SAY", "*"])
def test_an_event_without_a_method_is_ignored(event: str) -> None:
    method = namespace_method(make(Chat), event)
    assert method is not None
    assert method("sid", 1, 2) is None


@pytest.mark.parametrize("kind", [Own, Heir])
def test_a_namespace_with_its_own_trigger_event_decides_itself(kind: Any) -> None:
    assert namespace_method(make(kind), "say") is None


def test_a_wrapper_with_parameters_of_its_own_is_called_with_those() -> None:
    @functools.wraps(three)
    def wrapper(sid: Any, environ: Any) -> Any:
        return three(sid, environ, "made by the wrapper")

    assert finish(call_handler(wrapper, "connect", CONNECT)) == (*CONNECT[:2], "made by the wrapper")


@pytest.mark.parametrize("taken", [1, 2])
def test_a_wrapper_that_takes_any_takes_what_it_wraps_takes(taken: int) -> None:
    handler = (one, two)[taken - 1]

    @functools.wraps(handler)
    def wrapper(sid: Any, *rest: Any) -> Any:
        return handler(sid, *rest)

    assert finish(call_handler(wrapper, "disconnect", DISCONNECT)) == DISCONNECT[:taken]


def passing_on(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate without `functools.wraps`."""

    async def wrapper(*args: Any) -> Any:
        result = handler(*args)
        return await result if inspect.isawaitable(result) else result

    return wrapper


def with_user(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate with `wraps`, though the handler takes one argument more than it is given."""

    @functools.wraps(handler)
    async def wrapper(sid: Any, *args: Any) -> Any:
        return handler("user", sid, *args)

    return wrapper


def rest(sid: Any, *more: Any) -> tuple[Any, ...]:
    return (sid, *more)


@pytest.mark.parametrize(
    ("handler", "result"),
    [
        (passing_on(two), CONNECT[:2]),
        (passing_on(three), CONNECT),
        (passing_on(passing_on(two)), CONNECT[:2]),
        (with_user(three), ("user", *CONNECT[:2])),
        (rest, CONNECT),
        (passing_on(default), CONNECT),
    ],
)
def test_what_a_decorator_hides_gets_auth_unless_that_is_one_too_many(handler: Any, result: tuple[Any, ...]) -> None:
    assert finish(call_handler(handler, "connect", CONNECT)) == result


@pytest.mark.parametrize("decorate", [passing_on, lambda handler: handler])
def test_a_handler_is_not_called_twice_for_an_error_of_its_own(decorate: Callable[..., Any]) -> None:
    calls: list[Any] = []

    def fails(sid: Any, environ: Any, auth: Any = None) -> None:
        calls.append(auth)
        two(sid, environ, auth)  # type: ignore[call-arg]

    with pytest.raises(TypeError, match="two"):
        finish(call_handler(decorate(fails), "connect", CONNECT))
    assert calls == [CONNECT[2]]


def test_an_event_is_never_called_again_with_less() -> None:
    with pytest.raises(TypeError, match="two"):
        finish(call_handler(passing_on(two), "say", CONNECT))


class Old(socketio.AsyncNamespace):
    """Dispatches for itself, to methods as they were before `auth`."""

    async def trigger_event(self, event: str, *args: Any) -> Any:
        return await getattr(self, f"on_{event}")(*args)

    async def on_connect(self, sid: str, environ: Any) -> tuple[Any, ...]:
        return (sid, environ)

    async def on_disconnect(self, sid: str) -> tuple[Any, ...]:
        return (sid,)


class Hiding(socketio.AsyncNamespace):
    """Likewise, to functions that nobody finds."""

    async def trigger_event(self, event: str, *args: Any) -> Any:
        handlers: dict[str, Callable[..., Any]] = {"connect": two, "disconnect": one, "say": three}
        return handlers[event](*args)


@pytest.mark.parametrize("kind", [Old, Hiding])
def test_a_namespace_that_dispatches_for_itself_may_have_old_handlers(kind: Any) -> None:
    assert finish(call_trigger_event(make(kind), "connect", (), CONNECT)) == CONNECT[:2]
    assert finish(call_trigger_event(make(kind), "disconnect", (), DISCONNECT)) == DISCONNECT[:1]


def test_a_namespace_that_dispatches_for_itself_gets_every_other_event_as_it_is() -> None:
    assert finish(call_trigger_event(make(Hiding), "say", ("/n",), ("sid", 1))) == ("/n", "sid", 1)
