"""What authors of middleware and lifespans type; this module is only type-checked."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import assert_type

import sansmcp_asyncio
import sansmcp_threads
from sansmcp import Context, Delay, Incoming, Outgoing, Proceed, Server, Steps
from sansmcp.middleware import Timings, limit_rate, log_messages, per_tool, retry
from sansmcp.session import (
    IncomingNotification,
    IncomingRequest,
    OutgoingError,
    OutgoingNotification,
    OutgoingQuestions,
    OutgoingRequest,
    OutgoingResult,
)


def both(message: Incoming | Outgoing, proceed: Proceed) -> Steps:
    assert_type(message.clock(), float)
    assert_type(message.method, str)
    yield Delay(1)
    return (yield from proceed(message))


def received(message: Incoming, proceed: Proceed) -> Steps:
    match message:
        case IncomingRequest():
            assert_type(message.name, str | None)
            return (yield from proceed(message.with_params(message.params)))
        case IncomingNotification():
            return (yield from proceed(message))


def sent(message: Outgoing, proceed: Proceed) -> Steps:
    match message:
        case OutgoingResult():
            message = message.with_result(message.result)
        case OutgoingRequest() | OutgoingNotification():
            assert_type(message.method, str)
        case OutgoingError():
            assert_type(message.code, int)
        case OutgoingQuestions():
            assert_type(list(message.questions), list[str])
    return (yield from proceed(message))


class Counted:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, message: Incoming, proceed: Proceed) -> Steps:
        self.count += 1
        return (yield from proceed(message))


@contextmanager
def plain(_server: Server) -> Generator[int, None, None]:
    yield 7


@asynccontextmanager
async def coloured(_server: Server) -> AsyncGenerator[int, None]:
    yield 7


counted = Counted()
server = Server(
    "typed",
    version="1",
    middleware=[both, received, counted, Timings(), limit_rate(1, by=per_tool), retry(OSError)],
    sending_middleware=[both, sent, log_messages(str)],
    lifespan=plain,
)
other = Server("typed", version="1", lifespan=coloured)


@server.middleware
def registered(message: Incoming, proceed: Proceed) -> Steps:
    return (yield from proceed(message))


@server.tool
def read(ctx: Context) -> int:
    pool: int = ctx.lifespan
    return pool


assert_type(server.middleware(counted), Counted)


async def on_asyncio() -> None:
    async with sansmcp_asyncio.connect(
        server, middleware=[both, received], sending_middleware=[sent]
    ) as client:
        await client.list_tools()


def on_threads() -> None:
    with sansmcp_threads.connect(server, middleware=[both, received], sending_middleware=[sent]) as client:
        client.list_tools()
