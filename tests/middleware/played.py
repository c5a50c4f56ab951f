"""Both ends on a virtual clock, with the middleware between that is ready to use."""

from tests.middleware import taped

from sansmcp import (
    Context,
    Server,
    ToolError,
)
from sansmcp.testing import Pause, connect


class Played:
    """A server that counts, with middleware, and a client of it in one revision."""

    def __init__(self, *layers, sent=(), **settings):
        self.runs = 0
        self.server = Server("test", version="1", middleware=layers, sending_middleware=sent)
        self.server.add_notification("notifications/acme/told", lambda: None)

        @self.server.tool
        def count(size: int = 0) -> str:
            self.runs += 1
            return f"{self.runs}" + "x" * size

        @self.server.tool
        def fail(kind: str = "") -> str:
            self.runs += 1
            if kind == "tool":
                raise ToolError("shown")
            raise ValueError("secret")

        @self.server.tool
        async def slow(seconds: float) -> str:
            self.runs += 1
            await Pause(seconds)
            return "slow"

        @self.server.tool
        def ask(ctx: Context) -> str:
            self.runs += 1
            return taped.ask(ctx)

        @self.server.resource("count://resource")
        def resource() -> str:
            self.runs += 1
            return str(self.runs)

        settings.setdefault("validate", "off")
        settings.setdefault("cache", None)
        self.settings = settings

    def connect(self, **settings):
        return connect(self.server, **{**self.settings, **settings})
