"""Tasks that begin where they are made, as the eager factory of Python 3.12 has it."""

import asyncio
import sys

import pytest
from tests.bindings.looking import text

from sansmcp import Server
from sansmcp_asyncio import connect

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="tasks are never eager before Python 3.12")


def test_eager_handlers_end_their_requests_once() -> None:
    server = Server("eager", version="1")
    begun = asyncio.Event()
    ended: list[str] = []
    faults: list[str] = []

    @server.tool
    async def at_once() -> str:
        """Answer without a wait."""
        return "done"

    @server.tool
    async def for_ever() -> str:
        """Wait until cancelled."""
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "never"

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(asyncio.eager_task_factory)
        loop.set_exception_handler(lambda _loop, told: faults.append(str(told)))
        async with connect(server) as client:
            assert text(await client.call_tool("at_once", {})) == "done"
            call = asyncio.ensure_future(client.call_tool("for_ever", {}))
            await begun.wait()
            call.cancel()
            await asyncio.wait({call})
            assert text(await client.call_tool("at_once", {})) == "done"

    asyncio.run(work())
    assert (ended, faults) == (["cancelled"], [])
