"""One message on its way through middleware: it steps the generators, waits for delays, and closes them."""

import enum
from collections.abc import Callable
from functools import partial
from typing import Protocol

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.session.deadlines import Deadlines
from sansmcp.session.middleware import Delay, Middleware, Steps, name_of
from sansmcp.session.running import GivenUp
from sansmcp.values import ABSENT, JSON


class ChainState(enum.Enum):
    """Where a message stands."""

    RUNNING = "running"
    """A middleware has the thread, or has not begun."""
    DELAYED = "delayed"
    """A middleware waits for its time."""
    INSIDE = "inside"
    """What is inside is at work."""
    ENDED = "ended"
    """The outcome was told, or nobody is to be told."""


@attrs.frozen(eq=False)
class _Inside:
    """Yielded by the innermost `proceed`."""

    message: JSON


class Act(Protocol):
    """Does what is inside of all middleware."""

    def __call__(self, message: JSON, chain: "Chain", /) -> None:
        """Begin; then say `returned` or `raised` of the chain, exactly once, at once or later.

        Args:
            message: what the innermost middleware proceeded with.
            chain: whom to tell; its `now` is the time.
        """


class Ended(Protocol):
    """Takes the outcome of a message."""

    def __call__(self, value: JSON, error: BaseException | None, middleware: str | None, /) -> None:
        """Take it.

        Args:
            value: what the outermost middleware returned.
            error: what it raised; None if it returned.
            middleware: the name of the one that raised or made it; None where that came from inside.
        """


class Chain:
    """One message on its way through middleware.

    Args:
        layers: the middleware, outermost first.
        deadlines: where delays are armed: they are handled when no command is under way.
        act: does what is inside.
        ended: takes the outcome, once.
        now: the time.
    """

    def __init__(
        self, layers: tuple[Middleware, ...], deadlines: Deadlines, *, act: Act, ended: Ended, now: float
    ) -> None:
        self.now = now
        """The latest time that it was told."""
        self._layers = layers
        self._deadlines = deadlines
        self._act = act
        self._ended = ended
        self._state = ChainState.RUNNING
        self._next: Callable[[], object] | None = None
        self._is_stepping = False
        self._is_cancelled = False
        self._last: BaseException | None = None
        self._culprit: str | None = None
        self._value: JSON = ABSENT
        self._maker: str | None = None
        self._steps: Steps
        self._kind: type[JSON]

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    @property
    def is_over(self) -> bool:
        """Whether it is no longer of interest what comes from inside."""
        return self._state is ChainState.ENDED

    def begin(self, message: JSON) -> None:
        """Let the outermost middleware have the message.

        Args:
            message: the message.
        """
        self._kind = type(message)
        self._steps = self._layer(0, message)
        self._go_on(partial(next, self._steps))

    def returned(self, value: JSON, now: float) -> None:
        """Take in what came from inside."""
        if self._state is ChainState.INSIDE:
            self.now = max(self.now, now)
            self._value, self._maker = value, None
            self._go_on(partial(self._steps.send, value))

    def raised(self, error: BaseException, now: float) -> None:
        """Take in what was raised inside."""
        if self._state is ChainState.INSIDE:
            self.now = max(self.now, now)
            self._last, self._culprit = error, None
            self._go_on(partial(self._steps.throw, error))

    def cancel(self, now: float) -> None:
        """Take in that nobody waits for the outcome any more: nothing is begun, and nothing waited for.

        What is at work inside is stopped by whoever began it, and its outcome passes through as ever.
        """
        self._is_cancelled = True
        if self._state is ChainState.DELAYED:
            self.now = max(self.now, now)
            self._give_up()

    def close(self) -> None:
        """End it at once: its session is gone, so nothing is waited for any more.

        The outcome that is told is a GivenUp, or what a middleware raised when it was closed.
        """
        self._is_cancelled = True
        # One that has the thread just now ends where it yields next.
        if self._state in {ChainState.DELAYED, ChainState.INSIDE}:
            self._give_up()

    # Steps

    def _layer(self, number: int, message: JSON) -> Steps:
        if number == len(self._layers):
            return (yield _Inside(message))
        middleware = self._layers[number]
        try:
            value = yield from middleware(message, partial(self._layer, number + 1))
        except BaseException as error:
            if error is not self._last:
                self._last, self._culprit = error, name_of(middleware)
            raise
        if value is not self._value:
            self._value, self._maker = value, name_of(middleware)
        return value

    def _go_on(self, step: Callable[[], object]) -> None:
        self._state = ChainState.RUNNING
        self._next = step
        if self._is_stepping:
            # What is inside was done at once: the loop below goes on, so that retries need no stack.
            return
        self._is_stepping = True
        while (step_now := self._next) is not None:
            self._next = None
            self._step(step_now)
        self._is_stepping = False

    def _step(self, step: Callable[[], object]) -> None:
        try:
            found = step()
        except StopIteration as end:
            self._end(end.value, None)
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the message
            self._end(None, error)
        else:
            self._take(found)

    def _take(self, found: object) -> None:
        match found:
            case _Inside() if self._is_cancelled:
                self._state = ChainState.INSIDE
                self.raised(GivenUp(), self.now)
            case _Inside(message):
                self._state = ChainState.INSIDE
                self._do(message)
            case Delay() if self._is_cancelled:
                self._give_up()
            case Delay(seconds):
                self._state = ChainState.DELAYED
                at = self.now + seconds
                self._deadlines.arm(self, at, "middleware waits", partial(self._delay_over, at))
            case _:
                wrong = (
                    f"middleware yielded {found!r:.80}; expected Delay(...), or yield from proceed(message)"
                )
                self._next = partial(self._steps.throw, LocalProtocolError(wrong))

    def _do(self, message: JSON) -> None:
        if type(message) is not self._kind:
            wrong = f"proceed({message!r:.80}): expected the {self._kind.__name__}, as it came or changed"
            self.raised(LocalProtocolError(wrong), self.now)
            return
        try:
            self._act(message, self)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the message
            self.raised(error, self.now)

    def _delay_over(self, at: float) -> None:
        self.now = max(self.now, at)
        self._go_on(partial(next, self._steps))

    def _give_up(self) -> None:
        self._deadlines.disarm(self)
        self._state = ChainState.ENDED
        error: BaseException = GivenUp()
        try:
            self._steps.close()
        except BaseException as raised:  # noqa: BLE001 - whatever it is belongs to the message
            error = raised
        self._end(None, error)

    def _end(self, value: JSON, error: BaseException | None) -> None:
        self._state = ChainState.ENDED
        culprit = self._maker
        if error is not None:
            culprit = self._culprit if error is self._last else None
        # A traceback would keep all frames of the message alive.
        self._last = None
        self._value = ABSENT
        self._ended(value, error, culprit)
