"""How functions and values become what a server offers: decorators, and the same as calls."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, overload

from sansmcp import schema
from sansmcp.schema import Revision
from sansmcp.server.methods import method_of, notification_of
from sansmcp.server.prompts import PromptOptions, prompt_of
from sansmcp.server.registry import EMPTY, Registry
from sansmcp.server.resources import ResourceOptions, resource_of
from sansmcp.server.tools import ToolOptions, tool_of
from sansmcp.values import JSON

F = TypeVar("F", bound=Callable[..., object])


class Registrations:
    """The half of a `Server` that is told what to offer.

    What is offered is one immutable value that each registration replaces.

    Args:
        revisions: in which revisions it must be possible to say what is registered.
    """

    def __init__(self, revisions: tuple[Revision, ...]) -> None:
        self._revisions = revisions
        self._registry: Registry = EMPTY

    # Tools

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
    ) -> None:
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
        )
        self._registry = self._registry.with_tool(tool_of(function, options, self._revisions))

    # Prompts

    @overload
    def prompt(self, function: F, /) -> F: ...
    @overload
    def prompt(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[schema.Icon] = (),
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
    ) -> Callable[[F], F]: ...
    def prompt(
        self,
        function: F | None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[schema.Icon] = (),
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
    ) -> F | Callable[[F], F]:
        """Register a function as a prompt, as a decorator with or without arguments; see `add_prompt`."""

        def register(function: F) -> F:
            self.add_prompt(
                function,
                name=name,
                title=title,
                description=description,
                icons=icons,
                meta=meta,
                blocks=blocks,
            )
            return function

        return register if function is None else register(function)

    def add_prompt(
        self,
        function: Callable[..., object],
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[schema.Icon] = (),
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
    ) -> None:
        """Register a function as a prompt.

        Its parameters are the arguments, which clients send as texts: one that is annotated as something
        else is read as JSON. It returns a text, a block of content, a `PromptMessage`, a list of such, or
        a `GetPromptResult`.

        Args:
            function: a `def` or an `async def`.
            name: its name for programs; by default the function's.
            title: its name for people.
            description: what it is for; by default the function's docstring.
            icons: pictures that stand for it.
            meta: what travels beside it in lists.
            blocks: whether a `def` may block.

        Raises:
            LocalProtocolError: the name is taken, or a type cannot be said in JSON.
        """
        options = PromptOptions(
            name=name,
            title=title,
            description=description,
            icons=tuple(icons),
            meta=meta,
            blocks=blocks,
        )
        self._registry = self._registry.with_prompt(prompt_of(function, options, self._revisions))

    # Resources

    def resource(
        self,
        uri: str,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        size: int | None = None,
        icons: Sequence[schema.Icon] = (),
        annotations: schema.Annotations | None = None,
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
    ) -> Callable[[F], F]:
        """Register a function as what is read under a URI, as a decorator; see `add_resource`."""

        def register(function: F) -> F:
            self.add_resource(
                uri,
                function,
                name=name,
                title=title,
                description=description,
                mime_type=mime_type,
                size=size,
                icons=icons,
                annotations=annotations,
                meta=meta,
                blocks=blocks,
            )
            return function

        return register

    def add_resource(
        self,
        uri: str,
        source: Callable[..., object] | str | bytes,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        size: int | None = None,
        icons: Sequence[schema.Icon] = (),
        annotations: schema.Annotations | None = None,
        meta: Mapping[str, JSON] | None = None,
        blocks: bool = True,
    ) -> None:
        """Register a value, or a function that returns one, as what is read under a URI.

        A function takes nothing, or a `Context`. It returns text, bytes, contents, a list of such, a
        `ReadResourceResult`, or any other value, which is read as JSON.

        Args:
            uri: where it is, exactly.
            source: the contents, or a function that returns them.
            name: its name for programs; by default the function's, or the URI.
            title: its name for people.
            description: what it holds; by default the function's docstring.
            mime_type: its media type.
            size: its size in bytes; that of a value is known.
            icons: pictures that stand for it.
            annotations: hints about how to use it.
            meta: what travels beside it in lists.
            blocks: whether a `def` may block.

        Raises:
            LocalProtocolError: the URI is taken or has no scheme, or the function takes arguments.
        """
        options = ResourceOptions(
            name=name,
            title=title,
            description=description,
            mime_type=mime_type,
            size=size,
            icons=tuple(icons),
            annotations=annotations,
            meta=meta,
            blocks=blocks,
        )
        self._registry = self._registry.with_resource(resource_of(uri, source, options, self._revisions))

    # Methods of one's own

    def method(self, name: str, *, blocks: bool = True) -> Callable[[F], F]:
        """Register a function as what answers a request of one's own, as a decorator; see `add_method`."""

        def register(function: F) -> F:
            self.add_method(name, function, blocks=blocks)
            return function

        return register

    def add_method(self, name: str, function: Callable[..., object], *, blocks: bool = True) -> None:
        """Register a function as what answers a request that is in no specification.

        Its parameters are the params, and what it returns is an object or nothing. A session knows the
        methods that were there when it was opened.

        Args:
            name: the method, such as `acme/search`.
            function: a `def` or an `async def`.
            blocks: whether a `def` may block.

        Raises:
            LocalProtocolError: the name is taken, here or in the specification, or a type cannot be said.
        """
        self._registry = self._registry.with_method(method_of(name, function, blocks=blocks))

    def notification(self, name: str, *, blocks: bool = True) -> Callable[[F], F]:
        """Register a function for a notification of one's own, as a decorator; see `add_notification`."""

        def register(function: F) -> F:
            self.add_notification(name, function, blocks=blocks)
            return function

        return register

    def add_notification(
        self, name: str, function: Callable[..., object] | None = None, *, blocks: bool = True
    ) -> None:
        """Register a notification that is in no specification, to be sent and to be received.

        Args:
            name: the method, such as `notifications/acme/moved`.
            function: what is called when a client sends it; its parameters are the params.
            blocks: whether a `def` may block.

        Raises:
            LocalProtocolError: the name is taken, here or in the specification, or a type cannot be said.
        """
        target = None if function is None else notification_of(name, function, blocks=blocks)
        self._registry = self._registry.with_notification(name, target)
