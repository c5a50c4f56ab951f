"""A tap on connections of HTTP keeps what passes, and no token (T16)."""

import asyncio

from sansmcp import Server
from sansmcp.trace import Tap
from sansmcp_asyncio import connect, serve_http

SECRET = "secret-0123456789"


def served() -> Server:
    server = Server("tapped", version="1")

    @server.tool(blocks=False)
    def echo(x: str) -> str:
        return x

    return server


def test_what_is_recorded_of_a_request_has_no_token_in_it() -> None:
    near: list[bytes] = []
    far: list[bytes] = []

    async def use() -> None:
        loop = asyncio.get_running_loop()
        url: asyncio.Future[str] = loop.create_future()
        serving = asyncio.create_task(
            serve_http(
                served(),
                port=0,
                started=url.set_result,
                wrap_link=lambda link: Tap(link, lambda passed: far.append(passed.data)),
            )
        )
        async with connect(
            await url,
            headers={"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET},
            revisions=["2025-11-25"],
            wrap_link=lambda link: Tap(link, lambda passed: near.append(passed.data)),
        ) as client:
            result = await client.call_tool("echo", {"x": "hi"})
            assert result.content[0].text == "hi"
        serving.cancel()
        await asyncio.wait({serving})

    asyncio.run(use())
    for heard in (b"".join(near), b"".join(far)):
        assert SECRET.encode() not in heard
        assert heard.lower().count(b"authorization: ***") > 2
        assert b"mcp-session-id: ***" in heard.lower()
        assert b'"name":"echo"' in heard
