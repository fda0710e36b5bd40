"""How an object gives way to a deploy that clients which poll would keep it from: it holds none of their GETs for a moment."""

from engine_do.durable.alarm import Alarm
from engine_do.durable.sessions import Sessions
from engine_do.protocol.ids import EngineSid
from engine_do.session.polling_events import PollExpired, PollPutOff
from engine_do.session.quiet import QuietMoments
from shared_wire.durable import log_fault, now_ms

__all__ = ["GivingWay"]


class GivingWay:
    """Begins quiet moments, and has GETs wait at the entrypoint while one lasts."""

    def __init__(self, sessions: Sessions, alarm: Alarm) -> None:
        """Initialise with the object's sessions and alarm."""
        self._sessions = sessions
        self._alarm = alarm
        self._moments = QuietMoments()

        #: Told of the entrypoint's version with each GET.
        self.note = self._moments.note

    def look(self, engine_sid: EngineSid, poll_id: str, *, has_waited: bool) -> int:
        """Look at a GET that is held, the one noted last; returns the milliseconds it is put off for, 0 if it stays.

        One that has waited already is not put off again: its client has waited long enough.
        """
        now = now_ms()
        if self._moments.begins(now, self._alarm.at_ms):
            self._answer_all(poll_id)
        wait_ms = 0 if has_waited else self._moments.wait_ms(now)
        if wait_ms:
            self._sessions.step_polling(engine_sid, PollPutOff(poll_id))
            self._sessions.polls.answer(poll_id, None)  # whoever asks has the answer, and does not wait
            self.rest()
        return wait_ms

    def rest(self) -> None:
        """Let the object sleep as far as its sessions that poll are concerned, in a quiet moment and with nothing under way.

        Where they cannot be written down, it stays awake: the moment comes to nothing.
        """
        if self._moments.wait_ms(now_ms()) and self._sessions.application.is_at_rest:
            try:
                self._sessions.polls.rest()
            except Exception as error:
                log_fault("writing down the sessions that poll", error)

    def _answer_all(self, but: str) -> None:
        """Answer the GETs that are held, but for the one in hand: their clients ask again, and are put off."""
        for polling in self._sessions.polls.all():
            if polling.held is not None and polling.held != but:
                self._sessions.step_polling(polling.session.engine_sid, PollExpired(polling.held))
