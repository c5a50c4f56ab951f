"""Tools: functions that a model may call."""

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError, NameWarning
from sansmcp.schema import Revision, SchemaError, codec_for, validator_of
from sansmcp.schema.header_parameters import Path, header_parameters
from sansmcp.schema.inference.plans import DEFAULT, EditSchema, Inference, input_plan
from sansmcp.schema.inlining import inlined
from sansmcp.schema.mismatch import show
from sansmcp.server.context import Context
from sansmcp.server.functions import Handler, handler_of, refuse_bare_context
from sansmcp.server.offer_settings import icons_of
from sansmcp.server.results import Results, raw_results, results_of
from sansmcp.server.targets import ArgumentsRefusedError, Target
from sansmcp.session import RequestReceived
from sansmcp.values import JSON, Value

Run: TypeAlias = Callable[[Mapping[str, JSON], Context | None], JSON]
"""Binds the arguments of a call and calls the function."""

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
    icons: tuple[schema.Icon, ...] = attrs.field(default=(), converter=icons_of)
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
    edit_schema: EditSchema | None = None
    """Changes the schemas that are made of types, after the server's own function has."""
    validate_input: bool = True
    """Whether arguments are checked."""
    validate_output: bool = True
    """Whether results are checked."""
    inference: Inference = attrs.field(default=DEFAULT, repr=False)
    """How the server makes schemas of types."""

    def inferring(self) -> Inference:
        """Return how schemas are made of the types of this tool."""
        if self.edit_schema is None:
            return self.inference
        return attrs.evolve(self.inference, edits=(*self.inference.edits, self.edit_schema))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolTarget(Target):
    """One tool."""

    definition: schema.Tool
    """What lists show."""
    run: Run
    """Binds the arguments and calls the function."""
    results: Results
    """Makes the result from what it returned."""
    mirrored: Mapping[str, Path] = attrs.field(factory=dict, repr=False)
    """Which arguments clients repeat in headers over HTTP, and the way to each."""

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
    inference = options.inferring()
    handler = handler_of(function, blocks=options.blocks, vocabulary=inference.vocabulary)
    name = options.name or handler.name
    input_schema, run = _input(handler, options, inference)
    output_schema, results = _output(handler, options, inference)
    mirrored = header_parameters(input_schema)
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
        vocabulary=inference.vocabulary,
        definition=definition,
        run=run,
        results=results,
        mirrored=mirrored,
    )


def check_name(name: str) -> None:
    """Warn of a name that some clients will not take, and refuse the one that no function should have."""
    if name == "<lambda>":
        raise LocalProtocolError("a lambda has no name; give name=")
    if _NAME.fullmatch(name) is None:
        warnings.warn(
            f"the name {name!r:.80} is not 1 to 128 of A-Z, a-z, 0-9, '_', '.', '-'; some clients refuse it",
            NameWarning,
            stacklevel=5,
        )


def _input(handler: Handler, options: ToolOptions, inference: Inference) -> tuple[dict[str, JSON], Run]:
    """Return the schema of the arguments, and what binds them and calls the function."""
    if options.input_schema is not None:
        given: JSON = options.input_schema
        if not isinstance(given, Mapping) or given.get("type") != "object":
            found = given.get("type") if isinstance(given, Mapping) else given
            raise LocalProtocolError(
                f"{handler.name}: input_schema: expected the type 'object' at its root, found {show(found)}"
            )
        run = _raw(handler, options, options.input_schema)
        return _shown(options.input_schema, inference), run
    refuse_bare_context(handler)
    try:
        plan = input_plan(handler.fields, inference, validates=options.validate_input)
    except LocalProtocolError as error:
        raise LocalProtocolError(f"{handler.name}, its arguments: {error}") from error
    return dict(plan.schema), _typed(handler, plan.read)


def _output(
    handler: Handler, options: ToolOptions, inference: Inference
) -> tuple[dict[str, JSON] | None, Results]:
    """Return the schema of the results, if they have one, and what makes them."""
    if options.output_schema is None:
        try:
            return results_of(handler.returns, inference, validates=options.validate_output)
        except LocalProtocolError as error:
            raise LocalProtocolError(f"{handler.name}, what it returns: {error}") from error
    results = raw_results(options.output_schema, inference, validates=options.validate_output)
    return _shown(options.output_schema, inference), results


def _shown(given: Mapping[str, JSON], inference: Inference) -> dict[str, JSON]:
    """Return a schema that was given by hand as lists show it."""
    return inlined(given, inference.vocabulary.limits) if inference.inline_refs else dict(given)


def _typed(handler: Handler, read: Callable[[Mapping[str, JSON]], dict[str, JSON]]) -> Run:
    """Return what gives a function its arguments by name."""

    def run(arguments: Mapping[str, JSON], context: Context | None) -> JSON:
        try:
            bound = read(arguments)
        except SchemaError as error:
            raise refused(error) from error
        return handler.invoke(bound, context)

    return run


def _raw(handler: Handler, options: ToolOptions, input_schema: Mapping[str, JSON]) -> Run:
    """Return what gives a function its arguments as one mapping."""
    if len(handler.fields) != 1:
        found = ", ".join(field.name for field in handler.fields) or "none"
        raise LocalProtocolError(
            f"{handler.name}: with input_schema= a function takes one parameter for all arguments, "
            f"and a Context if it likes; found {found}"
        )
    (field,) = handler.fields
    validator = validator_of(input_schema, limits=options.inference.vocabulary.limits)
    validates = options.validate_input

    def run(arguments: Mapping[str, JSON], context: Context | None) -> JSON:
        try:
            if validates:
                validator.validate(arguments)
        except SchemaError as error:
            raise refused(error) from error
        return handler.invoke({field.name: arguments}, context)

    return run


def refused(error: SchemaError) -> ArgumentsRefusedError:
    """Say which argument does not fit."""
    error.under("arguments")
    return ArgumentsRefusedError(str(error))
