"""What an endpoint wants done outside of it, such as to keep an event: one thing at a time, in order."""

from collections import deque
from collections.abc import Callable
from functools import partial

from sansmcp.http import ServerHttp
from sansmcp.session import Errand, Outcome
from sansmcp_asgi.runtime import Flag, Runtime


class Errands:
    """Has errands done on threads, since they may wait.

    Args:
        runtime: the loop.
        endpoint: who asks for them.
        settle: lets the endpoint's driver see what came of one.
    """

    def __init__(self, runtime: Runtime, endpoint: ServerHttp, settle: Callable[[], None]) -> None:
        self._runtime = runtime
        self._endpoint = endpoint
        self._settle = settle
        self._left: deque[Errand] = deque()
        self._idle: Flag = runtime.flag()
        self._idle.set()

    def do(self, errand: Errand) -> None:
        """Have something done, once everything is that was asked for before."""
        self._left.append(errand)
        if self._idle.is_set():
            self._idle.clear()
            self._do_next()

    async def wait_done(self) -> None:
        """Wait until everything is done."""
        await self._idle.wait()

    def _do_next(self) -> None:
        if self._left:
            self._runtime.in_thread(partial(self._do, self._left.popleft()))
        else:
            self._idle.set()

    def _do(self, errand: Errand) -> None:
        self._runtime.wake(partial(self._end, self._endpoint.perform(errand)))

    def _end(self, outcome: Outcome) -> None:
        outcome(self._runtime.now())
        self._do_next()
        self._settle()
