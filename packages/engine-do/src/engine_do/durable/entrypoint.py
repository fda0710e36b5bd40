"""For the Worker's entrypoint: which actor serves a request, and which requests are refused before any actor wakes."""

import inspect
import json
import logging
import secrets
from collections.abc import Callable
from typing import Any, Final

import js
from pyodide.ffi import JsException, to_js

from engine_do.config import EngineConfig
from engine_do.durable.http.http import LATER_HEADER, POLL_HEADER, REPEAT_HEADER, VERSION_HEADER, WAITED_HEADER
from engine_do.durable.http.refusals import refuse, refuse_unreadable
from engine_do.durable.javascript import read_request, read_some, response, with_headers
from engine_do.errors import FORBIDDEN, ConfigError, RemoteEngineError
from engine_do.http_request import HttpRequest
from engine_do.requests.admission import (
    EIO3_PREFIX,
    EIO4_PREFIX,
    LOOKED_AT,
    Handshake,
    Poll,
    Post,
    Target,
    actor_for,
    admit,
    is_engine_path,
    shows_requests,
)
from engine_do.requests.headers import answer_headers, preflight_headers
from engine_do.session.session import REVISION
from shared_wire.durable import raw, raw_request
from shared_wire.log_lines import summarize

__all__ = ["route"]

_logger = logging.getLogger("engine_do")

#: Seconds after which a client may try a handshake again that the object could not answer; stock clients have their own pauses.
_RETRY_AFTER_S: Final = "1"
#: How many configurations this isolate tells apart.
_MOST_COMPARED: Final = 10
#: The configurations that this isolate has held against those of the actors, by identity; kept, so that none has another's.
_compared: dict[int, EngineConfig] = {}


async def route(request: Any, namespace: Any, config: EngineConfig, *, version: str = "") -> Any:
    """Serve a request: forward it to the engine actor it belongs to, or answer what belongs to none.

    ``request`` is what the entrypoint's ``fetch`` was given, ``namespace`` the binding of the engine's Durable Object class, and
    ``config`` the same configuration its actors have: another one is named in the log with the first request that is forwarded.
    ``version`` is the id of the Worker's version, ``self.env.CF_VERSION_METADATA.id`` with a binding of ``version_metadata``:
    clients that poll do not keep a deploy from their object then. "" where there is none, as on plain workerd.
    Returns the response; 404 outside ``config.path``. Raises `ConfigError` when ``namespace`` is no such binding.
    """
    namespace = namespace if namespace is None else raw(namespace)
    if not hasattr(namespace, "getByName"):
        raise ConfigError("route() needs the engine's Durable Object binding: route(request, self.env.ENGINE, ENGINE)")
    request = raw_request(request)
    try:
        http = read_request(request) if shows_requests(config) else read_some(request, LOOKED_AT)
    except RemoteEngineError as error:
        return refuse_unreadable(error)
    if not is_engine_path(http.url, config):
        return response("Not found", 404)
    if http.method == "OPTIONS":
        return response(None, 204, preflight_headers(http, config))
    try:
        target = admit(http, config)
        if config.allow_request is not None and isinstance(target, Handshake):
            await _judge(http, config.allow_request)
    except RemoteEngineError as error:
        return refuse(error, http, config)
    return await _forward(request, http, target, namespace, config, version)


async def _judge(http: HttpRequest, allow_request: Callable[[HttpRequest], Any]) -> None:
    """Ask the application's hook whether a handshake may come in."""
    verdict = allow_request(http)
    refusal = await verdict if inspect.isawaitable(verdict) else verdict
    if refusal is not None:
        raise RemoteEngineError(FORBIDDEN, message=str(refusal))


