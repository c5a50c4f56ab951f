"""Servers of this process for the tests of the asyncio binding."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine

from sansmcp_asyncio import memory_pair, serve_stream


@contextlib.asynccontextmanager
async def served(
    serve: Callable[..., Coroutine[None, None, None]], *arguments, **settings
) -> AsyncIterator[str]:
    """Serve where peers come to, yield the address, and cancel the server in the end."""
    started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(*arguments, started=started.set_result, **settings))
    await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    try:
        yield started.result()
    finally:
        serving.cancel()
        await asyncio.wait({serving})


@contextlib.asynccontextmanager
async def served_stream(server) -> AsyncIterator[object]:
    """Serve over a stream in memory, and yield its near end."""
    near, far = memory_pair()
    serving = asyncio.create_task(serve_stream(server, far))
    try:
        yield near
    finally:
        await near.close()
        await serving
