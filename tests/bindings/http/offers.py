"""What the servers of the tests of HTTP offer, on every carrier."""

import logging
import os
import threading

from tests.bindings.servers import Country

from sansmcp import Accepted, Context, ToolError

KEY = b"the key of all of their processes"


def with_offers(server, log_handler):
    """Add what only these tests want."""
    with_tools(server)
    with_what_is_heard(server)
    logging.getLogger("tests.offers").addHandler(log_handler(server))
    server.rotate_state_key(KEY)
    return server


def with_tools(server):
    """Add a note and what is called."""
    meeting = threading.Barrier(2)

    @server.resource("note://one")
    def note() -> str:
        """A note."""
        return "one"

    @server.tool
    def edit() -> str:
        """Change the note."""
        server.resource_updated("note://one")
        return "changed"

    @server.tool
    def who(ctx: Context) -> str:
        """Say whom the client was found to be."""
        return str(ctx.client.principal)

    @server.tool
    def process() -> int:
        """Say which process this is."""
        return os.getpid()

    @server.tool
    def travel(ctx: Context) -> str:
        """Ask twice, and say which processes were asked."""
        first = ctx.once("first", os.getpid)
        places = []
        for key in ("from", "to"):
            match ctx.elicit(key, key, Country):
                case Accepted(value=found):
                    places.append(found.country)
                case _:
                    raise ToolError("nowhere")
        return f"{first} {os.getpid()} {' '.join(places)}"

    @server.tool
    def meet() -> str:
        """Wait for another call of this."""
        meeting.wait(30)
        return "met"

    @server.tool
    def log_by_the_way(ctx: Context) -> str:  # noqa: ARG001  # the bridge finds the request by itself
        """Log as a program does."""
        logging.getLogger("tests.offers").warning("by the way")
        return "logged"


def with_what_is_heard(server):
    """Add a method, and a notification that is remembered."""
    heard = []

    @server.method("tests/shout")
    def shout(text: str) -> dict[str, str]:
        """Answer a method of one's own."""
        return {"said": text.upper()}

    @server.notification("tests/heard")
    def hear(word: str) -> None:
        """Remember what was said, in order."""
        heard.append(word)

    @server.tool
    def what_was_heard() -> list[str]:
        """Say what was heard."""
        return list(heard)
