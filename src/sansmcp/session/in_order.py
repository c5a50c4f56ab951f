"""Messages on their way through middleware, one after the other: who is delayed holds up those behind."""

from collections import deque
from collections.abc import Callable, Hashable
from typing import TypeAlias

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.session.chain import Chain
from sansmcp.session.deadlines import Deadlines
from sansmcp.session.middleware import Middleware
from sansmcp.session.passing import Clock, Incoming, Outgoing
from sansmcp.session.reports import Report, Severity
from sansmcp.session.running import GivenUp
from sansmcp.values import JSON

Do: TypeAlias = Callable[[JSON, float], None]
"""Does what is to be done with a message, at once; it is told the time."""

Failed: TypeAlias = Callable[[BaseException, str | None, float], None]
"""Told what was raised before it was done, by which middleware, and the time."""


@attrs.define(kw_only=True, eq=False)
class Item:
    """One message."""

    make: Callable[[Clock], Incoming | Outgoing] | None
    """Makes what middleware sees; None for what only waits for its turn."""
    do: Do
    """What is inside of all middleware."""
    failed: Failed
    """Takes what was raised instead."""
    now: float
    """When it came."""
    is_answer: bool = False
    """Whether it must not be dropped."""
    is_done: bool = False
    """Whether the inside was reached."""


class InOrder:
    """Leads messages through middleware, those of one key in the order in which they came.

    Args:
        layers: the middleware.
        deadlines: where delays are armed.
        report: takes what belongs into the log.
    """

    def __init__(
        self, layers: tuple[Middleware, ...], deadlines: Deadlines, report: Callable[[Report], None]
    ) -> None:
        self._layers = layers
        self._deadlines = deadlines
        self._report = report
        self._queues: dict[Hashable, deque[Item]] = {}
        self._chains: dict[Hashable, Chain] = {}
        self._running: set[Hashable] = set()
        self._is_closed = False

    def waiting(self, key: Hashable) -> int:
        """Return how many messages wait behind one that is delayed."""
        return len(self._queues.get(key, ()))

    def put(self, key: Hashable, item: Item) -> None:
        """Lead a message through; once all of it is closed nothing happens.

        Args:
            key: what it is in order with.
            item: the message.
        """
        if not self._is_closed:
            self._queues.setdefault(key, deque()).append(item)
            self._run(key)

    def close(self) -> None:
        """Drop what waits, and end the middleware: there is nobody any more."""
        self._is_closed = True
        for queue in self._queues.values():
            queue.clear()
        for chain in tuple(self._chains.values()):
            chain.close()

    def tell(self, error: BaseException, text: str) -> None:
        """Report what was raised, unless it only says that there is nobody any more."""
        if not isinstance(error, GivenUp):
            self._report(Report(severity=Severity.ERROR, text=text, error=error))

    def _run(self, key: Hashable) -> None:
        """Begin what waits, one after the other, until one is delayed."""
        if key in self._running:
            return
        self._running.add(key)
        queue = self._queues[key]
        while queue and key not in self._chains:
            self._begin(key, queue.popleft())
        self._running.discard(key)
        if key not in self._chains:
            del self._queues[key]

    def _begin(self, key: Hashable, item: Item) -> None:
        def act(message: JSON, chain: Chain, /) -> None:
            item.do(message, chain.now)
            item.is_done = True
            chain.returned(None, chain.now)

        def ended(_value: JSON, error: BaseException | None, middleware: str | None, /) -> None:
            del self._chains[key]
            self._end(item, error, middleware, chain.now)
            self._run(key)

        layers = () if item.make is None else self._layers
        chain = Chain(layers, self._deadlines, act=act, ended=ended, now=item.now)
        self._chains[key] = chain
        chain.begin(None if item.make is None else item.make(chain.clock))

    def _end(self, item: Item, error: BaseException | None, middleware: str | None, now: float) -> None:
        if error is None and item.is_answer and not item.is_done:
            error = LocalProtocolError(
                "middleware around what is sent did not proceed with an answer, and each request has one: "
                "proceed with another result, or raise"
            )
        if error is None:
            return
        if item.is_done or self._is_closed:
            self.tell(error, f"middleware {middleware} failed after its message was done with")
        else:
            item.failed(error, middleware, now)
