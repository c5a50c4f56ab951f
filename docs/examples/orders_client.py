import asyncio
import sys

from sansmcp.client import accept, decline
from sansmcp.schema import ElicitRequestParams, ElicitResult, TextContent
from sansmcp_asyncio import connect


def ask_user(request: ElicitRequestParams) -> ElicitResult:
    print("the server asks:", request.message)
    if "cancel" in request.message:
        return accept({"value": True})
    if "tip" in request.message:
        return accept({"value": 2})
    return decline()


async def main() -> None:
    async with connect([sys.executable, "orders_server.py"], elicitation=ask_user) as client:
        for tool in ("cancel_order", "gift_wrap", "pay"):
            result = await client.call_tool(tool, {"order": "order 7"})
            print(*(block.text for block in result.content if isinstance(block, TextContent)))


asyncio.run(main())
