import asyncio
import sys

from sansmcp_asyncio import connect


async def main() -> None:
    async with connect([sys.executable, "quickstart_server.py"]) as client:
        result = await client.call_tool("add", {"a": 1, "b": 2})
        print(client.revision, result.structured_content)


asyncio.run(main())
