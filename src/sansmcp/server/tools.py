"""Tools: functions that a model may call."""

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import Revision, SchemaError, codec_for, validator_of
from sansmcp.schema.inference.json_schemas import object_schema
from sansmcp.schema.inference.reading import ObjectReader
from sansmcp.server.context import Context
from sansmcp.server.functions import Handler, handler_of
from sansmcp.server.results import Results, raw_results, results_of
from sansmcp.server.targets import ArgumentsRefusedError, Target
from sansmcp.session import RequestReceived
from sansmcp.values import JSON, Value

# 2025-11-25, Tools, Tool Names: what a name should be; other names are allowed.
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolOptions(Value):
    """What a user says of a tool, beside its function."""

    name: str | None = None
    """Its name for programs; otherwise the function's."""
    title: str | None = None
    """Its name for people."""
    description: str | None = None
    """What it does, for the model; otherwise the function's docstring."""
    icons: tuple[schema.Icon, ...] = ()
    """Pictures that stand for it."""
    annotations: schema.ToolAnnotations | None = None
    """Hints about what it does."""
    input_schema: Mapping[str, JSON] | None = None
    """The schema of its arguments; the function then takes them as one mapping, as they were parsed."""
    output_schema: Mapping[str, JSON] | None = None
    """The schema of its structured results."""
    meta: Mapping[str, JSON] | None = None
    """What travels beside it in lists."""
    blocks: bool = True
    """Whether a `def` may block."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolTarget(Target):
    """One tool."""

    definition: schema.Tool
    """What lists show."""
    run: Callable[[Mapping[str, JSON], Context | None], JSON]
    """Binds the arguments and calls the function."""
    results: Results
    """Makes the result from what it returned."""

    def call(self, event: RequestReceived, context: Context | None, /) -> JSON:
        """Bind the arguments and call the function."""
        return self.run(event.params.arguments or {}, context)

    def answer(self, value: JSON, event: RequestReceived, /) -> JSON:
        """Return the result of the tool."""
        return self.results(value, event.revision)

    def error_answer(self, text: str, /) -> schema.CallToolResult | None:
        """Return a result that tells a model what went wrong."""
        return schema.CallToolResult(content=(schema.TextContent(text=text),), is_error=True)


def tool_of(
    function: Callable[..., JSON], options: ToolOptions, revisions: tuple[Revision, ...]
) -> ToolTarget:
    """Make a tool of a function.

    Args:
        function: what it does.
        options: what the user says of it.
        revisions: in which revisions lists must be able to show it.

    Raises:
        LocalProtocolError: its name or a type cannot be said, or a schema is none.
    """
    handler = handler_of(function, blocks=options.blocks)
    name = options.name or handler.name
    if options.input_schema is None:
        input_schema, run = object_schema(handler.fields), _typed(handler)
    else:
        run, input_schema = _raw(handler, options.input_schema), dict(options.input_schema)
    if options.output_schema is None:
        output_schema, results = results_of(handler.returns)
    else:
        results, output_schema = raw_results(options.output_schema), dict(options.output_schema)
    definition = schema.Tool(
        name=name,
        title=options.title,
        description=options.description or handler.description,
        icons=options.icons or None,
        input_schema=input_schema,
        output_schema=output_schema,
        annotations=options.annotations,
        meta=options.meta,
    )
    check_name(name)
    for revision in revisions:
        # Now, where the author sees it, and not when a client asks for the list.
        codec_for(revision).unstructure(definition)
    return ToolTarget(
        name=name,
        is_async=handler.is_async,
        blocks=handler.blocks,
        wants_context=handler.wants_context,
        definition=definition,
        run=run,
        results=results,
    )


def check_name(name: str) -> None:
    """Warn of a name that some clients will not take, and refuse the one that no function should have."""
    if name == "<lambda>":
        raise LocalProtocolError("a lambda has no name; give name=")
    if _NAME.fullmatch(name) is None:
        warnings.warn(
            f"the name {name!r:.80} is not 1 to 128 of A-Z, a-z, 0-9, '_', '.', '-'; some clients refuse it",
            stacklevel=5,
        )


def _typed(handler: Handler) -> Callable[[Mapping[str, JSON], Context | None], JSON]:
    """Return what gives a function its arguments by name."""
    read = ObjectReader(handler.fields).read

    def run(arguments: Mapping[str, JSON], context: Context | None) -> JSON:
        try:
            bound = read(arguments)
        except SchemaError as error:
            raise refused(error) from error
        return handler.invoke(bound, context)

    return run


def _raw(
    handler: Handler, input_schema: Mapping[str, JSON]
) -> Callable[[Mapping[str, JSON], Context | None], JSON]:
    """Return what gives a function its arguments as one mapping."""
    if len(handler.fields) != 1:
        found = ", ".join(field.name for field in handler.fields) or "none"
        raise LocalProtocolError(
            f"{handler.name}: with input_schema= a function takes one parameter for all arguments, "
            f"and a Context if it likes; found {found}"
        )
    (field,) = handler.fields
    validator = validator_of(input_schema)

    def run(arguments: Mapping[str, JSON], context: Context | None) -> JSON:
        try:
            validator.validate(arguments)
        except SchemaError as error:
            raise refused(error) from error
        return handler.invoke({field.name: arguments}, context)

    return run


def refused(error: SchemaError) -> ArgumentsRefusedError:
    """Say which argument does not fit."""
    error.under("arguments")
    return ArgumentsRefusedError(str(error))
