"""A server whose middleware writes down what passes."""

from functools import partial

import attrs
import pytest

from sansmcp import Accepted, Context, Server
from sansmcp.schema import REVISIONS
from sansmcp.session import (
    Delay,
)
from sansmcp.testing import Pause
from sansmcp.testing import connect as connect_in_memory

every_revision = pytest.mark.parametrize("revision", REVISIONS)
# Clients that check results ask for the list of tools, which is a message more.
connect = partial(connect_in_memory, validate="off")

asking_revisions = pytest.mark.parametrize("revision", [name for name in REVISIONS if name >= "2025-06-18"])


@attrs.frozen
class Name:
    """Who somebody is."""

    name: str


def served(**settings):
    server = Server("test", version="1", **settings)

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    @server.tool
    async def wait(seconds: float, ctx: Context) -> str:
        ctx.log("info", "waiting")
        ctx.progress(1)
        await Pause(seconds)
        return "waited"

    @server.tool
    def fail() -> str:
        raise ValueError("inside")

    @server.tool
    def ask(ctx: Context) -> str:
        match ctx.elicit("name", "Who?", Name):
            case Accepted(value=found):
                return found.name
            case other:
                return type(other).__name__

    return server


def text(result):
    return result.content[0].text


class Taped:
    """Middleware that lets everything pass and remembers it."""

    def __init__(self):
        self.messages = []
        self.outcomes = []

    def __call__(self, message, proceed):
        self.messages.append(message)
        try:
            outcome = yield from proceed(message)
        except BaseException as error:
            self.outcomes.append(error)
            raise
        self.outcomes.append(outcome)
        return outcome

    def kinds(self):
        return [(type(message), message.method) for message in self.messages]


# Cancelling


def stalling(closed, *, first=False):
    def stall(message, proceed):
        try:
            if first:
                yield Delay(60)
            outcome = yield from proceed(message)
            yield Delay(60)
        finally:
            closed.append(message.method)
        return outcome

    return stall
