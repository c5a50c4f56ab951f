"""A server for a client whose middleware is tried."""

from tests.middleware.taped import ask

from sansmcp import (
    Context,
    Server,
)
from sansmcp.session import (
    Severity,
)
from sansmcp.testing import Pause


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

    server.add_tool(ask)

    @server.tool
    def roots(ctx: Context) -> list[str]:
        return [root.uri for root in ctx.roots("roots")]

    return server


def errors(client):
    """Return what the client reports; what the server does is told in the same place."""
    told = [report.text for report in client.reports if report.severity is Severity.ERROR]
    return [text for text in told if not text.startswith("tools/call")]
