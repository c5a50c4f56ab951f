"""Where events are kept for clients whose connection breaks: one thread does what is asked, in order."""

from collections.abc import Callable
from functools import partial

from sansmcp.http import EventStore, ServerHttp, StoreErrand
from sansmcp.http.server.store import perform
from sansmcp.session import Outcome
from sansmcp_threads.workers import Workers


class Storage:
    """Asks a store on a thread, since its calls may block.

    Args:
        store: where events are kept.
        endpoint: whose events they are.
    """

    def __init__(self, store: EventStore, endpoint: ServerHttp) -> None:
        self._store = store
        self._endpoint = endpoint
        self._thread = Workers(most=1)

    def do(self, errand: StoreErrand, leave: Callable[[Outcome], None], settle: Callable[[], None]) -> None:
        """Ask for something, once everything has come that was asked for before.

        Args:
            errand: what is asked.
            leave: takes what came of it.
            settle: called afterwards.
        """
        self._thread.submit(partial(self._ask, errand, leave), settle)

    def close(self) -> None:
        """Ask for nothing more."""
        self._thread.close()

    def _ask(self, errand: StoreErrand, leave: Callable[[Outcome], None]) -> None:
        leave(perform(errand, self._store, self._endpoint))
