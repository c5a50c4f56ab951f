"""A server of the official Python SDK's first line, which knows the legacy era alone.

Its tools are those of `mcp_server.py`, as far as it can have them.
"""

import sys
from dataclasses import dataclass

import anyio
from mcp.server.fastmcp import Context, FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.types import SamplingMessage, TextContent
from pydantic import BaseModel
from serving import serve

NOTE = "note://greeting"


class Name(BaseModel):
    """The form that `asks` puts to the user."""

    name: str


class Weather(BaseModel):
    """What `weather` returns."""

    city: str
    degrees: float
    tags: list[str]


@dataclass
class Record:
    """What the tests may ask about afterwards."""

    cancelled: int = 0


record = Record()

server = FastMCP("peer-server", instructions="For interop tests.", log_level="ERROR")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def weather(city: str) -> Weather:
    """Return a typed result."""
    return Weather(city=city, degrees=21.5, tags=["sunny", "dry"])


@server.tool(structured_output=False)
def fails(reason: str) -> str:
    """Raise what the SDK shows to the client."""
    raise ToolError(reason)


@server.tool(structured_output=False)
async def slow(steps: int, ctx: Context) -> str:
    """Report progress for each step."""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps, f"step {step} of {steps}")
    return f"{steps} steps"


@server.tool(structured_output=False)
async def waits(ctx: Context) -> str:
    """Report progress once, then wait until cancelled."""
    await ctx.report_progress(1, 2, "waiting")
    try:
        await anyio.sleep_forever()
    except anyio.get_cancelled_exc_class():
        record.cancelled += 1
        raise
    raise AssertionError


@server.tool(structured_output=False)
def cancelled_calls() -> str:
    """Tell how many calls of `waits` were cancelled."""
    return str(record.cancelled)


@server.tool(structured_output=False)
async def asks(ctx: Context) -> str:
    """Ask for a name."""
    result = await ctx.elicit("What is your name?", Name)
    return f"Hello, {result.data.name}" if result.action == "accept" else result.action


@server.tool(structured_output=False)
async def samples(ctx: Context) -> str:
    """Ask the client's model."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text="Say hello"))
    result = await ctx.session.create_message(messages=[message], max_tokens=10)
    return f"{result.model}: {result.content.text if isinstance(result.content, TextContent) else '?'}"


@server.tool(structured_output=False)
async def lists_roots(ctx: Context) -> str:
    """Ask for the client's roots."""
    return ",".join(str(root.uri) for root in (await ctx.session.list_roots()).roots)


@server.tool(structured_output=False)
async def logs(text: str, ctx: Context) -> str:
    """Log at debug and at warning level."""
    await ctx.log("debug", f"quiet {text}", logger_name="peer")
    await ctx.log("warning", f"loud {text}", logger_name="peer")
    return "logged"


@server.resource(NOTE, name="greeting", description="A fixed text.", mime_type="text/plain")
def greeting() -> str:
    return "Good morning"


@server.resource("note://by-name/{name}", name="by_name", description="A text per name.")
def by_name(name: str) -> str:
    return f"Good morning, {name}"


@server.prompt(title="Greet somebody")
def greet(name: str, tone: str = "kind") -> str:
    """Write a greeting."""
    return f"Greet {name} in a {tone} tone."


if __name__ == "__main__":
    applications = {"http": ("/mcp", server.streamable_http_app), "sse": ("/sse", server.sse_app)}
    serve(sys.argv[1:], lambda: server.run("stdio"), applications)
