"""The asking part of a server's session: what a legacy client is asked before its request is answered.

`server_inputs` below it reads what the client sends, `server` above it has the commands.
"""

from collections.abc import Mapping

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import INVALID_REQUEST, LATEST_LEGACY, Era, Kind, Method, Side
from sansmcp.session.calls import Call, Outcome, Purpose, to_json
from sansmcp.session.capabilities import check_askable, check_sampling
from sansmcp.session.events import InputAnswer, InputRefused, RequestFailed, ResponseReceived
from sansmcp.session.inbound import Inbound
from sansmcp.session.server_inputs import ServerInputs
from sansmcp.session.states import RequestInput, Step
from sansmcp.values import JSON
from sansmcp.wire import Request


class ServerQuestions(ServerInputs):
    """One client, as a server asks it; see `ServerSession` for the arguments."""

    def _check_input(
        self, entry: Inbound, requests: Mapping[str, schema.InputRequest], request_state: str | None
    ) -> dict[str, Method]:
        """Check that the client may be asked, and return the methods of the questions by their keys."""
        command = f"require_input({entry.message.id!r})"
        if not entry.method.input_required:
            raise LocalProtocolError(f"{command}: {entry.method.name} cannot ask the client")
        if not requests and request_state is None:
            raise LocalProtocolError(f"{command}: expected at least one question or a state, found neither")
        if entry.era is Era.LEGACY and entry.round >= self._limits.input_rounds:
            raise LocalProtocolError(
                f"{command}: it has asked {entry.round} times already, which is the limit"
            )
        rows: dict[str, Method] = {}
        for key, request in requests.items():
            check_askable(command, entry.capabilities, request, can_ask=entry.can_ask)
            # In the modern era a question is no request, but it is the last legacy revision's in all else.
            revision = entry.codec.revision if entry.era is Era.LEGACY else LATEST_LEGACY
            row = self._methods.lookup(request.method, revision, Side.SERVER, Kind.REQUEST)
            if row is None:
                raise LocalProtocolError(f"{command}: {entry.codec.revision} has no {request.method}")
            if isinstance(request.params, schema.CreateMessageRequestParams):
                check_sampling(request.params, entry.capabilities, entry.codec.revision, command)
            rows[key] = row
        return rows

    def _questions_of(
        self, entry: Inbound, requests: Mapping[str, schema.InputRequest], rows: Mapping[str, Method]
    ) -> dict[str, tuple[Method, JSON]]:
        """Write the questions to a legacy client; what cannot be said raises before anything is sent."""
        questions: dict[str, tuple[Method, JSON]] = {}
        for key, request in requests.items():
            params = {} if request.params is None else to_json(entry.codec, request.params)
            next_id = self._calls.last_wire_id + 1 + len(questions)
            self._encode(Request(id=next_id, method=request.method, params=params))
            questions[key] = (rows[key], params)
        return questions

    def _ask(self, entry: Inbound, questions: Mapping[str, tuple[Method, JSON]]) -> None:
        entry.answers = {}
        for key, (row, params) in questions.items():
            self._speak(Step.SERVER_REQUEST, row.name)
            call = self._start_call(
                row,
                params,
                entry.codec,
                purpose=Purpose.QUESTION,
                deliver=self._question_answered,
                # A question to a person has no deadline of its own: it ends with its call.
                timeout=None,
                related=entry.message.id,
            )
            entry.questions[call] = key
        if not questions:
            self._resume(entry)

    def _question_answered(self, call: Call, outcome: Outcome) -> None:
        entry = None if call.related is None else self._requests.get(call.related)
        if entry is None:
            raise AssertionError("unreachable: a question ends before its request")
        key = entry.questions.pop(call)
        answer: InputAnswer | InputRefused
        if isinstance(outcome, ResponseReceived):
            answer = outcome.result
        elif isinstance(outcome, RequestFailed):
            answer = InputRefused(code=outcome.code, message=outcome.message, data=outcome.data)
        else:
            answer = InputRefused(code=INVALID_REQUEST, message=outcome.reason)
        entry.answers = {**entry.answers, key: answer}
        if not entry.questions:
            self._resume(entry)

    def _resume(self, entry: Inbound) -> None:
        entry.step(RequestInput.INPUT)
        entry.round += 1
        self._emit(entry.received())
