"""A process that serves the same offers at several endpoints, on one carrier; it prints where first.

`python -m tests.bindings.http.child CARRIER`; SIGTERM ends it in good order.
"""

# ruff: noqa: PLC0415  # only the server that is wanted is loaded

import asyncio
import contextlib
import importlib
import json
import signal
import socket
import sys
from functools import partial
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import trio
from tests.bindings.http.offers import with_offers

ENDPOINTS = {
    "/mcp": {},
    "/json": {"responses": "json"},
    "/events": {"responses": "stream"},
    "/alone": {"sessions": False},
    "/named": {"allowed_hosts": ["mcp.example"], "allowed_origins": ["https://pages.example"]},
    "/known": {"verify": lambda head: head.headers.get("x-user")},
    "/old": {"http_sse": True},
}
"""The endpoints by their paths, with their settings."""


def tell(ports):
    """Print the port and the path of each endpoint."""
    found = {path: [port, path] for path, port in ports.items()}
    if len(set(ports.values())) > 1:
        # Nothing is mounted where each has a port of its own.
        found["/old"][1] = ""
    sys.stdout.write(f"{json.dumps(found)}\n")
    sys.stdout.flush()


def listening():
    """Return a socket that listens, after its port was printed: who connects now is served soon."""
    found = socket.create_server(("127.0.0.1", 0))
    tell(dict.fromkeys(ENDPOINTS, found.getsockname()[1]))
    return found


def server_for(name):
    """Return the server with the tools of a runtime."""
    module = importlib.import_module(f"tests.bindings.{name}.servers")
    binding = importlib.import_module(f"sansmcp_{name}")
    return with_offers(module.server, binding.LogHandler)


# h11: an endpoint at each port


class _Started:
    """Waits for the addresses of all endpoints."""

    def __init__(self):
        self.ports = {}

    def at(self, path):
        def started(url):
            self.ports[path] = int(url.removeprefix("http://").partition("/")[0].rpartition(":")[2])
            if len(self.ports) == len(ENDPOINTS):
                tell(self.ports)

        return started


def h11_asyncio(server):
    from sansmcp_asyncio import serve_http

    async def serve():
        started = _Started()
        async with asyncio.TaskGroup() as tasks:
            for path, settings in ENDPOINTS.items():
                place = {"port": 0, "path": path, "started": started.at(path)}
                tasks.create_task(serve_http(server, **place, **settings))

    asyncio.run(serve())


def h11_trio(server):
    from sansmcp_trio import serve_http

    async def serve():
        started = _Started()
        async with trio.open_nursery() as nursery:
            for path, settings in ENDPOINTS.items():
                place = {"port": 0, "path": path, "started": started.at(path)}
                nursery.start_soon(partial(serve_http, server, **place, **settings))

    trio.run(serve)


def h11_threads(server):
    from sansmcp_threads import listen_http

    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    started = _Started()
    with contextlib.ExitStack() as stack:
        for path, settings in ENDPOINTS.items():
            listener = stack.enter_context(listen_http(server, port=0, path=path, **settings))
            started.at(path)(listener.address)
        signal.sigwait([signal.SIGTERM])


# ASGI


def asgi_app(server):
    """Return an application that has an endpoint at each path."""
    from sansmcp_asgi import App

    apps = {path: App(server, path=path, **settings) for path, settings in ENDPOINTS.items()}

    async def app(scope, receive, send):
        if scope["type"] == "http" and scope["path"].startswith("/old/"):
            await apps["/old"]({**scope, "root_path": "/old"}, receive, send)
        elif scope["type"] == "http":
            await apps.get(scope["path"], apps["/mcp"])(scope, receive, send)
        else:
            # The others are mounted without a lifespan.
            await apps["/mcp"](scope, receive, send)

    return app


def uvicorn(server):
    import uvicorn

    app = asgi_app(server)
    config = uvicorn.Config(app, log_level="error", lifespan="on")
    uvicorn.Server(config).run(sockets=[listening()])


def _hypercorn_config():
    import hypercorn

    config = hypercorn.Config()
    found = listening()
    config.bind = [f"fd://{found.detach()}"]
    config.graceful_timeout = 10
    config.loglevel = "ERROR"
    return config


def hypercorn(server):
    import hypercorn.asyncio

    asyncio.run(hypercorn.asyncio.serve(asgi_app(server), _hypercorn_config()))


def hypercorn_trio(server):
    import hypercorn.trio

    async def serve():
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            app = asgi_app(server)
            await hypercorn.trio.serve(app, _hypercorn_config(), shutdown_trigger=signals.__anext__)

    trio.run(serve)


# WSGI


def wsgi_app(server):
    """Return an application that has an endpoint at each path."""
    from sansmcp_wsgi import App

    apps = {path: App(server, path=path, **settings) for path, settings in ENDPOINTS.items()}

    def app(environ, start_response):
        path = environ["PATH_INFO"]
        if path.startswith("/old/"):
            mounted = {**environ, "SCRIPT_NAME": "/old", "PATH_INFO": path.removeprefix("/old")}
            return apps["/old"](mounted, start_response)
        return apps.get(path, apps["/mcp"])(environ, start_response)

    return app


def _gunicorn(server, **options):
    from gunicorn.app.base import BaseApplication

    app = wsgi_app(server)
    found = listening()

    class Application(BaseApplication):
        def load_config(self):
            settings = {
                "bind": f"fd://{found.detach()}",
                "loglevel": "error",
                "graceful_timeout": 2,
                **options,
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self):
            return app

    Application().run()


def gunicorn_sync(server):
    _gunicorn(server, worker_class="sync")


def gunicorn_gthread(server):
    _gunicorn(server, worker_class="gthread", threads=16)


def waitress(server):
    import waitress

    waitress.serve(wsgi_app(server), sockets=[listening()], threads=16, _quiet=True)


def wsgiref(server):
    class Quiet(WSGIRequestHandler):
        def log_message(self, format, *args):  # noqa: A002  # the parent's name
            del format, args

    found = listening()
    with WSGIServer(("127.0.0.1", 0), Quiet, bind_and_activate=False) as running:
        running.socket.close()
        running.socket = found
        running.server_name, running.server_port = "localhost", found.getsockname()[1]
        running.setup_environ()
        running.set_app(wsgi_app(server))
        running.serve_forever()


CARRIERS = {
    "h11-asyncio": (h11_asyncio, "asyncio"),
    "h11-trio": (h11_trio, "trio"),
    "h11-threads": (h11_threads, "threads"),
    "uvicorn": (uvicorn, "asyncio"),
    "hypercorn": (hypercorn, "asyncio"),
    "hypercorn-trio": (hypercorn_trio, "trio"),
    "gunicorn-sync": (gunicorn_sync, "threads"),
    "gunicorn-gthread": (gunicorn_gthread, "threads"),
    "waitress": (waitress, "threads"),
    "wsgiref": (wsgiref, "threads"),
}

if __name__ == "__main__":
    run, runtime = CARRIERS[sys.argv[1]]
    run(server_for(runtime))
