"""A client that answers what its server asks: the user, the model and the roots."""

import asyncio
import logging
import sys

from sansmcp import Accepted, Context, Server
from sansmcp.client import Roots, accept, log_records
from sansmcp.schema import (
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestParams,
    ElicitResult,
    SamplingMessage,
    TextContent,
)
from sansmcp_asyncio import connect

server = Server("trips", version="1.0")


@server.tool
def plan(ctx: Context) -> str:
    """Plan a trip."""
    places = [root.uri for root in ctx.roots()]
    answer = ctx.elicit("days", "How many days?", int)
    days = answer.value if isinstance(answer, Accepted) else 1
    said = ctx.sample(
        "slogan",
        [SamplingMessage(role="user", content=TextContent(text=f"A slogan for {days} days"))],
        max_tokens=20,
    )
    ctx.log("warning", "storms are expected")
    return f"{days} days, {said.text}, {places}"


async def ask_user(question: ElicitRequestParams) -> ElicitResult:
    print(f"the server asks: {question.message}")
    return accept({"value": 3})


def ask_model(request: CreateMessageRequestParams) -> CreateMessageResult:
    text = "go far"[: request.max_tokens]
    return CreateMessageResult(role="assistant", content=TextContent(text=text), model="none")


async def main() -> None:
    roots = Roots(["file:///home/me/trips"])
    async with connect(
        server,
        elicitation=ask_user,
        sampling=ask_model,
        roots=roots,
        log_level="warning",
        on_log=log_records(logging.getLogger("trips")),
    ) as client:
        print(await client.call_tool("plan", result_type=str))
        roots.add("file:///home/me/maps")
        print(await client.call_tool("plan", result_type=str))


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, format="%(name)s: %(message)s")
    asyncio.run(main())
