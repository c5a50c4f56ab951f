"""The harness on trio, over memory, TCP, Unix sockets, HTTP and a process."""

import contextlib
import threading
from functools import partial

import trio
from tests.suite.counting import GUARD, wait_for
from tests.suite.hold_trio import hold, talk
from tests.suite.mounted import serve_on_trio
from tests.suite.real import RealHarness

from sansmcp.testing import Peer, Raised, Returned, WasCancelled, suite_server
from sansmcp_trio import connect, memory_pair, serve_http, serve_stream, serve_tcp, serve_unix


class TrioHarness(RealHarness):
    """Plays the suite in a run of trio on a thread of its own."""

    runtime = "trio"

    def start(self):
        self._server = suite_server(hold, talk, self.server_kind)
        self._client = None
        self._calls = {}
        self._listening = trio.CancelScope()
        self._running = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._main,), name="suite trio", daemon=True)
        self._thread.start()
        self._running.wait(GUARD)

    async def never(self, request):  # noqa: ARG002  # whatever is asked
        await trio.sleep_forever()

    def begin(self, label, call):
        self._calls[label] = _Call()
        self._run(self._nursery.start, self._call, label, call)

    def wait(self, label):
        called = self._calls[label]
        self._run(called.over.wait)
        return called.ended

    def cancel(self, label):
        self._run(_at_once, self._calls[label].scope.cancel)

    def notify(self, method, params):
        def notify():
            self._client.session.notify(method, params, self._client.now())
            self._client.settle()

        self._run(_at_once, notify)

    def subscribe(self, uri):
        self._updates = self._client.resource_updates(uri)
        self._run(self._updates.__aenter__)

    def next_update(self):
        return self._run(self._updates.__anext__)

    def wait_until(self, condition):
        wait_for(condition)

    def close(self):
        self._run(self._client.aclose)

    def begin_close(self):
        self._run(_at_once, partial(self._nursery.start_soon, self._client.aclose))

    def close_elsewhere(self, times):
        async def close():
            async with trio.open_nursery() as nursery:
                for _ in range(times):
                    nursery.start_soon(self._client.aclose)

        self._run(close)

    def connect(self, target, setup):
        return self._run(self._nursery.start, self._live, target, setup)

    def listen(self, path, setup):
        if self.kind == "http":
            serve = partial(serve_http, self._server, port=0, http_sse=True, **setup.server)
        elif self.kind == "asgi":
            serve = partial(serve_on_trio, self._server, **setup.server)
        elif path is None:
            serve = partial(serve_tcp, self._server, **setup.server)
        else:
            serve = partial(serve_unix, self._server, path, **setup.server)
        return self._run(self._nursery.start, self._serve, serve)

    def memory(self, setup):
        near, far = self.make_pair()
        self._far = far

        async def leave():
            if setup.peer is Peer.GONE_ON_FIRST_BYTES:
                await far.receive_some()
            await far.aclose()

        served = partial(serve_stream, self._server, far, **setup.server)
        self._run(_at_once, partial(self._nursery.start_soon, served if setup.peer is Peer.SERVER else leave))
        return near

    def break_memory(self):
        self._run(self._far.aclose)

    def stop(self):
        left = []

        async def end():
            self._listening.cancel()
            self._leaving.set()
            with trio.move_on_after(GUARD):
                while self._nursery.child_tasks:  # noqa: ASYNC110  # nothing tells when it is so
                    await trio.sleep(0.0005)
            left.extend(f"task {task.name!r}" for task in self._nursery.child_tasks)
            self._stopping.set()

        # A fault of a task has ended the run already, and is told below.
        with contextlib.suppress(trio.Cancelled, trio.RunFinishedError):
            self._run(end)
        self._thread.join(GUARD)
        return left

    async def _main(self):
        self._token = trio.lowlevel.current_trio_token()
        self._stopping, self._leaving = trio.Event(), trio.Event()
        try:
            async with trio.open_nursery() as self._nursery:
                self._running.set()
                await self._stopping.wait()
                self._nursery.cancel_scope.cancel()
        except BaseException as error:  # noqa: BLE001  # the suite judges it
            self.uncaught.append(f"raised in the background: {error!r}")

    def make_pair(self):
        return memory_pair()

    def connecting(self, target, setup):
        return connect(target, **setup.client)

    async def _live(self, target, setup, task_status):
        """Hold the connection open, since on trio it is a block."""
        async with self.connecting(target, setup) as self._client:
            task_status.started(self._client.revision)
            await self._leaving.wait()

    async def _serve(self, serve, task_status):
        with self._listening:
            await serve(task_status=task_status)

    async def _call(self, label, call, task_status):
        called = self._calls[label]
        with called.scope:
            task_status.started()
            try:
                called.ended = Returned(await self._client.call(call))
            except Exception as error:  # noqa: BLE001  # the suite judges it
                called.ended = Raised(error)
        called.over.set()

    def _run(self, work, *arguments):
        async def guarded():
            with trio.fail_after(GUARD):
                return await work(*arguments)

        try:
            return trio.from_thread.run(guarded, trio_token=self._token)
        except trio.TooSlowError as error:
            raise AssertionError(f"it did not end within {GUARD} s") from error


class _Call:
    """A call in a task of its own; it was cancelled unless it says otherwise."""

    def __init__(self):
        self.scope = trio.CancelScope()
        self.over = trio.Event()
        self.ended = WasCancelled()


async def _at_once(work):
    return work()
