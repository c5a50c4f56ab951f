"""The harness on asyncio, over memory, TCP, Unix sockets, HTTP and a process."""

import asyncio

from tests.suite.counting import GUARD
from tests.suite.hold_asyncio import hold, talk
from tests.suite.mounted import serve_on_asyncio
from tests.suite.real import RealHarness

from sansmcp.testing import Peer, Raised, Returned, WasCancelled, suite_server
from sansmcp_asyncio import connect, memory_pair, serve_http, serve_stream, serve_tcp, serve_unix


class AsyncioHarness(RealHarness):
    """Plays the suite in a loop that runs only while a call of the harness blocks."""

    runtime = "asyncio"

    def start(self):
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._uncaught)
        self._server = suite_server(hold, talk, self.server_kind)
        self._tasks = []
        self._calls = {}
        self._client = None

    async def never(self, request):  # noqa: ARG002  # whatever is asked
        await asyncio.Event().wait()

    def begin(self, label, call):
        self._calls[label] = self._loop.create_task(self._client.call(call))
        self._turn()

    def wait(self, label):
        task = self._calls[label]
        self._run(asyncio.wait({task}))
        if task.cancelled():
            return WasCancelled()
        error = task.exception()
        return Returned(task.result()) if error is None else Raised(error)

    def cancel(self, label):
        self._calls[label].cancel()
        self._turn()

    def notify(self, method, params):
        async def notify():
            self._client.session.notify(method, params, self._client.now())
            self._client.settle()

        self._run(notify())

    def subscribe(self, uri):
        self._updates = self._client.resource_updates(uri)
        self._run(self._updates.__aenter__())

    def next_update(self):
        return self._run(anext(self._updates))

    def wait_until(self, condition):
        async def wait():
            while not condition():  # noqa: ASYNC110  # whatever it is, nothing tells when it comes
                await asyncio.sleep(0.0005)

        self._run(wait())

    def close(self):
        self._run(self._client.close())

    def begin_close(self):
        self._tasks.append(self._loop.create_task(self._client.close()))
        self._turn()

    def close_elsewhere(self, times):
        async def close():
            for closing in [asyncio.ensure_future(self._client.close()) for _ in range(times)]:
                await closing

        self._run(close())

    def connect(self, target, setup):
        self._client = self._run(self.opening(target, setup))
        return self._client.revision

    async def opening(self, target, setup):
        return await connect(target, **setup.client)

    def listen(self, path, setup):
        started = self._loop.create_future()
        settings = {"started": started.set_result, **setup.server}
        if self.kind == "http":
            served = serve_http(self._server, port=0, http_sse=True, **settings)
        elif self.kind == "asgi":
            served = serve_on_asyncio(self._server, **settings)
        elif path is None:
            served = serve_tcp(self._server, **settings)
        else:
            served = serve_unix(self._server, path, **settings)
        self._tasks.append(self._loop.create_task(served))
        return self._run(started)

    def memory(self, setup):
        near, far = memory_pair()

        async def leave():
            if setup.peer is Peer.GONE_ON_FIRST_BYTES:
                await far.read()
            await far.close()

        served = serve_stream(self._server, far, **setup.server) if setup.peer is Peer.SERVER else leave()
        self._tasks.append(self._loop.create_task(served))
        self._far = far
        return near

    def break_memory(self):
        self._run(self._far.close())

    def stop(self):
        if self.kind != "memory":
            for task in self._tasks:
                task.cancel()
        self._run(self._end_tasks())
        left = [f"task {task.get_name()!r}" for task in asyncio.all_tasks(self._loop)]
        self._run(self._loop.shutdown_asyncgens())
        self._loop.close()
        return left

    async def _end_tasks(self):
        for found in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(found, Exception):
                self.uncaught.append(f"raised by the server or a close: {found!r}")

    def _run(self, work):
        async def guarded():
            return await asyncio.wait_for(work, GUARD)

        try:
            return self._loop.run_until_complete(guarded())
        except TimeoutError as error:
            raise AssertionError(f"it did not end within {GUARD} s") from error

    def _turn(self):
        self._run(asyncio.sleep(0))

    def _uncaught(self, _loop, told):
        self.uncaught.append(f"uncaught: {told.get('exception') or told['message']!r}")
