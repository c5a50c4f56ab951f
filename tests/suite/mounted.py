"""The suite's server as an application, under servers of others: uvicorn, hypercorn on trio, and wsgiref."""

import asyncio
import socketserver
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import hypercorn.trio
import trio
import uvicorn

import sansmcp_asgi
import sansmcp_wsgi
from sansmcp.http import HttpLimits


async def serve_on_asyncio(server, *, started, **settings):
    """Serve until cancelled."""
    app = sansmcp_asgi.App(server, http_sse=True, **settings)
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="on"))
    serving = asyncio.ensure_future(running.serve())
    try:
        while not running.started:  # noqa: ASYNC110  # it says so nowhere else
            await asyncio.sleep(0.001)
        (place,) = running.servers[0].sockets
        started("tcp://{}:{}".format(*place.getsockname()))
        await asyncio.Event().wait()
    finally:
        app.drain()
        running.should_exit = True
        await serving


async def serve_on_trio(server, *, task_status, **settings):
    """Serve until cancelled."""
    app = sansmcp_asgi.App(server, http_sse=True, **settings)
    config = hypercorn.Config()
    config.bind, config.loglevel, config.graceful_timeout = ["127.0.0.1:0"], "CRITICAL", 1
    leaving = trio.Event()

    async def serve(*, task_status):
        # It ends as it is asked to, and not in the middle of something.
        with trio.CancelScope(shield=True):
            await hypercorn.trio.serve(app, config, shutdown_trigger=leaving.wait, task_status=task_status)

    async with trio.open_nursery() as nursery:
        (url,) = await nursery.start(serve)
        task_status.started(url.replace("http:", "tcp:"))
        try:
            await trio.sleep_forever()
        finally:
            app.drain()
            leaving.set()


class _Single(WSGIServer):
    """The standard server, which has one thread and serves one request after the other."""

    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Say nothing: clients that go away are what is played."""


class _Threading(socketserver.ThreadingMixIn, _Single):
    """The same with a thread for each request."""

    # Ended threads are waited for.
    daemon_threads = False


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


class MountedOnThreads:
    """A server that serves until it is closed.

    Args:
        server: what is served.
        settings: how.
        is_threaded: whether it has a thread for each request, or one for all.
    """

    def __init__(self, server, settings, *, is_threaded):
        # That a client is gone shows when something is written to it.
        settings = {**settings, "http_sse": is_threaded, "http_limits": HttpLimits(keep_alive=0.2)}
        # The standard server says of itself that it has one thread, whatever it has.
        streams = True if is_threaded else None
        self._app = sansmcp_wsgi.App(server, streams=streams, **settings)
        self._server = (_Threading if is_threaded else _Single)(("127.0.0.1", 0), _Quiet)
        self._server.set_app(self._app)
        self.address = "tcp://{}:{}".format(*self._server.server_address)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01], name="suite wsgi")
        self._thread.start()

    def close(self):
        """End it."""
        self._app.drain()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._app.close()