async def _forward(
    request: Any, http: HttpRequest, target: Target, namespace: Any, config: EngineConfig, version: str
) -> Any:
    """Forward a request to its actor; a GET that its object puts off waits here, and is brought again.

    The raw request and response: the SDK's wrapper of a response with a socket aborts the socket when Python collects it.
    """
    name = (
        _choose(http, config, target.revision)
        if isinstance(target, Handshake)
        else actor_for(target.engine_sid, config)
    )
    hint = config.location_hint(http) if config.location_hint and isinstance(target, Handshake) else None
    options = (js.Object.fromEntries(to_js([["locationHint", hint]])),) if hint else ()
    if id(config) not in _compared and len(_compared) < _MOST_COMPARED:
        await _compare(namespace.getByName(name, *options), config)
    marks = _marks(version) if isinstance(target, Poll) else {}
    forwarded = with_headers(request, {**marks, REPEAT_HEADER: "0"}) if isinstance(target, Poll | Post) else request

    async def ask(asked: Any) -> Any:
        answer = await namespace.getByName(name, *options).fetch(asked)
        if isinstance(target, Poll) and isinstance(later := answer.headers.get(LATER_HEADER), str):
            await js.scheduler.wait(int(later))
            marks[WAITED_HEADER] = later
            waited = with_headers(_without_body(request, http), {**marks, REPEAT_HEADER: "0"})
            answer = await namespace.getByName(name, *options).fetch(waited)
        return answer

    try:
        return await ask(forwarded)
    except JsException as error:
        _logger.warning("= request failed at %s: %s", name, summarize(error))
        again = _repeat(request, http, target, marks, error)
    if again is not None:
        try:
            return await ask(again)
        except JsException as error:
            _logger.warning("= request failed again at %s: %s", name, summarize(error))
    if isinstance(target, Handshake):
        return response(
            "Service unavailable", 503, {**answer_headers(http, config, "text/plain"), "retry-after": _RETRY_AFTER_S}
        )
    return response("Internal server error", 500)


def _repeat(request: Any, http: HttpRequest, target: Target, marks: dict[str, str], error: JsException) -> Any:
    """Make the request that is sent after one has failed; none where nothing may be sent.

    A body that was read cannot be sent twice. A GET that fails because the object was reset is given to its next life, under the
    same name; of a POST the next life is only told, whatever the error. A handshake is a GET without a session: where the runtime
    says that the failure was its own, it is repeated, and a session that the first one may have begun ends as if its client had
    gone. A WebSocket of a session that polls is not: its client goes on polling.
    """
    if isinstance(target, Handshake):
        return request if _is_transient(error) else None
    if not isinstance(target, Poll | Post):
        return None
    return with_headers(_without_body(request, http), {**marks, REPEAT_HEADER: "1"})


def _marks(version: str) -> dict[str, str]:
    """Say what the object is to know of a GET; whatever the client said under these names is not heard."""
    return {POLL_HEADER: secrets.token_urlsafe(12), VERSION_HEADER: version, WAITED_HEADER: "0"}


def _without_body(request: Any, http: HttpRequest) -> Any:
    """Make a request like one that was sent."""
    bodyless = js.Object.fromEntries(to_js([["method", http.method], ["headers", request.headers]]))
    return js.Request.new(http.url, bodyless)


def _is_transient(error: JsException) -> bool:
    """Return whether the runtime marks an error as one that passes, and not as one of an object that has too much to do."""
    return getattr(error, "retryable", None) is True and getattr(error, "overloaded", None) is not True


async def _compare(actor: Any, config: EngineConfig) -> None:
    """Log what the actor's class has configured otherwise. Asked once: what is wrong there is wrong for all."""
    _compared[id(config)] = config
    try:
        differing = json.loads(str(await actor.compare_config(json.dumps(config.describe()))))
    except JsException as error:
        _logger.warning("= configurations were not compared: %s", summarize(error))
        return
    if differing:
        _logger.error(
            "= route() was given another configuration than the engine's class has; give both the same object "
            "(in the moments of a deploy that changes it, this passes). They differ in: %s",
            ", ".join(differing),
        )


def _choose(http: HttpRequest, config: EngineConfig, revision: int) -> str:
    if config.choose_actor is not None:
        number = config.choose_actor(http)
    else:
        number = secrets.randbelow(config.actors) if config.actors > 1 else 0
    if not 0 <= number < config.actors:
        raise ConfigError(f"choose_actor gave {number!r}: it must give a number from 0 to {config.actors - 1}")
    return f"{EIO4_PREFIX if revision == REVISION else EIO3_PREFIX}{number}"
