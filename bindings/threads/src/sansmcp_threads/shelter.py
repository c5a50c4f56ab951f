"""Where the main thread has its work done: signals interrupt that thread anywhere, and no other one.

An exception such as KeyboardInterrupt may come up between any two steps of what the main thread does, and
an endpoint that was left halfway through a command would be of no use any more. So the main thread only
hands commands over and waits.
"""

import os
import queue
import threading
from collections.abc import Callable
from typing import TypeAlias

from sansmcp.errors import LocalProtocolError

Work: TypeAlias = Callable[[], object]
"""Something to do; it raises nothing."""


class Shelter:
    """A thread that does what the main thread asks for, in order; it exists from the first time on."""

    def __init__(self) -> None:
        # Each of its methods is one step to a signal; those of a condition are not.
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_stopped = False
        self._process = os.getpid()

    @property
    def is_of_another_process(self) -> bool:
        """Whether the process was forked since: other threads are gone, and connections are shared."""
        return os.getpid() != self._process

    def do(self, work: Work) -> None:
        """Do something, now; on the main thread, have it done and do not wait for it.

        Args:
            work: what to do; it raises nothing.

        Raises:
            LocalProtocolError: the process was forked since.
        """
        if self.is_of_another_process:
            raise LocalProtocolError("the process was forked after the client connected; connect in this one")
        if threading.get_ident() != threading.main_thread().ident:
            work()
            return
        if self._thread is None and not self._is_stopped:
            thread = threading.Thread(target=self._run, name="sansmcp shelter", daemon=True)
            thread.start()
            self._thread = thread
        self._queue.put(work)
        if self._is_stopped:
            # The thread may not have seen it any more.
            self._finish()

    def stop(self) -> None:
        """End the thread once it has done what it was asked, and wait until it has."""
        self._is_stopped = True
        self._queue.put(None)
        thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            work()
        self._finish()

    def _finish(self) -> None:
        while True:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                return
            if work is not None:
                work()
