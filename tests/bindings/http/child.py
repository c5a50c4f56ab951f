"""A process that serves the same offers at several endpoints, on one carrier; it prints its port first.

`python -m tests.bindings.http.child CARRIER`; SIGTERM ends it in good order.
"""

# ruff: noqa: PLC0415  # only the server that is wanted is loaded

import asyncio
import importlib
import signal
import socket
import sys
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


def listening():
    """Return a socket that listens, after its port was printed: who connects now is served soon."""
    found = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{found.getsockname()[1]}\n")
    sys.stdout.flush()
    return found


def server_for(name):
    """Return the server with the tools of a runtime."""
    module = importlib.import_module(f"tests.bindings.{name}.servers")
    binding = importlib.import_module(f"sansmcp_{name}")
    return with_offers(module.server, binding.LogHandler)


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
