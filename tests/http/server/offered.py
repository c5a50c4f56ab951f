"""What the servers of these tests offer."""

import attrs

from sansmcp.schema import REVISIONS, Revision
from sansmcp.server import Accepted, Context, Server


@attrs.frozen
class Answer:
    """What the user is asked for."""

    word: str


def served(*, revisions: tuple[Revision, ...] = REVISIONS) -> Server:
    """Return a server with tools of every kind, none of which blocks."""
    server = Server("tested", version="1", revisions=revisions)

    @server.tool(blocks=False)
    def echo(x: str) -> str:
        return x

    @server.tool(blocks=False)
    def talk(times: int = 1, *, ctx: Context) -> str:
        for turn in range(times):
            ctx.info(f"turn {turn}")
        return "told"

    @server.tool(blocks=False)
    def count(times: int = 1, *, ctx: Context) -> str:
        for turn in range(times):
            ctx.progress(turn + 1)
        return "counted"

    @server.tool(blocks=False)
    def asks(*, ctx: Context) -> str:
        match ctx.elicit("word", "Which word?", Answer):
            case Accepted(answer):
                return answer.word
            case _:
                return "none"

    @server.tool(blocks=False)
    def rests(retry: float = 2.5, *, ctx: Context) -> str:
        ctx.info("before")
        ctx.release(retry)
        ctx.info("after")
        return "rested"

    @server.tool(blocks=False)
    def fails() -> str:
        raise ValueError("secret")

    @server.resource("data://watched")
    def watched() -> str:
        return "seen"

    @server.notification("notifications/custom")
    def noticed() -> None:
        pass

    return server
