"""The lifespan of a server on threads: entered before anybody is served, left after everybody."""

import threading
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager

from sansmcp.errors import LocalProtocolError
from sansmcp.server import Server
from sansmcp.values import JSON
from sansmcp_threads.handlers import AsyncRunner


def living(server: Server, async_runner: AsyncRunner | None) -> AbstractContextManager[JSON]:
    """Return what is to be entered for one serving.

    Args:
        server: whose lifespan it is.
        async_runner: runs what is async; None to refuse that.

    Raises:
        LocalProtocolError: the lifespan is async, and nobody runs it.
    """
    found = server.living()
    # Some are both, such as that of a server without a lifespan.
    if isinstance(found, AbstractContextManager):
        return found
    if async_runner is None:
        raise LocalProtocolError(
            "this binding runs plain functions: expected a lifespan that is a contextmanager, found an "
            "asynccontextmanager; use contextlib.contextmanager, or give async_runner, such as asyncio.run"
        )
    return _held(found, async_runner)


@contextmanager
def _held(found: AbstractAsyncContextManager[JSON], async_runner: AsyncRunner) -> Generator[JSON, None, None]:
    """Hold an async context manager open on a thread of its own: its loop must outlive the serving."""
    held = _Held(found)
    thread = threading.Thread(target=held.run, args=(async_runner,), name="sansmcp lifespan", daemon=True)
    thread.start()
    held.entered.wait()
    try:
        if held.error is None:
            yield held.value
    finally:
        held.leave.set()
        thread.join()
    if held.error is not None:
        raise held.error


class _Held:
    """What the thread of an async lifespan and the one that serves tell each other."""

    def __init__(self, found: AbstractAsyncContextManager[JSON]) -> None:
        self.entered = threading.Event()
        self.leave = threading.Event()
        self.value: JSON = None
        self.error: BaseException | None = None
        self._found = found

    def run(self, async_runner: AsyncRunner) -> None:
        try:
            async_runner(self._hold())
        except BaseException as error:  # noqa: BLE001  # it comes out where the server is served
            self.error = error
        finally:
            self.entered.set()

    async def _hold(self) -> None:
        async with self._found as value:
            self.value = value
            self.entered.set()
            # The loop has nothing else to do: handlers run on loops of their own.
            self.leave.wait()
