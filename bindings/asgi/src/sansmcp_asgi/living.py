"""A server on one loop: from its first request, or from what the framework calls startup, to the end."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from contextvars import Context
from functools import partial

from sansmcp.server import ServeHttpSettings, Server
from sansmcp_asgi.runtime import Runtime
from sansmcp_asgi.serving import Serving
from sansmcp_asgi.signals import Signals


class Living:
    """The lifespan of one serving, held open by a task of its own.

    Args:
        runtime: the loop.
        server: what is offered.
        settings: how it is served.
        ended: told when it has ended, or could not begin.
    """

    def __init__(
        self, runtime: Runtime, server: Server, settings: ServeHttpSettings, ended: Callable[[], object]
    ) -> None:
        self.error: BaseException | None = None
        """What the lifespan of the server raised."""
        self._runtime = runtime
        self._server = server
        self._settings = settings
        self._tell_end = ended
        self._serving: Serving | None = None
        self._begun = runtime.flag()
        self._leave = runtime.flag()
        self._ended = runtime.flag()
        # What is started now belongs to no request, and sees no variables of the one that came first.
        Context().run(partial(runtime.spawn, self._live, "sansmcp lifespan"))

    @property
    def is_over(self) -> bool:
        """Whether its loop has ended."""
        return self._runtime.is_over

    async def serving(self) -> Serving:
        """Wait until it has begun, and return what serves.

        Raises:
            BaseException: what the lifespan raised.
        """
        if self._serving is None:
            await self._begun.wait()
        if self._serving is None:
            raise self.error or RuntimeError("the loop ended before the server had begun")
        return self._serving

    def drain(self) -> None:
        """Begin to end in good order, soon; from any thread, and from signal handlers."""
        self._runtime.wake(self._drain)

    def leave(self) -> None:
        """Begin to end in good order, for good."""
        self._leave.set()

    async def close(self) -> None:
        """End in good order, and wait for it.

        Raises:
            BaseException: what the lifespan raised.
        """
        self.leave()
        await self._ended.wait()
        if self.error is not None:
            raise self.error

    def _drain(self) -> None:
        if self._serving is not None:
            self._serving.drain()

    async def _live(self) -> None:
        signals = Signals(self.drain)
        try:
            async with AsyncExitStack() as stack:
                # However it ends, be it with the loop: nobody else could end the threads.
                stack.callback(self._runtime.release)
                found = self._server.living()
                if isinstance(found, AbstractAsyncContextManager):
                    value = await stack.enter_async_context(found)
                else:
                    value = stack.enter_context(found)
                serving = self._serving = Serving(self._runtime, self._server, self._settings, value)
                stack.callback(serving.abandon)
                self._begun.set()
                signals.listen()
                stack.callback(signals.stop)
                await self._leave.wait()
                await serving.close()
        except Exception as error:  # noqa: BLE001  # it comes out where somebody waits for it
            self.error = error
        finally:
            self._tell_end()
            self._begun.set()
            self._ended.set()
