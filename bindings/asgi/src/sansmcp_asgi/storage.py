"""Where events are kept for clients whose connection breaks: one thing is asked at a time, in order."""

from collections import deque
from collections.abc import Callable
from functools import partial

from sansmcp.http import EventStore, ServerHttp, StoreErrand
from sansmcp.http.server.store import perform
from sansmcp.session import Outcome
from sansmcp_asgi.runtime import Runtime


class Storage:
    """Asks a store on threads, since its calls may block.

    Args:
        runtime: the loop.
        store: where events are kept.
        endpoint: whose events they are.
        settle: lets the endpoint's driver see what it was told.
    """

    def __init__(
        self, runtime: Runtime, store: EventStore, endpoint: ServerHttp, settle: Callable[[], None]
    ) -> None:
        self._runtime = runtime
        self._store = store
        self._endpoint = endpoint
        self._settle = settle
        self._left: deque[StoreErrand] = deque()
        self._is_asking = False

    def do(self, errand: StoreErrand) -> None:
        """Ask for something, once everything has come that was asked for before."""
        self._left.append(errand)
        if not self._is_asking:
            self._ask_next()

    def _ask_next(self) -> None:
        self._is_asking = bool(self._left)
        if self._left:
            self._runtime.in_thread(partial(self._ask, self._left.popleft()))

    def _ask(self, errand: StoreErrand) -> None:
        outcome = perform(errand, self._store, self._endpoint)
        self._runtime.wake(partial(self._answer, outcome))

    def _answer(self, outcome: Outcome) -> None:
        outcome(self._runtime.now())
        self._ask_next()
        self._settle()
