"""Our server over stdio with the tools that the peer's client asks for."""

import asyncio

import attrs

from sansmcp import Accepted, Context, Server, ToolError
from sansmcp.schema import CreateMessageRequestParams, SamplingMessage, TextContent
from sansmcp_asyncio import serve_stdio

NOTE = "note://greeting"

HELLO = CreateMessageRequestParams(
    messages=(SamplingMessage(role="user", content=TextContent(text="Say hello")),), max_tokens=10
)

server = Server("our-server", version="1.2.3", title="Our server", instructions="For interop tests.")

cancelled = 0


@attrs.frozen
class Weather:
    """What `weather` returns."""

    city: str
    degrees: float
    tags: list[str]


@attrs.frozen
class Name:
    """The form of `asks`."""

    name: str


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool
def echo(text: str) -> str:
    """Return the text."""
    return text


@server.tool
def weather(city: str) -> Weather:
    """Return a typed result."""
    return Weather(city=city, degrees=21.5, tags=["sunny", "dry"])


@server.tool
def fails(reason: str) -> str:
    """Raise what is shown to the client."""
    raise ToolError(reason)


@server.tool
def crashes() -> str:
    """Raise what nobody expected."""
    raise RuntimeError("crashed inside")


@server.tool
async def slow(steps: int, ctx: Context, pause: float = 0.0) -> str:
    """Report progress for each step."""
    for step in range(1, steps + 1):
        ctx.progress(step, total=steps, message=f"step {step} of {steps}")
        await asyncio.sleep(pause)
    return f"{steps} steps"


@server.tool
async def waits(ctx: Context) -> str:
    """Report progress once, then wait until cancelled."""
    global cancelled  # noqa: PLW0603
    ctx.progress(1, total=2, message="waiting")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        cancelled += 1
        raise
    return "unreachable"


@server.tool
async def cancelled_calls() -> str:
    """Tell how many calls of `waits` were cancelled."""
    return str(cancelled)


@server.tool
def asks(ctx: Context) -> str:
    """Ask for a name."""
    match ctx.elicit("name", "What is your name?", Name):
        case Accepted(value=answer):
            return f"Hello, {answer.name}"
        case _:
            raise ToolError("no name, no greeting")


@server.tool
def asks_twice(ctx: Context) -> str:
    """Ask for a name, then for a sampled message: two rounds of one call."""
    match ctx.elicit("name", "What is your name?", Name):
        case Accepted(value=answer):
            return f"{answer.name}: {ctx.sample('greeting', HELLO).model}"
        case _:
            raise ToolError("no name, no greeting")


@server.tool
def samples(ctx: Context) -> str:
    """Ask the client's model."""
    message = ctx.sample("greeting", HELLO)
    return f"{message.model}: {message.content.text}"


@server.tool
def lists_roots(ctx: Context) -> str:
    """Ask for the client's roots."""
    return ",".join(root.uri for root in ctx.roots())


@server.tool
def logs(text: str, ctx: Context) -> str:
    """Log at debug and at warning level."""
    ctx.debug(f"quiet {text}", logger="peer")
    ctx.warning(f"loud {text}", logger="peer")
    return "logged"


@server.resource(NOTE, name="greeting", description="A fixed text.", mime_type="text/plain")
def greeting() -> str:
    """Return a fixed text."""
    return "Good morning"


@server.prompt(title="Greet somebody")
def greet(name: str, tone: str = "kind") -> str:
    """Write a greeting."""
    return f"Greet {name} in a {tone} tone."


if __name__ == "__main__":
    serve_stdio(server)
