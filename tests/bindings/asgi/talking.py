"""Talk to an ASGI application without a server, in virtual time, on asyncio and on trio alike."""

import contextlib
import json

import anyio
import pytest
from tests.bindings.asyncio import running as running_asyncio
from tests.bindings.http.speaking import BOTH, modern_headers
from tests.bindings.trio import running as running_trio

each_loop = pytest.mark.parametrize(
    "run", [running_asyncio.run_in_no_time, running_trio.run_in_no_time], ids=["asyncio", "trio"]
)
each_real_loop = pytest.mark.parametrize(
    "run", [running_asyncio.run, running_trio.run], ids=["asyncio", "trio"]
)


def post(message, path="/mcp", **headers):
    """Return the scope of a modern request."""
    found = {
        "host": "localhost",
        "content-type": "application/json",
        "accept": BOTH,
        **modern_headers(message),
    }
    return scope_of("POST", path, {**found, **headers})


def scope_of(method, path="/mcp", headers=None, **more):
    """Return a scope."""
    lines = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": lines,
        **more,
    }


class Asked:
    """One request to an application, and what it has answered so far."""

    def __init__(self):
        self.sent = []
        self.reads = True
        self.broken = False
        self.ended = anyio.Event()
        self._changed = anyio.Event()
        self._say, self._heard = anyio.create_memory_object_stream(100)

    async def receive(self):
        return await self._heard.receive()

    async def send(self, message):
        if self.broken:
            raise OSError("the client is gone")
        if not self.reads:
            await anyio.sleep_forever()
        self.sent.append(message)
        self._changed.set()
        self._changed = anyio.Event()

    async def body(self, data=b"", *, more=False):
        """Say a piece of the body."""
        await self._say.send({"type": "http.request", "body": data, "more_body": more})

    async def leave(self):
        """Go away."""
        await self._say.send({"type": "http.disconnect"})

    async def until(self, condition):
        """Wait until what was sent is as it should be."""
        while not condition(self):
            await self._changed.wait()

    @property
    def status(self):
        return self.sent[0]["status"] if self.sent else None

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def json(self):
        return json.loads(self.text)

    def close(self):
        self._say.close()
        self._heard.close()


@contextlib.asynccontextmanager
async def asking(app, scope, message=None):
    """Ask an application, and wait for its end."""
    asked = Asked()

    async def ask():
        try:
            await app(scope, asked.receive, asked.send)
        finally:
            asked.ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        if message is not None:
            await asked.body(json.dumps(message).encode())
        try:
            yield asked
            await asked.ended.wait()
        finally:
            tasks.cancel_scope.cancel()
            asked.close()


async def answer(app, message, scope=None):
    """Ask an application, and return what it answered."""
    async with asking(app, scope or post(message), message) as asked:
        await asked.ended.wait()
    return asked


@contextlib.asynccontextmanager
async def living(app):
    """Give an application its lifespan."""
    asked = Asked()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app, {"type": "lifespan"}, asked.receive, asked.send)
        await asked._say.send({"type": "lifespan.startup"})
        await asked.until(lambda asked: asked.sent)
        try:
            yield asked
        finally:
            with anyio.CancelScope(shield=True):
                await asked._say.send({"type": "lifespan.shutdown"})
                await asked.until(lambda asked: len(asked.sent) == 2)
            asked.close()
