"""Middleware: functions around what a side receives and sends, one shape in both roles and directions.

One that takes the time::

    def stopwatch(message: Incoming | Outgoing, proceed: Proceed) -> Steps:
        started = message.clock()
        try:
            return (yield from proceed(message))
        finally:
            note(message.method, message.clock() - started)

It is a generator function and has no colour. `proceed` does what is inside, and gives its outcome or
raises; it may be used again, with another message, or not at all. `yield Delay(seconds)` lets time pass.
It runs on the thread of the session, so it must not block.
"""

import inspect
import math
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Final, TypeAlias, TypeVar

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.values import JSON, Value


@attrs.frozen(eq=False, repr=False)
class Delay(Value):
    """Yielded by middleware: it goes on when so much time has passed on the clock of its session."""

    seconds: float
    """How long, from 0."""

    def __attrs_post_init__(self) -> None:
        seconds: JSON = self.seconds
        is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        if not is_number or not math.isfinite(seconds) or seconds < 0:
            raise LocalProtocolError(f"Delay({seconds!r:.80}): expected a finite number of seconds, from 0")


Steps: TypeAlias = Generator[object, JSON, JSON]
"""What middleware is once it is called; what it returns is the outcome of the message."""

Proceed: TypeAlias = Callable[[JSON], Steps]
"""Does what is inside, with a message: use it with `yield from`, which gives the outcome or raises."""

Middleware: TypeAlias = Callable[[JSON, Proceed], Steps]
"""A generator function of a message and of what proceeds with it."""

MiddlewareT = TypeVar("MiddlewareT", bound=Middleware)

_SHAPE: Final = "def wrap(message, proceed): outcome = yield from proceed(message); return outcome"


def name_of(middleware: Middleware) -> str:
    """Return what middleware is called when something is told of it."""
    function = middleware.func if isinstance(middleware, partial) else middleware
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def check_middleware(middleware: Middleware) -> None:
    """Check that something has the shape of middleware, before any message meets it.

    Raises:
        LocalProtocolError: it has not; the text says what was found.
    """
    function = middleware.func if isinstance(middleware, partial) else middleware
    if not callable(function):
        raise LocalProtocolError(f"middleware: expected a generator function, found {function!r:.80}")
    name = name_of(middleware)
    inner = function if inspect.isroutine(function) else type(function).__call__
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        raise LocalProtocolError(f"middleware {name}: it has no colour: expected `{_SHAPE}`, found async def")
    if not inspect.isgeneratorfunction(inner):
        raise LocalProtocolError(
            f"middleware {name}: expected a generator function, `{_SHAPE}`; found a function without yield"
        )
    try:
        inspect.signature(middleware).bind(None, None)
    except TypeError as error:
        raise LocalProtocolError(
            f"middleware {name}: expected `{_SHAPE}`; found other arguments: {error}"
        ) from None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Stack(Value):
    """The middleware of one side, in order: the first is called first, and is told of the outcome last."""

    received: tuple[Middleware, ...] = ()
    """Around each request and notification that comes in."""
    sent: tuple[Middleware, ...] = ()
    """Around each request, result, error and notification that goes out."""

    def __attrs_post_init__(self) -> None:
        for middleware in (*self.received, *self.sent):
            check_middleware(middleware)

    @property
    def is_any(self) -> bool:
        """Whether there is any middleware."""
        return bool(self.received or self.sent)

    @classmethod
    def of(cls, received: Sequence[Middleware], sent: Sequence[Middleware]) -> "Stack":
        """Return the middleware that the two settings of a side say.

        Args:
            received: the setting `middleware`.
            sent: the setting `sending_middleware`.

        Raises:
            LocalProtocolError: one is no list, or something in it is no middleware.
        """
        for name, said in (("middleware", received), ("sending_middleware", sent)):
            if not isinstance(said, Sequence):
                raise LocalProtocolError(
                    f"{name}: expected a list of generator functions, found {said!r:.80}"
                )
        return cls(received=tuple(received), sent=tuple(sent))
