"""Handlers on any loop: coroutines in tasks, blocking functions on daemon threads, others at once."""

import threading
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from sansmcp.server import When
from sansmcp.session import Finish, Runnable, Stop, outcome_of
from sansmcp_asgi.runtime import Runtime


class Handlers:
    """Starts handlers, and brings to the loop what they say from elsewhere.

    Args:
        runtime: the loop.
        settle: lets the endpoint's driver see what a command has changed; it does not raise.
    """

    def __init__(self, runtime: Runtime, settle: Callable[[], None]) -> None:
        self._runtime = runtime
        self._settle = settle
        self._thread = threading.get_ident()
        self._commands: deque[Callable[[float], None]] = deque()
        self._is_woken = False

    def start(self, work: Runnable, finish: Finish) -> Stop | None:
        """Run a handler: at once, in a task or on a thread."""
        if work.is_async:
            return self._runtime.spawn(partial(self._await, work, finish), work.name)
        if work.blocks:
            self._runtime.in_thread(partial(self._work, work, finish))
        else:
            finish(outcome_of(work), self._runtime.now())
        return None

    def outlet(self, command: Callable[[float], None]) -> None:
        """Run a command of a handler on the loop's thread, soon and in order; from any thread."""
        if threading.get_ident() == self._thread:
            command(self._runtime.now())
            self._call_in_loop(None)
        else:
            self._call_in_loop(command)

    def wait(self, when: When, /, *, is_async: bool) -> Awaitable[None] | None:
        """Wait until something has happened: a coroutine on the loop, another handler on its thread."""
        if not is_async:
            happened = threading.Event()
            when(happened.set)
            happened.wait()
            return None
        flag = self._runtime.flag()
        when(flag.set)
        return _discard(flag.wait())

    async def _await(self, work: Runnable, finish: Finish) -> None:
        try:
            value = await work.call()
        except BaseException as error:
            # Kept in no variable: its traceback leads back here, and such rings hold up the exit.
            finish(partial(work.raised, error), self._runtime.now())
            if not isinstance(error, Exception):
                # How the loop ends tasks must come through.
                raise
        else:
            finish(partial(work.succeed, value), self._runtime.now())
        finally:
            self._settle()

    def _work(self, work: Runnable, finish: Finish) -> None:
        self._call_in_loop(partial(finish, outcome_of(work)))

    def _call_in_loop(self, command: Callable[[float], None] | None) -> None:
        if command is not None:
            self._commands.append(command)
        # The loop is woken once for all that comes before it looks.
        if not self._is_woken:
            self._is_woken = True
            self._runtime.wake(self._perform)

    def _perform(self) -> None:
        # Before the first look, so that a command that is not seen wakes the loop again.
        self._is_woken = False
        now = self._runtime.now()
        while self._commands:
            self._commands.popleft()(now)
        self._settle()


async def _discard(waiting: Awaitable[object]) -> None:
    await waiting
