"""The server of the corpus as an ASGI application, and a server of our own that hands it requests."""

import asyncio

from tests.adversarial.asking import Asking, Reply

from sansmcp.http import Headers
from sansmcp_asgi import App


class Mount(Asking):
    """The server of the corpus as an application, on a loop of its own.

    Args:
        stimulus: what it is attacked with.
        settings: how it is served.
    """

    def __init__(self, stimulus, **settings):
        super().__init__(stimulus)
        self._app = App(self.server, on_event=self._note, **settings)
        self._runner = asyncio.Runner()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._app.drain()
        self._runner.run(asyncio.sleep(0))
        self._runner.close()

    def _note(self, session, event):
        self.sessions.append(session)
        self.events.append(event)

    def ask(self, wanted):
        """Send a request; return what came of it."""
        return self._runner.run(self._ask(wanted))

    async def _ask(self, wanted):
        reply = Reply()
        pieces = [wanted.body[start : start + 65_536] for start in range(0, len(wanted.body), 65_536)]
        length = wanted.value("content-length")
        is_whole = length is None or int(length) <= len(wanted.body)

        async def receive():
            if pieces or (is_whole and not reply.is_complete):
                body = pieces.pop(0) if pieces else b""
                reply.is_complete = is_whole and not pieces
                return {"type": "http.request", "body": body, "more_body": not reply.is_complete}
            # Nothing more comes.
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

        async def send(message):
            if message["type"] == "http.response.start":
                lines = [(name.decode(), value.decode("latin-1")) for name, value in message["headers"]]
                reply.status, reply.headers = message["status"], Headers(lines)
                reply.is_closed = reply.headers.get("connection") == "close"
            else:
                reply.body += message["body"]
                reply.is_over = not message.get("more_body", False)

        reply.is_complete = False
        await asyncio.wait_for(self._app(scope_of(wanted), receive, send), 30)
        return reply


def scope_of(wanted):
    """Return how ASGI describes a request."""
    path, _, query = wanted.target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": wanted.method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in wanted.headers],
    }
