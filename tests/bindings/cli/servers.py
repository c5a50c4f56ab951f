"""A server for tests of the terminal client; as a program it speaks over standard input and output."""

import os
import sys
import time
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import attrs

from sansmcp import Accepted, Context, Server, ToolError
from sansmcp.schema import ImageContent
from sansmcp.server import Declined, Description, Ge
from sansmcp.session import RequestCancelled, ServerEvent, ServerSession
from sansmcp_threads import serve_stdio, serve_unix

server = Server("fixture", version="1.0", instructions="For tests.")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Order:
    """A question with a field of each kind."""

    name: str
    pieces: Annotated[int, Ge(1), Description("How many pieces?")]
    colour: Colour
    extras: list[Literal["ribbon", "card"]]
    gift: bool = False
    day: date | None = None


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers.

    Nobody sees this second paragraph in a list.
    """
    return a + b


@server.tool
def describe(
    text: str,
    share: float = 0.5,
    loud: bool = False,
    numbers: list[int] | None = None,
    colour: Colour = Colour.RED,
    anything: dict[str, int] | None = None,
) -> str:
    """Say what came."""
    return repr((text, share, loud, numbers, colour.value, anything))


@server.tool
def order(ctx: Context) -> str:
    """Ask for everything."""
    match ctx.elicit("order", "What do you want?", Order):
        case Accepted(value=wanted):
            return repr(attrs.astuple(wanted))
        case Declined():
            raise ToolError("declined")
        case _:
            raise ToolError("cancelled")


@server.tool
def count(ctx: Context) -> str:
    """Report progress and log."""
    for step in (1, 2):
        ctx.progress(step, total=2, message=f"step {step}\x1b[31m")
        # More than one is seen only if each has left before the next comes.
        time.sleep(0.05)
    ctx.info("counted", logger="counter")
    ctx.debug("a detail")
    return "done"


@server.tool
def fail() -> str:
    """Fail."""
    raise ToolError("out of \x1b[31mstock")


@server.tool
def picture() -> ImageContent:
    """Draw."""
    return ImageContent(data="AAECAw==", mime_type="image/png")


@server.tool
def where(ctx: Context) -> str:
    """Tell where the client lets servers work."""
    return " ".join(f"{root.name} {root.uri}" for root in ctx.roots())


@server.tool
def variable(name: str) -> str:
    """Tell a variable of the environment, and the folder."""
    return f"{os.environ.get(name)} {Path.cwd()}"


@server.tool
def wait(ctx: Context) -> str:
    """Wait until the call is given up."""
    ctx.progress(1, message="waiting")
    while not ctx.cancelled:
        time.sleep(0.01)
    return "nobody hears this"


@server.tool
def leave() -> str:
    """End the process in the middle of a call."""
    os._exit(7)


@server.resource("notes://today", mime_type="text/plain")
def notes() -> str:
    """What is to be done today."""
    return "water the plants\n"


@server.resource("notes://plant", mime_type="image/png")
def plant() -> bytes:
    """How they look."""
    return bytes(range(256))


@server.prompt
def praise(plant: str, words: int = 10) -> str:
    """Praise a plant."""
    return f"Praise {plant} in {words} words."


def note(session: ServerSession, event: ServerEvent) -> None:  # noqa: ARG001  # the shape of a listener
    """Leave a file that says why a call was given up."""
    if isinstance(event, RequestCancelled):
        Path(os.environ["GIVEN_UP"]).write_text(event.reason or "")


if __name__ == "__main__":
    if sys.argv[1:]:
        serve_unix(server, sys.argv[1])
    else:
        serve_stdio(server, on_event=note)
