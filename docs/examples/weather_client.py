import asyncio
import sys

from sansmcp.client import accept
from sansmcp.schema import ElicitRequestParams, ElicitResult
from sansmcp.session import ProgressReceived
from sansmcp_asyncio import connect


def ask_user(request: ElicitRequestParams) -> ElicitResult:
    print("the server asks:", request.message)
    return accept({"name": "Spain"})


def show(progress: ProgressReceived) -> None:
    print(f"{progress.progress:.0f} of {progress.total:.0f}")


async def main() -> None:
    async with connect([sys.executable, "weather_server.py"], elicitation=ask_user) as client:
        result = await client.call_tool("forecast", {"city": "Valencia", "days": 2}, on_progress=show)
        print(result.structured_content)


asyncio.run(main())
