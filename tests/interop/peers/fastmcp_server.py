"""A server of fastmcp, for our client to talk to in either era.

Its tools are those of `mcp_server.py`, as far as it can have them.
"""

import sys
import warnings
from dataclasses import dataclass

import anyio
from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    InputResponse,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)
from serving import serve

# Logging, sampling and roots are deprecated in the newest revision and still part of every revision.
warnings.simplefilter("ignore", MCPDeprecationWarning)

NOTE = "note://greeting"


@dataclass
class Name:
    """The form that `asks` puts to the user."""

    name: str


@dataclass
class Weather:
    """What `weather` returns."""

    city: str
    degrees: float
    tags: list[str]


@dataclass
class Record:
    """What the tests may ask about afterwards."""

    cancelled: int = 0


record = Record()

server = FastMCP("peer-server", instructions="For interop tests.", version="1.2.3")


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool
def weather(city: str) -> Weather:
    """Return a typed result."""
    return Weather(city=city, degrees=21.5, tags=["sunny", "dry"])


@server.tool
def fails(reason: str) -> str:
    """Raise what fastmcp shows to the client."""
    raise ToolError(reason)


@server.tool
async def slow(steps: int, ctx: Context) -> str:
    """Report progress for each step."""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps, f"step {step} of {steps}")
    return f"{steps} steps"


@server.tool
async def waits(ctx: Context) -> str:
    """Report progress once, then wait until cancelled."""
    await ctx.report_progress(1, 2, "waiting")
    try:
        await anyio.sleep_forever()
    except anyio.get_cancelled_exc_class():
        record.cancelled += 1
        raise
    raise AssertionError


@server.tool
def cancelled_calls() -> str:
    """Tell how many calls of `waits` were cancelled."""
    return str(record.cancelled)


def answer_or_question(ctx: Context, question: InputRequest) -> InputResponse | InputRequiredResult:
    """Return the answer if it has come, else what asks for it: the way of the modern era."""
    if ctx.input_responses:
        return ctx.input_responses["question"]
    return InputRequiredResult(result_type="input_required", input_requests={"question": question})


def modern(ctx: Context) -> bool:
    """Whether nothing can be asked while a call is open."""
    return ctx.request_context is not None and ctx.request_context.protocol_version >= "2026-07-28"


@server.tool(output_schema=None)
async def asks(ctx: Context) -> str | InputRequiredResult:
    """Ask for a name."""
    if not modern(ctx):
        result = await ctx.elicit("What is your name?", Name)
        return f"Hello, {result.data.name}" if result.action == "accept" else result.action
    form = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    params = ElicitRequestFormParams(message="What is your name?", requested_schema=form)
    answer = answer_or_question(ctx, ElicitRequest(params=params))
    if isinstance(answer, InputRequiredResult):
        return answer
    assert isinstance(answer, ElicitResult)
    return f"Hello, {(answer.content or {})['name']}"


@server.tool(output_schema=None)
async def samples(ctx: Context) -> str | InputRequiredResult:
    """Ask the client's model."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text="Say hello"))
    if modern(ctx):
        params = CreateMessageRequestParams(messages=[message], max_tokens=10)
        answer = answer_or_question(ctx, CreateMessageRequest(params=params))
        if isinstance(answer, InputRequiredResult):
            return answer
    else:
        answer = await ctx.session.create_message(messages=[message], max_tokens=10)
    assert isinstance(answer, CreateMessageResult)
    assert isinstance(answer.content, TextContent)
    return f"{answer.model}: {answer.content.text}"


@server.tool(output_schema=None)
async def lists_roots(ctx: Context) -> str | InputRequiredResult:
    """Ask for the client's roots."""
    if modern(ctx):
        answer = answer_or_question(ctx, ListRootsRequest())
        if isinstance(answer, InputRequiredResult):
            return answer
    else:
        answer = await ctx.session.list_roots()
    assert isinstance(answer, ListRootsResult)
    return ",".join(str(root.uri) for root in answer.roots)


@server.tool
async def logs(text: str, ctx: Context) -> str:
    """Log at debug and at warning level."""
    await ctx.debug(f"quiet {text}", logger_name="peer")
    await ctx.warning(f"loud {text}", logger_name="peer")
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
    applications = {
        "http": ("/mcp", server.http_app),
        "sse": ("/sse", lambda: server.http_app(transport="sse")),
    }
    serve(sys.argv[1:], lambda: server.run("stdio", show_banner=False), applications)
