"""A loop that is not asyncio's own: uvloop, whose transports are none of asyncio's classes."""

import asyncio
import ssl

import pytest
import trustme
from tests.bindings.looking import text

from sansmcp import Server
from sansmcp_asyncio import connect, serve_http

uvloop = pytest.importorskip("uvloop", reason="there is none for this system")

LARGE = 1_000_000


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("tls", [False, True])
def test_http_is_served_and_spoken_on_uvloop(tls: bool, revision: str) -> None:
    server = Server("uvloop", version="1")
    ours, theirs = contexts() if tls else (None, None)

    @server.tool
    async def flood(size: int) -> str:
        """Return a long text."""
        return "x" * size

    async def work() -> None:
        started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve_http(server, port=0, ssl=ours, started=started.set_result))
        async with connect(await started, ssl=theirs, revisions=[revision]) as client:
            # More than a socket takes at once.
            assert len(text(await client.call_tool("flood", {"size": LARGE}))) == LARGE
            assert text(await client.call_tool("flood", {"size": 3})) == "xxx"
        serving.cancel()
        await asyncio.wait({serving})

    uvloop.run(work())


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    return ours, theirs
