"""How functions become tools."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, overload

from sansmcp import schema
from sansmcp.schema.inference.plans import EditSchema
from sansmcp.server.handles import Handles, ToolHandle
from sansmcp.server.offering import Offering
from sansmcp.server.offers import tool_offer
from sansmcp.server.tools import ToolOptions
from sansmcp.values import JSON

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
    def tool(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[schema.Icon] = (),
        annotations: schema.ToolAnnotations | None = None,
        input_schema: Mapping[str, JSON] | None = None,
        output_schema: Mapping[str, JSON] | None = None,
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
        edit_schema: EditSchema | None = None,
        validate_input: bool = True,
        validate_output: bool = True,
    ) -> Callable[[F], F]: ...
    def tool(
        self,
        function: F | None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[schema.Icon] = (),
        annotations: schema.ToolAnnotations | None = None,
        input_schema: Mapping[str, JSON] | None = None,
        output_schema: Mapping[str, JSON] | None = None,
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
        edit_schema: EditSchema | None = None,
        validate_input: bool = True,
        validate_output: bool = True,
    ) -> F | Callable[[F], F]:
        """Register a function as a tool, as a decorator with or without arguments; see `add_tool`."""

        def register(function: F) -> F:
            self.add_tool(
                function,
                name=name,
                title=title,
                description=description,
                icons=icons,
                annotations=annotations,
                input_schema=input_schema,
                output_schema=output_schema,
                meta=meta,
                blocks=blocks,
                edit_schema=edit_schema,
                validate_input=validate_input,
                validate_output=validate_output,
            )
            return function

        return register if function is None else register(function)

    def add_tool(
        self,
        function: Callable[..., object],
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[schema.Icon] = (),
        annotations: schema.ToolAnnotations | None = None,
        input_schema: Mapping[str, JSON] | None = None,
        output_schema: Mapping[str, JSON] | None = None,
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
        edit_schema: EditSchema | None = None,
        validate_input: bool = True,
        validate_output: bool = True,
    ) -> ToolHandle:
        """Register a function as a tool.

        Its parameters are the arguments and their annotations the input schema; a parameter of the type
        `Context` takes the request. Its return annotation is the output schema, where it is data.

        Args:
            function: a `def` or an `async def`.
            name: its name for programs; by default the function's.
            title: its name for people.
            description: what it does, for the model; by default the function's docstring.
            icons: pictures that stand for it.
            annotations: hints about what it does.
            input_schema: the JSON Schema of its arguments, in place of annotations; the function then
                takes them in one parameter, as they were parsed.
            output_schema: the JSON Schema of what it returns, in place of the return annotation.
            meta: what travels beside it in lists.
            blocks: whether a `def` may block; one that never does is spared the way to a thread.
            edit_schema: returns what is used in place of a schema that was made of types, which it may
                change; it is told whether that is for "input" or "output". Values must fit both.
            validate_input: whether arguments are checked; else they reach the function as they were parsed.
            validate_output: whether what it returns is checked; else all that JSON can say is sent.

        Returns:
            What changes and removes it.

        Raises:
            LocalProtocolError: the name is taken, a type cannot be said in JSON, or a schema is none.
        """
        options = ToolOptions(
            name=name,
            title=title,
            description=description,
            icons=tuple(icons),
            annotations=annotations,
            input_schema=input_schema,
            output_schema=output_schema,
            meta=meta,
            blocks=blocks,
            edit_schema=edit_schema,
            validate_input=validate_input,
            validate_output=validate_output,
            inference=self._inference,
        )
        offer = tool_offer(function, options, self._ledger.revisions)
        return ToolHandle(self._ledger, "tools", self._ledger.add("tools", offer))
