"""A server for middleware to stand around."""

from functools import partial

import pytest
from tests.middleware.taped import ask

from sansmcp import Context, Server
from sansmcp.schema import REVISIONS
from sansmcp.testing import Pause
from sansmcp.testing import connect as connect_in_memory

# Clients that check results ask for the list of tools, which is a message more.
connect = partial(connect_in_memory, validate="off")

asking_revisions = pytest.mark.parametrize("revision", [name for name in REVISIONS if name >= "2025-06-18"])


def served(**settings):
    server = Server("test", version="1", **settings)

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    @server.tool
    async def wait(seconds: float, ctx: Context) -> str:
        ctx.log("info", "waiting")
        ctx.progress(1)
        await Pause(seconds)
        return "waited"

    @server.tool
    def fail() -> str:
        raise ValueError("inside")

    server.add_tool(ask)

    return server
