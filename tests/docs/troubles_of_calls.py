"""Troubles in calls and in handlers; see `troubles`."""

import asyncio
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.docs.troubles import (
    ANSWERS,
    LEGACY,
    logged,
    of_call,
    of_program,
    program,
    raised,
    sums,
    trouble,
)

from sansmcp import Accepted, Context, RpcError, Server
from sansmcp.client import accept
from sansmcp_threads import connect

# Calling


@trouble("There is no such tool")
def _() -> str:
    return of_call(sums(), "sub")


@trouble("Wrong arguments")
def _() -> list[str]:
    return [
        of_call(sums(), "add", {"a": "one", "b": 2}),
        of_call(sums(), "add", {"a": "one", "b": 2}, revisions=[LEGACY]),
        of_call(sums(), "add", {"a": 1}),
        of_call(sums(), "add", {"a": 1, "b": 2, "c": 3}),
    ]


@trouble("The server does not have that")
def _() -> str:
    with connect(sums()) as client:
        return raised(lambda: client.read_resource("notes://today"))


@trouble("The revision does not have that")
def _() -> str:
    with connect(sums()) as client:
        return raised(client.ping)


@trouble("No answer in time")
def _() -> str:
    server = sums()

    @server.tool
    def wait(ctx: Context) -> None:
        """Wait until nobody does."""
        while not ctx.cancelled:
            threading.Event().wait(0.01)

    with connect(server) as client:
        return raised(lambda: client.call_tool("wait", timeout=0.05))


@trouble("The connection ended while a call was in flight")
def _() -> str:
    return of_program(
        f"{ANSWERS}    else: raise SystemExit(1)",
        lambda client: client.call_tool("add"),
        stderr=subprocess.DEVNULL,
    )


@trouble("The client is closed")
def _() -> str:
    client = connect(sums())
    client.close()
    return raised(lambda: client.call_tool("add", {"a": 1, "b": 2}))


@trouble("The result is not what it promised")
def _() -> list[str]:
    source = f'{ANSWERS}    else: answer({{"structuredContent": {{}}, "content": []}})'
    with connect(sums()) as client:
        return [
            of_program(source, lambda other: other.call_tool("add")),
            raised(lambda: client.call_tool("add", {"a": 1, "b": 2}, result_type=str)),
        ]


@trouble("A tool that was called for a value failed")
def _() -> str:
    with connect(sums()) as client:
        return raised(lambda: client.call_tool("add", {"a": 1}, result_type=int))


@trouble("A result that cannot be read")
def _() -> str:
    source = f'{ANSWERS}    else: answer({{"content": [{{"type": "picture"}}]}})'
    with logged() as log, program(source) as place, connect(["python", "server.py"], **place) as client:
        assert client.call_tool("draw").content == ()
        return log.next()


@trouble("A listener cannot wait for its own client")
def _() -> str:
    server, heard = sums(), []

    @server.tool
    def work(ctx: Context) -> None:
        """Work."""
        ctx.progress(1)

    with connect(server) as client:
        client.call_tool("work", on_progress=lambda _: heard.append(raised(lambda: client.call_tool("add"))))
    return heard


@trouble("The client cannot be asked")
def _() -> list[str]:
    server = asking(lambda ctx: ctx.elicit("name", "Who are you?", str))
    return [of_call(server, "ask"), of_call(server, "ask", revisions=[LEGACY])]


# Handlers


def asking(work: Callable[[Context], object]) -> Server:
    """Return a server whose one tool does something with its context."""
    server = Server("asks", version="1.0")

    @server.tool
    def ask(ctx: Context) -> str:
        """Ask."""
        return str(work(ctx))

    return server


def of_handler(work: Callable[[Context], object]) -> list[str]:
    """Return what the client sees of a handler that fails, and the first and last line of the log."""
    return of_tool(asking(work))


def of_tool(server: Server) -> list[str]:
    """Return what the client sees of the tool `ask` that fails, and the first and last line of the log."""
    with logged() as log:
        text = of_call(
            server, "ask", elicitation=lambda _: accept({"value": "Ada"}), async_runner=asyncio.run
        )
        lines = log.next()
    return [text, lines[0], lines[-1]]


@trouble("It failed; the reason stays with the server")
def _() -> list[str]:
    return of_handler(lambda _: {}["key"])


@trouble("Await of what does not wait")
def _() -> list[str]:
    server = Server("asks", version="1.0")

    @server.tool
    async def ask(ctx: Context) -> None:
        said: Any = ctx.info("at work")
        await said

    return of_tool(server)[-1:]


@trouble("The result is not what the handler promised")
def _() -> list[str]:
    async def later() -> int: ...

    waiting = later()
    texts = []
    for value in ("many", waiting):
        server = Server("asks", version="1.0")

        def ask(value: Any = value) -> int:
            result: int = value
            return result

        server.add_tool(ask)
        texts.append(of_tool(server)[-1])
    waiting.close()
    return texts


@trouble("A code that the protocol keeps for itself")
def _() -> list[str]:
    def work(_: Context) -> None:
        raise RpcError(-32055, "no")

    return of_handler(work)[-1:]


@trouble("The handler caught the question")
def _() -> list[str]:
    def work(ctx: Context) -> str:
        try:
            match ctx.elicit("name", "Who are you?", str):
                case Accepted(name):
                    return name
                case _:
                    return ""
        except:  # noqa: E722 - that is the trouble
            return "nobody"

    return of_handler(work)[-1:]


@trouble("Progress must rise")
def _() -> list[str]:
    def work(ctx: Context) -> None:
        ctx.progress(2)
        ctx.progress(1)

    return of_handler(work)[-1:]


@trouble("A question that is never the same")
def _() -> list[str]:
    def work(ctx: Context) -> None:
        ctx.elicit("name", f"It is {time.monotonic()}. Who are you?", str)

    return of_handler(work)[-1:]


@trouble("Two questions under one key")
def _() -> list[str]:
    def work(ctx: Context) -> None:
        ctx.elicit("name", "Who are you?", str)
        ctx.elicit("name", "Who is your sister?", str)

    return of_handler(work)[-1:]
