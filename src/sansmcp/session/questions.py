"""What the peer asked our user: each question is owed exactly one answer, or none if it is withdrawn."""

from collections.abc import Iterator

import attrs

from sansmcp.schema import Method
from sansmcp.session.calls import Call
from sansmcp.session.events import InputHandle
from sansmcp.session.pace import Report
from sansmcp.values import JSON, RequestId


@attrs.frozen(kw_only=True, eq=False)
class Question:
    """One question: a request of a legacy server, or an entry of a modern `input_required` result."""

    handle: InputHandle
    """Names it towards the user."""
    method: Method
    """Its method."""
    request_id: RequestId | None
    """The server's request; None in the modern era."""
    call: Call | None
    """The call it belongs to; None in the legacy era."""
    key: str
    """Its key among the questions of that call; empty in the legacy era."""
    report: Report | None
    """Where progress of the answer is told; None if the server did not ask for it."""


class Questions:
    """The questions without an answer."""

    def __init__(self) -> None:
        self._by_handle: dict[InputHandle, Question] = {}
        self._by_request_id: dict[RequestId, Question] = {}
        self._last_handle = 0

    def __len__(self) -> int:
        return len(self._by_handle)

    def __iter__(self) -> Iterator[Question]:
        return iter(tuple(self._by_handle.values()))

    def add(
        self,
        method: Method,
        *,
        request_id: RequestId | None = None,
        call: Call | None = None,
        key: str = "",
        report: Report | None = None,
    ) -> Question:
        """Enter a question under a new handle."""
        self._last_handle += 1
        question = Question(
            handle=InputHandle(self._last_handle),
            method=method,
            request_id=request_id,
            call=call,
            key=key,
            report=report,
        )
        self._by_handle[question.handle] = question
        if request_id is not None:
            self._by_request_id[request_id] = question
        return question

    def get(self, handle: InputHandle) -> Question | None:
        """Return the question of a handle, or None if it is finished or never was."""
        return self._by_handle.get(handle)

    def by_request_id(self, request_id: RequestId | None) -> Question | None:
        """Return the question that came as a server's request, or None."""
        return None if request_id is None else self._by_request_id.get(request_id)

    def by_token(self, token: JSON) -> Question | None:
        """Return the question whose progress has a token, or None. 7 and "7" are different."""
        for question in self._by_handle.values():
            report = question.report
            if report is not None and type(report.token) is type(token) and report.token == token:
                return question
        return None

    def of_call(self, call: Call) -> tuple[Question, ...]:
        """Return the questions that belong to a call."""
        return tuple(question for question in self._by_handle.values() if question.call is call)

    def remove(self, question: Question) -> None:
        """Take out a question."""
        self._by_handle.pop(question.handle, None)
        if question.request_id is not None:
            self._by_request_id.pop(question.request_id, None)
