"""What a client's session sends of itself, on its way through middleware: answers and notifications."""

from collections.abc import Callable
from functools import partial
from typing import Final

from sansmcp.schema import INTERNAL_ERROR
from sansmcp.session import (
    ClientSession,
    Deadlines,
    InputHandle,
    InputRequested,
    Middleware,
    Outgoing,
    OutgoingError,
    OutgoingNotification,
    OutgoingResult,
    Report,
)
from sansmcp.session.in_order import InOrder, Item
from sansmcp.session.passing import Clock
from sansmcp.values import ABSENT, JSON, Absent

NO_ANSWER: Final = "the client could not answer"
"""What the server is told where there is no answer and no error that was meant for it."""


class Sending:
    """Leads what a session sends of itself through middleware.

    Args:
        session: the session.
        layers: the middleware.
        deadlines: where delays are armed.
        report: takes what belongs into the log.
    """

    def __init__(
        self,
        session: ClientSession,
        layers: tuple[Middleware, ...],
        deadlines: Deadlines,
        report: Callable[[Report], None],
    ) -> None:
        self._session = session
        self._in_order = InOrder(layers, deadlines, report)
        self._questions: dict[InputHandle, InputRequested] = {}

    def expect(self, event: InputRequested) -> None:
        """Take note of a question that will have an answer."""
        self._questions[event.handle] = event

    def close(self) -> None:
        """Forget what has not gone out, and end the middleware: the session is gone."""
        self._in_order.close()

    def provide_input(self, handle: InputHandle, result: JSON, now: float) -> None:
        """Answer a question."""
        event = self._questions.pop(handle)

        def make(clock: Clock) -> Outgoing:
            return OutgoingResult(session=self._session, result=result, request=event, clock=clock)

        def do(message: OutgoingResult, at: float) -> None:
            ClientSession.provide_input(self._session, handle, message.result, at)

        failed = partial(self._answer_failed, event)
        self._in_order.put(handle, Item(make=make, do=do, failed=failed, now=now, is_answer=True))

    def refuse_input(self, handle: InputHandle, error: tuple[int, str, JSON | Absent], now: float) -> None:
        """Answer a question with an error."""
        event = self._questions.pop(handle)
        code, text, data = error

        def make(clock: Clock) -> Outgoing:
            return OutgoingError(
                session=self._session, code=code, message=text, data=data, request=event, clock=clock
            )

        def do(message: OutgoingError, at: float) -> None:
            ClientSession.refuse_input(
                self._session, handle, message.code, message.message, at, data=message.data
            )

        failed = partial(self._answer_failed, event)
        self._in_order.put(handle, Item(make=make, do=do, failed=failed, now=now, is_answer=True))

    def notify(self, method: str, params: JSON, now: float) -> None:
        """Send a notification.

        Raises:
            LocalProtocolError: it is not legal, and no delay has kept that from being found out.
        """
        unsaid: list[BaseException] = []

        def make(clock: Clock) -> Outgoing:
            return OutgoingNotification(session=self._session, method=method, params=params, clock=clock)

        def do(message: OutgoingNotification, at: float) -> None:
            ClientSession.notify(self._session, message.method, message.params, at)

        def failed(error: BaseException, middleware: str | None, at: float) -> None:
            if middleware is None and at == now:
                unsaid.append(error)
            else:
                whose = "" if middleware is None else f"middleware {middleware} failed; "
                self._in_order.tell(error, f"{whose}{method} is not sent")

        self._in_order.put(None, Item(make=make, do=do, failed=failed, now=now))
        for error in unsaid:
            raise error

    def _answer_failed(
        self, event: InputRequested, error: BaseException, middleware: str | None, now: float
    ) -> None:
        """Answer all the same, past all middleware."""
        whose = "" if middleware is None else f"middleware {middleware} failed; "
        self._in_order.tell(error, f"{whose}{event.method} is answered with an error")
        ClientSession.refuse_input(self._session, event.handle, INTERNAL_ERROR, NO_ANSWER, now)


class OwnSession(ClientSession):
    """A session of a client that `connect` made: what it sends may pass through middleware."""

    sending: Sending | None = None
    """Leads what is sent through middleware; None where there is none."""

    def provide_input(self, handle: InputHandle, result: JSON, now: float) -> None:
        """Answer a question of the server; see `ClientSession.provide_input`."""
        if self.sending is None:
            super().provide_input(handle, result, now)
        else:
            self.sending.provide_input(handle, result, now)

    def refuse_input(
        self, handle: InputHandle, code: int, message: str, now: float, *, data: JSON = ABSENT
    ) -> None:
        """Answer a question of the server with an error; see `ClientSession.refuse_input`."""
        if self.sending is None:
            super().refuse_input(handle, code, message, now, data=data)
        else:
            self.sending.refuse_input(handle, (code, message, data), now)

    def notify(self, method: str, params: JSON, now: float) -> None:
        """Send a notification; see `ClientSession.notify`."""
        if self.sending is None:
            super().notify(method, params, now)
        else:
            self.sending.notify(method, params, now)
