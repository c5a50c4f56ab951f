"""What a program starts before its server is served, and stops afterwards."""

from contextlib import asynccontextmanager, contextmanager

import pytest
from tests.server.conversation import Conversation

from sansmcp import Context, LocalProtocolError, NotConnected, Server
from sansmcp.schema import REVISIONS
from sansmcp.testing import Pause, connect

every_revision = pytest.mark.parametrize("revision", REVISIONS)


def told(happened):
    """Return a lifespan of each colour that takes note of what happens to it."""

    @contextmanager
    def plain(server):
        happened.append(f"{server.info.name} starts")
        try:
            yield {"pool": 7}
        finally:
            happened.append("stops")

    @asynccontextmanager
    async def coloured(server):
        await Pause(2.0)
        happened.append(f"{server.info.name} starts")
        try:
            yield {"pool": 7}
        finally:
            await Pause(1.0)
            happened.append("stops")

    return plain, coloured


def served(lifespan, happened):
    server = Server("app", version="1", lifespan=lifespan)

    @server.tool
    def read(ctx: Context) -> int:
        happened.append("runs")
        return ctx.lifespan["pool"]

    @server.tool
    async def read_too(ctx: Context) -> int:
        return ctx.lifespan["pool"]

    return server


@every_revision
@pytest.mark.parametrize("colour", [0, 1])
def test_it_begins_before_the_first_client_and_ends_after_the_last(revision, colour):
    happened = []
    server = served(told(happened)[colour], happened)
    with connect(server, revisions=[revision]) as client:
        assert client.now == colour * 2.0
        assert client.call_tool("read").content[0].text == "7"
        assert client.call_tool("read_too").content[0].text == "7"
    assert happened == ["app starts", "runs", "stops"]
    client.close()
    assert happened == ["app starts", "runs", "stops"]


def test_each_serving_has_its_own():
    happened = []
    server = served(told(happened)[0], happened)
    with connect(server), connect(server):
        assert happened == ["app starts", "app starts"]
    assert happened == ["app starts", "app starts", "stops", "stops"]


@pytest.mark.parametrize("colour", [0, 1])
def test_it_ends_when_the_program_fails_and_when_there_is_no_common_ground(colour):
    happened = []
    server = served(told(happened)[colour], happened)
    with pytest.raises(ZeroDivisionError), connect(server):
        _ = 1 / 0
    assert happened == ["app starts", "stops"]
    old = Server("app", version="1", lifespan=told(happened)[colour], revisions=["2024-11-05"])
    with pytest.raises(NotConnected):
        connect(old, revisions=["2026-07-28"])
    assert happened == ["app starts", "stops"] * 2


def test_what_it_raises_comes_out_where_the_server_is_served():
    @contextmanager
    def fails(_server):
        raise OSError("no database")
        yield

    with pytest.raises(OSError, match="no database"):
        connect(Server("app", version="1", lifespan=fails))


def test_a_lifespan_that_waits_for_a_loop_is_told_so_in_memory():
    class Foreign:
        def __await__(self):
            yield "a future"

    @asynccontextmanager
    async def foreign(_server):
        await Foreign()
        yield

    with pytest.raises(TypeError, match="the lifespan awaits 'a future'; here is no loop"):
        connect(Server("app", version="1", lifespan=foreign))


def test_a_handler_is_told_where_there_is_none():
    server = Server("app", version="1", reveal_errors=True)

    @server.tool
    def read(ctx: Context) -> int:
        return ctx.lifespan

    with connect(server) as client:
        assert "ctx.lifespan: there is none here; give Server(lifespan=...)" in (
            client.call_tool("read").content[0].text
        )
    assert "there is none here" in Conversation(server).text("read")


def generator(_server):
    yield


async def async_generator(_server):
    yield


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (generator, "the generator function generator; decorate it with contextlib.contextmanager"),
        (async_generator, "function async_generator; decorate it with contextlib.asynccontextmanager"),
        (7, "expected a function that returns a context manager, found 7"),
    ],
)
def test_what_is_no_lifespan_is_refused_with_words(wrong, words):
    with pytest.raises(LocalProtocolError, match=words):
        Server("app", version="1", lifespan=wrong)


def test_a_function_that_returns_something_else_is_refused_when_it_is_served():
    server = Server("app", version="1", lifespan=lambda _server: "nothing")
    with pytest.raises(LocalProtocolError, match="found 'nothing'; decorate"):
        connect(server)
