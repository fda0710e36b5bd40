"""Requests that the entrypoint let through, answered: handshakes, GETs, POSTs, and the WebSockets of upgrades."""

import asyncio
import secrets
from typing import Any, Final

import js
from pyodide.ffi import JsException, create_proxy

from engine_do.config import EngineConfig
from engine_do.durable.alarm import Alarm
from engine_do.durable.http.giving_way import GivingWay
from engine_do.durable.http.refusals import refuse, refuse_unreadable
from engine_do.durable.javascript import (
    read_body,
    read_request,
    response,
    upgrade_response,
)
from engine_do.durable.sessions.sessions import Sessions
from engine_do.errors import BAD_REQUEST, FORBIDDEN, TOO_LARGE, UNKNOWN_SID, RemoteEngineError
from engine_do.http_request import HttpRequest
from engine_do.protocol.ids import EngineSid, make_engine_sid
from engine_do.protocol.packets import Frame, encode_message
from engine_do.protocol.payloads import decode_payload, encode_payload
from engine_do.requests.admission import Handshake, Poll, Post, Transport, Upgrade, admit
from engine_do.requests.handshake import make_environ, open_packet
from engine_do.requests.headers import answer_headers, choose_encoding, cookie_header, upgrade_headers
from engine_do.session.heartbeat import deadline
from engine_do.session.polling import HOLD_MS, Polling, may_upgrade
from engine_do.session.polling_events import (
    AcceptPost,
    PollAborted,
    Polled,
    PollExpired,
    PollingEffect,
    PostBegun,
    PostReceived,
    ProbeOpened,
    RefusePost,
)
from engine_do.session.quiet import QUIET_MS
from engine_do.session.session import (
    REVISION,
    CloseRequested,
    Session,
)
from shared_wire.durable import Timer, now_ms, raw_request
from shared_wire.reasons import Reason

__all__ = ["LATER_HEADER", "POLL_HEADER", "REPEAT_HEADER", "VERSION_HEADER", "WAITED_HEADER", "Http"]

#: What the entrypoint says of a request it forwards: the name of a GET, and that it forwards it again after a failure.
POLL_HEADER: Final = "x-engine-do-poll"
REPEAT_HEADER: Final = "x-engine-do-repeat"
#: Besides of a GET: the version of the Worker that the entrypoint is of, and for how many milliseconds the GET has waited there.
VERSION_HEADER: Final = "x-engine-do-version"
WAITED_HEADER: Final = "x-engine-do-waited"
#: What an answer to the entrypoint says, and to no client: for how many milliseconds the GET is to wait before it comes again.
LATER_HEADER: Final = "x-engine-do-later"

#: Packets of one payload that are taken without looking for what others have sent.
_TOGETHER: Final = 50


