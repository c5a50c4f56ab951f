"""How functions become tools."""

from collections.abc import Callable, Mapping
from typing import TypeVar, Unpack, overload

from sansmcp.errors import refuse_unknown
from sansmcp.server.handles import Handles, ToolHandle
from sansmcp.server.offer_settings import ToolSettings
from sansmcp.server.offering import Offering
from sansmcp.server.offers import tool_offer
from sansmcp.server.tools import ToolOptions

F = TypeVar("F", bound=Callable[..., object])


class ToolRegistrations(Offering):
    """The part of a `Server` that is told of tools."""

    @property
    def tools(self) -> Mapping[str, ToolHandle]:
        """The handles of the tools by name, in order; it is always as it is now."""
        return Handles(self._ledger, "tools", ToolHandle)

    @overload
    def tool(self, function: F, /) -> F: ...
    @overload
    def tool(self, function: None = None, /, **settings: Unpack[ToolSettings]) -> Callable[[F], F]: ...
    def tool(self, function: F | None = None, /, **settings: Unpack[ToolSettings]) -> F | Callable[[F], F]:
        """Register a function as a tool, as a decorator with or without arguments; see `add_tool`."""

        def register(function: F) -> F:
            self.add_tool(function, **settings)
            return function

        return register if function is None else register(function)

    def add_tool(self, function: Callable[..., object], **settings: Unpack[ToolSettings]) -> ToolHandle:
        """Register a function as a tool.

        Its parameters are the arguments and their annotations the input schema; a parameter of the type
        `Context` takes the request. Its return annotation is the output schema, where it is data.

        Args:
            function: a `def` or an `async def`.
            settings: what else is said of it; see `ToolSettings`.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: there is no such setting, the name is taken, a type cannot be said in JSON, or
                a schema is none.
        """
        refuse_unknown("add_tool", settings, ToolSettings.__annotations__)
        options = ToolOptions(**settings, inference=self._inference)
        offer = tool_offer(function, options, self._ledger.revisions)
        return ToolHandle(self._ledger, "tools", self._ledger.add("tools", offer))
