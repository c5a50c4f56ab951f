"""Our server with the tools that the peers' clients ask for.

Run as `python -m tests.interop.our_server [RUNTIME [WAY [PORT]]]`; see `serving`. The tools that take long
are `async def` on asyncio and trio, and `def` on threads, which have no others.
"""

import sys
import threading
import time
from importlib import import_module
from typing import Annotated

import attrs
from tests.interop.serving import serve

from sansmcp import Accepted, Complete, Context, Server, ToolError
from sansmcp.schema import CreateMessageRequestParams, SamplingMessage, TextContent

NOTE = "note://greeting"

# A day: the server is gone before.
FOREVER = 86_400.0

HELLO = CreateMessageRequestParams(
    messages=(SamplingMessage(role="user", content=TextContent(text="Say hello")),), max_tokens=10
)


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


def add_plain_tools(server: Server) -> None:
    """Tools that need nothing from the client."""

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


def add_awaited_tools(server: Server, runtime: str) -> None:
    """Tools that take long, for a runtime that awaits them."""
    sleep = import_module(runtime).sleep
    waiting: list[Context] = []
    cancelled = 0

    @server.tool
    async def slow(steps: int, ctx: Context, pause: float = 0.0) -> str:
        """Report progress for each step."""
        for step in range(1, steps + 1):
            ctx.progress(step, total=steps, message=f"step {step} of {steps}")
            await sleep(pause)
        return f"{steps} steps"

    @server.tool
    async def comes_back(ctx: Context) -> str:
        """End the response for a while; a client that can comes back for the rest."""
        ctx.progress(1, total=2)
        ctx.release(retry=0.05)
        await sleep(0.2)
        ctx.progress(2, total=2)
        return "back"

    @server.tool
    async def waits(ctx: Context) -> str:
        """Report progress once, then wait until cancelled."""
        nonlocal cancelled
        waiting.append(ctx)
        ctx.progress(1, total=2, message="waiting")
        try:
            await sleep(FOREVER)
        finally:
            waiting.remove(ctx)
            cancelled += 1
        return "unreachable"

    @server.tool
    async def cancelled_calls() -> str:
        """Tell how many calls of `waits` were cancelled, once those that were have noticed."""
        while any(ctx.cancelled for ctx in waiting):
            await sleep(0)
        return str(cancelled)


def add_blocking_tools(server: Server) -> None:
    """The same for a runtime of threads."""
    changed = threading.Condition()
    waiting: list[Context] = []
    cancelled = 0

    @server.tool
    def slow(steps: int, ctx: Context, pause: float = 0.0) -> str:
        """Report progress for each step."""
        for step in range(1, steps + 1):
            ctx.progress(step, total=steps, message=f"step {step} of {steps}")
            time.sleep(pause)
        return f"{steps} steps"

    @server.tool
    def comes_back(ctx: Context) -> str:
        """End the response for a while; a client that can comes back for the rest."""
        ctx.progress(1, total=2)
        ctx.release(retry=0.05)
        time.sleep(0.2)
        ctx.progress(2, total=2)
        return "back"

    @server.tool
    def waits(ctx: Context) -> str:
        """Report progress once, then wait until cancelled."""
        nonlocal cancelled
        with changed:
            waiting.append(ctx)
        ctx.progress(1, total=2, message="waiting")
        while not ctx.cancelled:
            time.sleep(0.01)
        with changed:
            waiting.remove(ctx)
            cancelled += 1
            changed.notify_all()
        return "nobody waits for this"

    @server.tool
    def cancelled_calls() -> str:
        """Tell how many calls of `waits` were cancelled, once those that were have noticed."""
        with changed:
            changed.wait_for(lambda: not any(ctx.cancelled for ctx in waiting), timeout=10)
            return str(cancelled)


def add_asking_tools(server: Server) -> None:
    """Tools that ask the client, or log."""

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


def add_changes(server: Server) -> None:
    """A tool that announces changes."""

    @server.tool
    def changes() -> str:
        """Add a tool, and tell that a resource was updated; it is for one call."""
        server.add_tool(lambda: "here", name="late", description="Came late.")
        server.resource_updated(NOTE)
        return "changed"


def add_resources_and_prompts(server: Server) -> None:
    """One of each."""

    @server.resource(NOTE, name="greeting", description="A fixed text.", mime_type="text/plain")
    def greeting() -> str:
        """Return a fixed text."""
        return "Good morning"

    @server.resource("note://by-name/{name}", name="by_name", description="A text per name.")
    def by_name(name: str) -> str:
        """Return a text for a name."""
        return f"Good morning, {name}"

    @server.prompt(title="Greet somebody")
    def greet(name: str, tone: Annotated[str, Complete(["kind", "knowing", "formal"])] = "kind") -> str:
        """Write a greeting."""
        return f"Greet {name} in a {tone} tone."


def build(runtime: str) -> Server:
    """Build the server for a runtime."""
    server = Server("our-server", version="1.2.3", title="Our server", instructions="For interop tests.")
    add_plain_tools(server)
    if runtime == "threads":
        add_blocking_tools(server)
    else:
        add_awaited_tools(server, runtime)
    add_asking_tools(server)
    add_changes(server)
    add_resources_and_prompts(server)
    return server


server = build("asyncio")

if __name__ == "__main__":
    serve(build, sys.argv[1:])