class Http:
    """Answers requests for the sessions of one object."""

    def __init__(
        self, name: str, config: EngineConfig, sessions: Sessions, alarm: Alarm, giving_way: GivingWay
    ) -> None:
        """Initialise with the object's name, sessions and alarm, and what has GETs wait elsewhere."""
        self._alarm = alarm
        self._name = name
        self._config = config
        self._sessions = sessions
        self._giving_way = giving_way

    async def answer(self, request: Any) -> Any:
        """Answer a request; the one that is refused too."""
        request = raw_request(request)
        try:
            http = read_request(request)
        except RemoteEngineError as error:
            return refuse_unreadable(error)
        try:
            match admit(http, self._config):
                case Handshake() as handshake:
                    return await self._open(http, handshake)
                case Poll(engine_sid):
                    return await self._poll(request, http, self._polling(engine_sid))
                case Post(engine_sid):
                    return await self._post(request, http, self._polling(engine_sid))
                case Upgrade(engine_sid):
                    return await self._upgrade(http, self._polling(engine_sid))
        except RemoteEngineError as error:
            return refuse(error, http, self._config)

    def _polling(self, engine_sid: EngineSid) -> Polling:
        """Find the session a request belongs to; one that left polling is still there, so the request is what is wrong."""
        polling = self._sessions.polls.get(engine_sid)
        if polling is None:
            raise RemoteEngineError(UNKNOWN_SID if self._sessions.sockets.find(engine_sid) is None else BAD_REQUEST)
        return polling

    async def _open(self, http: HttpRequest, handshake: Handshake) -> Any:
        self._refuse_crowd(http)
        engine_sid = make_engine_sid(secrets.token_urlsafe(16), self._name)
        environ = make_environ(http, handshake.transport, self._config.exclude_headers)
        application = self._sessions.application
        if application.announces_late and self._alarm.at_ms is not None:
            # Nobody is asked and nothing is waited for: there is no moment in which the handshake is pending.
            session = self._begin(engine_sid, handshake, environ)
            await self._alarm.arm(deadline(session, self._config))
            return self._accept(http, handshake, session, ())
        pending = self._sessions.pending.begin(engine_sid, handshake.transport, http.remote_address)
        try:
            if not await application.connecting(engine_sid, environ):
                pending.refused = True
            session = self._begin(engine_sid, handshake, environ)
            if not pending.refused:
                await self._alarm.arm(deadline(session, self._config))
            if pending.refused:
                raise RemoteEngineError(FORBIDDEN)
            return self._accept(http, handshake, session, tuple(pending.frames))
        finally:
            self._sessions.end_pending(engine_sid)

    def _begin(self, engine_sid: EngineSid, handshake: Handshake, environ: tuple[tuple[str, str], ...]) -> Session:
        now, late = now_ms(), self._sessions.application.announces_late
        return Session(
            engine_sid=engine_sid,
            pinged_ms=now,
            deadline_ms=now + self._config.connect_timeout_ms if late else None,
            environ=environ if late else None,
            revision=handshake.revision,
            base64=handshake.base64,
        )

    def _accept(self, http: HttpRequest, handshake: Handshake, session: Session, sent: tuple[Frame, ...]) -> Any:
        """Answer a handshake: behind the open packet follow the initial packet, and what was sent while the client was judged."""
        initial = self._config.initial_packet
        first = sent if initial is None else (encode_message(initial), *sent)
        opens = self._open_socket if handshake.transport is Transport.WEBSOCKET else self._open_polling
        return opens(http, session, first)

    def _refuse_crowd(self, http: HttpRequest) -> None:
        config, address = self._config, http.remote_address
        if self._sessions.is_full():
            raise RemoteEngineError(FORBIDDEN, "too many sessions")
        limit = config.max_sessions_per_address
        if limit is not None and address and self._sessions.count_from(address) >= limit:
            raise RemoteEngineError(FORBIDDEN, "too many sessions of one address")

    def _open_socket(self, http: HttpRequest, session: Session, first: tuple[Frame, ...]) -> Any:
        """Accept the socket; the open packet is the first frame on it."""
        sockets = self._sessions.sockets
        client, server = sockets.accept(session, http.remote_address)
        self._sessions.stored.note_opened(session.engine_sid)
        opening = open_packet(session.engine_sid, Transport.WEBSOCKET, self._config)
        sockets.send(server, sockets.ready((opening, *first)))
        return upgrade_response(client, upgrade_headers(http))

    def _open_polling(self, http: HttpRequest, session: Session, first: tuple[Frame, ...]) -> Any:
        polls = self._sessions.polls
        polling = Polling(session=session, address=http.remote_address, outbox=first, is_stored=polls.are_stored)
        self._sessions.polls.put(polling)
        self._sessions.polls.store(session.engine_sid)
        cookie = cookie_header(session.engine_sid, self._config)
        opening = open_packet(session.engine_sid, Transport.POLLING, self._config)
        return self._answer_frames(http, session, (opening,), {} if cookie is None else {"set-cookie": cookie})

    async def _poll(self, request: Any, http: HttpRequest, polling: Polling) -> Any:
        engine_sid = polling.session.engine_sid
        poll_id = http.headers.get(POLL_HEADER) or secrets.token_urlsafe(12)
        waiting = self._sessions.polls.wait(poll_id)
        self._sessions.step_polling(engine_sid, Polled(poll_id, http.headers.get(REPEAT_HEADER) == "1"))
        waited_ms, version = _waited_ms(http), http.headers.get(VERSION_HEADER, "")
        self._giving_way.note(version)
        if version and not waiting.done():  # an entrypoint that does not name it may not know how to wait
            later_ms = self._giving_way.look(engine_sid, poll_id, has_waited=waited_ms > 0)
            if later_ms:
                return response(None, 204, {LATER_HEADER: str(later_ms)})
        hold_ms = HOLD_MS - waited_ms
        frames = (
            waiting.result() if waiting.done() else await self._hold(request, engine_sid, poll_id, waiting, hold_ms)
        )
        if frames is None:
            raise RemoteEngineError(BAD_REQUEST if self._sessions.polls.get(engine_sid) else UNKNOWN_SID)
        return self._answer_frames(http, polling.session, frames)

    async def _hold(
        self,
        request: Any,
        engine_sid: EngineSid,
        poll_id: str,
        waiting: "asyncio.Future[tuple[Frame, ...] | None]",
        hold_ms: int,
    ) -> tuple[Frame, ...] | None:
        """Wait for packets, at most so long, or until the runtime says that the client took its GET back."""
        timer = Timer(hold_ms / 1000, lambda: self._step(engine_sid, PollExpired(poll_id)))
        signal = request.signal
        aborted = create_proxy(lambda _: self._step(engine_sid, PollAborted(poll_id)))
        signal.addEventListener("abort", aborted)
        try:
            return await waiting
        finally:
            timer.cancel()
            signal.removeEventListener("abort", aborted)
            aborted.destroy()

    def _step(self, engine_sid: EngineSid, event: PollExpired | PollAborted) -> None:
        self._sessions.step_polling(engine_sid, event)

    async def _post(self, request: Any, http: HttpRequest, polling: Polling) -> Any:
        engine_sid = polling.session.engine_sid
        if http.headers.get(REPEAT_HEADER) == "1":
            # Nobody knows what became of this payload: the object was reset while it had it.
            self._sessions.apply(engine_sid, CloseRequested(Reason.TRANSPORT_ERROR))
            raise RemoteEngineError(BAD_REQUEST)
        if RefusePost() in self._sessions.step_polling(engine_sid, PostBegun()):
            raise RemoteEngineError(BAD_REQUEST)
        is_binary = http.headers.get("content-type", "").startswith("application/octet-stream")
        body, too_long = None, http.declares_more_than(self._config.max_payload)
        if not too_long and not (is_binary and polling.session.revision == REVISION):
            body, too_long = await self._read(request, engine_sid)
        frames = None if body is None else self._read_payload(polling.session, body, is_binary)
        effects = await self._receive(engine_sid, frames, len(body or b""))
        if too_long:
            raise RemoteEngineError(BAD_REQUEST, status=TOO_LARGE)
        if AcceptPost() not in effects:
            raise RemoteEngineError(BAD_REQUEST)
        self._giving_way.rest()  # a pong is what keeps a session from it most often
        return response("ok", 200, answer_headers(http, self._config, "text/html"))

    async def _receive(
        self, engine_sid: EngineSid, frames: tuple[Frame, ...] | None, size: int
    ) -> tuple[PollingEffect, ...]:
        """Apply a payload's packets, so many at a time; others get in between. The end of their session ends them, too."""
        if frames is not None and len(frames) > _TOGETHER:
            self._sessions.hold(engine_sid, size)
            try:
                for first in range(0, len(frames) - _TOGETHER, _TOGETHER):
                    some = PostReceived(frames[first : first + _TOGETHER], now_ms(), more=True)
                    effects = self._sessions.step_polling(engine_sid, some)
                    if AcceptPost() in effects or self._sessions.polls.get(engine_sid) is None:
                        return effects
                    await js.scheduler.wait(0)
                frames = frames[first + _TOGETHER :]
            finally:
                self._sessions.held.release(engine_sid, size)
        return self._sessions.step_polling(engine_sid, PostReceived(frames, now_ms()))

    async def _read(self, request: Any, engine_sid: EngineSid) -> tuple[bytes | None, bool]:
        """Read a body; returns none of one that breaks off or is too long, and which of both it was.

        What has come of it is held for its session; when that ends, so does the reading.
        """
        stream, held, limit = request.body, 0, self._config.max_payload
        if not stream:
            return b"", False
        reader = stream.getReader()

        def take(size: int) -> bool:
            nonlocal held
            held += size
            self._sessions.hold(engine_sid, size)
            return held <= limit

        self._sessions.readers[engine_sid] = reader
        try:
            return await read_body(reader, take), held > limit
        except JsException:
            return None, False
        finally:
            self._sessions.readers.pop(engine_sid, None)
            self._sessions.held.release(engine_sid, held)

    def _read_payload(self, session: Session, body: bytes, is_binary: bool) -> tuple[Frame, ...] | None:
        try:
            frames = decode_payload(body, session.revision, is_binary)
        except RemoteEngineError:
            return None
        return tuple(frames) if self._sessions.may_send(session.engine_sid, now_ms(), len(frames), len(body)) else None

    async def _upgrade(self, http: HttpRequest, polling: Polling) -> Any:
        if not may_upgrade(polling, self._config):
            raise RemoteEngineError(BAD_REQUEST)
        now, engine_sid = now_ms(), polling.session.engine_sid
        client = self._sessions.sockets.accept_probe(engine_sid, http.remote_address)
        later_ms = self._giving_way.left_ms()  # the client upgrades when its GET is answered, which may wait elsewhere
        self._sessions.step_polling(engine_sid, ProbeOpened(now + later_ms))
        self._sessions.probes.watch(engine_sid, later_ms)
        return upgrade_response(client, upgrade_headers(http))

    def _answer_frames(
        self, http: HttpRequest, session: Session, frames: tuple[Frame, ...], extra: dict[str, str] | None = None
    ) -> Any:
        payload = encode_payload(frames, session.revision, session.base64)
        kind = "text/plain; charset=UTF-8" if isinstance(payload, str) else "application/octet-stream"
        headers = answer_headers(http, self._config, kind) | (extra or {})
        encoding = choose_encoding(http, len(payload), self._config)
        if encoding is not None:
            headers["content-encoding"] = encoding
        return response(payload, 200, headers)


def _waited_ms(http: HttpRequest) -> int:
    """Read for how long a GET has waited at the entrypoint."""
    found = http.headers.get(WAITED_HEADER, "")
    return min(int(found), QUIET_MS) if found.isascii() and found.isdecimal() and len(found) < 10 else 0
