"""On each runtime: the lifespan of a server, and middleware on both ends with a delay."""

import asyncio
import logging
from contextlib import asynccontextmanager, contextmanager

import pytest
import trio

import sansmcp_asyncio
import sansmcp_threads
import sansmcp_trio
from sansmcp import Context, Delay, LocalProtocolError, NotConnected, Server
from sansmcp.middleware import log_messages, retry
from sansmcp.session import OutgoingRequest


class App:
    """A server with a lifespan of either colour, and what happened to it."""

    def __init__(self, colour, *, fails=False):
        self.happened = []
        self.fails = fails
        self.server = Server(
            "app",
            version="1",
            lifespan={"plain": self.plain, "async": self.coloured}[colour],
            middleware=[retry(ConnectionError, methods=["tools/call"], delay=0.01)],
        )
        self.server.add_tool(self.read)

    def read(self, ctx: Context) -> str:
        """Read from the pool, which is there the second time."""
        self.happened.append("runs")
        if self.happened.count("runs") == 1:
            raise ConnectionError("not yet")
        return ctx.lifespan

    @contextmanager
    def plain(self, _server):
        self.happened.append("starts")
        if self.fails:
            raise OSError("no database")
        try:
            yield "pool"
        finally:
            self.happened.append("stops")

    @asynccontextmanager
    async def coloured(self, _server):
        with self.plain(_server) as pool:
            yield pool


class Slowly:
    """Middleware of a client that waits first."""

    def __init__(self):
        self.messages = []

    def __call__(self, message, proceed):
        self.messages.append(type(message))
        yield Delay(0.01)
        return (yield from proceed(message))


def on_asyncio(app, **settings):
    async def main():
        async with sansmcp_asyncio.connect(app.server, **settings) as client:
            return (await client.call_tool("read")).content[0].text

    return asyncio.run(main())


def on_trio(app, **settings):
    async def main():
        async with sansmcp_trio.connect(app.server, **settings) as client:
            return (await client.call_tool("read")).content[0].text

    return trio.run(main)


def on_threads(app, **settings):
    with sansmcp_threads.connect(app.server, async_runner=asyncio.run, **settings) as client:
        return client.call_tool("read").content[0].text


every_runtime = pytest.mark.parametrize("play", [on_asyncio, on_trio, on_threads])
either_colour = pytest.mark.parametrize("colour", ["plain", "async"])


@every_runtime
@either_colour
def test_handlers_get_what_the_lifespan_gives_and_middleware_may_wait_on_both_ends(play, colour):
    app, slowly, logged = App(colour), Slowly(), []
    text = play(app, sending_middleware=[slowly, log_messages(logged.append)], validate="off")
    assert text == "pool"
    assert app.happened == ["starts", "runs", "runs", "stops"]
    assert slowly.messages == [OutgoingRequest]
    assert [(record.method, record.name, record.error) for record in logged] == [("tools/call", "read", None)]


@every_runtime
@either_colour
def test_a_lifespan_that_does_not_begin_serves_nobody(play, colour):
    app = App(colour, fails=True)
    with pytest.raises((NotConnected, OSError, BaseExceptionGroup)):
        play(app)
    # A client that is left while it asks for the era begins again.
    assert set(app.happened) == {"starts"}


def test_threads_refuse_an_async_lifespan_with_words_and_leave_the_address_alone():
    app = App("async")
    with pytest.raises(LocalProtocolError, match="expected a lifespan that is a contextmanager"):
        sansmcp_threads.listen_tcp(app.server)
    assert app.happened == []


@either_colour
def test_a_server_on_threads_that_cannot_listen_leaves_its_lifespan(colour):
    app, other = App(colour), App(colour)
    with sansmcp_threads.listen_tcp(app.server, async_runner=asyncio.run) as listener:
        port = int(listener.address.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            sansmcp_threads.listen_tcp(other.server, port=port, async_runner=asyncio.run)
        assert other.happened == ["starts", "stops"]
        assert app.happened == ["starts"]
    assert app.happened == ["starts", "stops"]


def test_what_an_async_lifespan_raises_at_its_end_comes_out_on_threads():
    @asynccontextmanager
    async def ends_badly(_server):
        yield 1
        raise OSError("not flushed")

    server = Server("app", version="1", lifespan=ends_badly)
    with pytest.raises(OSError, match="not flushed"):
        sansmcp_threads.listen_tcp(server, async_runner=asyncio.run).close()


@pytest.mark.parametrize("serve", ["asyncio", "trio"])
@either_colour
def test_a_server_of_many_peers_begins_before_the_first_and_ends_when_it_is_cancelled(serve, colour, caplog):
    app = App(colour)
    caplog.set_level(logging.CRITICAL)

    async def on_a_loop():
        addresses = asyncio.Queue()
        serving = asyncio.create_task(sansmcp_asyncio.serve_tcp(app.server, started=addresses.put_nowait))
        address = await addresses.get()
        for _ in range(2):
            async with sansmcp_asyncio.connect(address) as client:
                await client.call_tool("read")
        assert "stops" not in app.happened
        serving.cancel()
        await asyncio.wait({serving})

    async def in_a_nursery():
        async with trio.open_nursery() as nursery:
            address = await nursery.start(sansmcp_trio.serve_tcp, app.server)
            for _ in range(2):
                async with sansmcp_trio.connect(address) as client:
                    await client.call_tool("read")
            assert "stops" not in app.happened
            nursery.cancel_scope.cancel()

    asyncio.run(on_a_loop()) if serve == "asyncio" else trio.run(in_a_nursery)
    assert app.happened == ["starts", "runs", "runs", "runs", "stops"]
