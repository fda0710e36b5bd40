"""How an object gives way to a deploy that clients which poll would keep it from: it holds none of their GETs for a moment."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from engine_do.durable.alarm import Alarm
from engine_do.durable.sessions.sessions import Sessions
from engine_do.protocol.ids import EngineSid
from engine_do.session.polling_events import PollExpired, PollPutOff, PutOffPoll
from engine_do.session.quiet import QuietMoments
from shared_wire.durable import log_fault, now_ms

__all__ = ["GivingWay"]

#: To which versions the object gave way.
_KEY: Final = "engine_do_gave_way"


class GivingWay:
    """Begins quiet moments, and has GETs wait at the entrypoint while one lasts."""

    def __init__(self, sessions: Sessions, alarm: Alarm, kv: Any, counters: Counter[str]) -> None:
        """Initialise with the object's sessions and alarm, its keys in storage, and where to count what is written."""
        self._sessions = sessions
        self._alarm = alarm
        self._kv, self._counters = kv, counters
        self._moments = QuietMoments(lambda: kv.get(_KEY))

        #: Told of the entrypoint's version with each GET.
        self.note = self._moments.note

    def look(self, engine_sid: EngineSid, poll_id: str, *, has_waited: bool) -> int:
        """Look at a GET that is held, the one noted last; returns the milliseconds it is put off for, 0 if it stays.

        One that has waited already is not put off again: its client has waited long enough.
        """
        if self._moments.begins(now_ms(), self._alarm.at_ms):
            self._begin(poll_id)
        wait_ms = 0 if has_waited else self.left_ms()
        if not wait_ms or PutOffPoll(poll_id) not in self._sessions.step_polling(engine_sid, PollPutOff(poll_id)):
            return 0
        self._sessions.polls.answer(poll_id, None)  # whoever asks has the answer, and does not wait
        self.rest()
        return wait_ms

    def left_ms(self) -> int:
        """Return for how many milliseconds a GET may still wait at the entrypoint."""
        return self._moments.wait_ms(now_ms())

    def rest(self) -> None:
        """Let the object sleep as far as its sessions that poll are concerned, in a quiet moment and with nothing under way."""
        if not (self.left_ms() and self._sessions.application.is_at_rest):
            return
        self._write(self._sessions.polls.rest)

    def _begin(self, poll_id: str) -> None:
        self._write(self._note_begun)
        if self.left_ms():
            self._answer_all(poll_id)

    def _note_begun(self) -> None:
        self._kv.put(_KEY, self._moments.record)
        self._counters["rows_written"] += 1

    def _write(self, write: Callable[[], None]) -> None:
        """Write to storage, which may be full: that costs the quiet moment, and nobody's request."""
        try:
            write()
        except Exception as error:
            self._moments.end()
            log_fault("writing for a quiet moment", error)

    def _answer_all(self, but: str) -> None:
        """Answer the GETs that are held, but for the one in hand: their clients ask again, and are put off."""
        for polling in self._sessions.polls.all():
            if polling.held is not None and polling.held != but:
                self._sessions.step_polling(polling.session.engine_sid, PollExpired(polling.held))
