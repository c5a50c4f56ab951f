"""What a transport with exchanges tells a client's session besides messages: refusals, and lost sessions.

A legacy session that the server no longer knows is opened again in place: calls that were in flight are
lost, what is asked for meanwhile waits, and subscriptions go on.

Source: 2025-03-26 to 2025-11-25, Transports, Session Management; 2026-07-28, Versioning.
"""

from sansmcp.schema import Era, era_of
from sansmcp.session.calls import Call, Outcome, Purpose
from sansmcp.session.client_inputs import ClientInputs
from sansmcp.session.era import supported_by_error
from sansmcp.session.events import RequestFailed
from sansmcp.session.states import DetectionInput, DetectionState, RequestInput, Step
from sansmcp.values import RequestId


class Renewal(ClientInputs):
    """One server, as a client's transport finds it; see `ClientSession` for the arguments."""

    def receive_rejection(
        self, request_id: RequestId, reason: str, now: float, *, era_evidence: bool
    ) -> None:
        """Take in that the transport refused a request: no answer will come.

        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            request_id: the id of the request, as it was sent.
            reason: what was found.
            now: the time.
            era_evidence: whether it tells that the server is of the other era, as only 400, 404 and 405 do.
        """
        if not self._advance(now):
            return
        call = self._calls.by_wire_id(request_id)
        if call is None:
            return
        if call.purpose is Purpose.PROBE and not era_evidence:
            # A server that is down says nothing of its era.
            self._calls.remove(call)
            self._detect(DetectionInput.REFUSED, reason)
        elif era_evidence and self._unproven and call.purpose in (Purpose.USER, Purpose.LISTEN):
            # It did nothing there: it is sent again when the era is known.
            self._hold(call)
            if self._detection is DetectionState.MODERN:
                self._detect(DetectionInput.PROVED_WRONG)
        else:
            self._lose_call(call, reason)

    def receive_session_lost(self, now: float, reason: str) -> None:
        """Take in that the server no longer knows the legacy session, and open another one in its place.

        Calls in flight end as `RequestLost`; calls that are made meanwhile wait, and `Connected` comes again.
        Where there is no legacy session, nothing happens.
        Afterwards drain actions(), next_event() and next_deadline().

        Args:
            now: the time.
            reason: what was found.
        """
        if not self._advance(now) or self._detection is not DetectionState.LEGACY:
            return
        for question in self._questions:
            self._withdraw(question, reason)
        self._legacy_listening.restart()
        lost = tuple(self._calls)
        self._speak(Step.SESSION_LOST, "the end of a session")
        self._detect(DetectionInput.SESSION_LOST)
        for call in lost:
            self._lose_call(call, reason)
        self._disarm_keep_alive()

    def _end_call(self, call: Call, happened: RequestInput, outcome: Outcome) -> None:
        if isinstance(outcome, RequestFailed) and not call.was_refused and _names_spoken(call, outcome):
            # 2026-07-28, Versioning: try again with a version that the server names; it named this one.
            call.was_refused = True
            self._calls.retire_wire_id(call)
            self._calls.renumber(call)
            self._calls.restart_clock(call, self._now)
            self._dispatch(call)
        else:
            super()._end_call(call, happened, outcome)


def _names_spoken(call: Call, outcome: RequestFailed) -> bool:
    """Say whether a server refuses the version of a request and names the very same as one it speaks."""
    supported = supported_by_error(outcome.code, outcome.data) or ()
    return era_of(call.codec.revision) is Era.MODERN and call.codec.revision in supported
