"""A client whose middleware writes down what passes."""

import attrs
import pytest

from sansmcp import (
    Accepted,
    Context,
    Server,
)
from sansmcp.schema import REVISIONS
from sansmcp.session import (
    Severity,
)
from sansmcp.testing import Pause

every_revision = pytest.mark.parametrize("revision", REVISIONS)


@attrs.frozen
class Name:
    """Who somebody is."""

    name: str


def served():
    server = Server("test", version="1")
    server.add_notification("notifications/acme/told", lambda: None)

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
    def ask(ctx: Context) -> str:
        match ctx.elicit("name", "Who?", Name):
            case Accepted(value=found):
                return found.name
            case other:
                return type(other).__name__

    @server.tool
    def roots(ctx: Context) -> list[str]:
        return [root.uri for root in ctx.roots("roots")]

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


def errors(client):
    """Return what the client reports; what the server does is told in the same place."""
    told = [report.text for report in client.reports if report.severity is Severity.ERROR]
    return [text for text in told if not text.startswith("tools/call")]
