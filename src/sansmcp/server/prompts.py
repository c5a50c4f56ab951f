"""Prompts: conversations that a server has ready, to be filled in."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from sansmcp import schema
from sansmcp.schema import Revision, SchemaError, codec_for
from sansmcp.schema.inference.records import RecordField
from sansmcp.schema.inference.shapes import NotedShape, field_shape
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.schema.inference.writing import plain
from sansmcp.server.completions import Completer, Source, completers_of, notes_beside, sources_of
from sansmcp.server.content import blocks_of, text_of
from sansmcp.server.context import Context
from sansmcp.server.functions import Handler, handler_of, refuse_bare_context
from sansmcp.server.offer_settings import icons_of
from sansmcp.server.targets import Target
from sansmcp.server.texts import TextsReader
from sansmcp.server.tools import check_name, refused
from sansmcp.session import RequestReceived
from sansmcp.values import JSON, Value

Fill: TypeAlias = Callable[[Mapping[str, str], Context | None], JSON]
"""Binds the arguments and calls the function."""


@attrs.frozen
class Title:
    """Says, in `Annotated`, what people call an argument of a prompt."""

    text: str
    """A few words."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PromptOptions(Value):
    """What a user says of a prompt, beside its function."""

    name: str | None = None
    """Its name for programs; otherwise the function's."""
    title: str | None = None
    """Its name for people."""
    description: str | None = None
    """What it is for; otherwise the function's docstring."""
    icons: tuple[schema.Icon, ...] = attrs.field(default=(), converter=icons_of)
    """Pictures that stand for it."""
    meta: Mapping[str, JSON] | None = None
    """What travels beside it in lists."""
    completers: Mapping[str, Source | Completer] = attrs.field(default=None, converter=sources_of)
    """What proposes values for the arguments."""
    blocks: bool = True
    """Whether a `def` may block."""
    vocabulary: Vocabulary = attrs.field(default=PLAIN, repr=False)
    """What is known of types beside what annotations say."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PromptTarget(Target):
    """One prompt."""

    definition: schema.Prompt
    """What lists show."""
    fill: Fill
    """Binds the arguments and calls the function."""
    arguments: tuple[str, ...]
    """The names of the arguments."""
    completers: Mapping[str, Completer]
    """What proposes values for them."""

    def call(self, event: RequestReceived, context: Context | None, /) -> JSON:
        """Bind the arguments and call the function."""
        return self.fill(event.params.arguments or {}, context)

    def answer(self, value: JSON, _event: RequestReceived, /) -> JSON:
        """Return what the prompt says."""
        if isinstance(value, schema.GetPromptResult):
            return value
        return schema.GetPromptResult(description=self.definition.description, messages=messages_of(value))


def prompt_of(
    function: Callable[..., JSON], options: PromptOptions, revisions: tuple[Revision, ...]
) -> PromptTarget:
    """Make a prompt of a function.

    Args:
        function: returns a text, a block, a message, or a list of such; or the result itself.
        options: what the user says of it.
        revisions: in which revisions lists must be able to show it.

    Raises:
        LocalProtocolError: its name or a type cannot be said.
    """
    handler = handler_of(function, blocks=options.blocks, vocabulary=options.vocabulary)
    refuse_bare_context(handler)
    name = options.name or handler.name
    definition = schema.Prompt(
        name=name,
        title=options.title,
        description=options.description or handler.description,
        icons=options.icons or None,
        arguments=tuple(_argument(field) for field in handler.fields) or None,
        meta=options.meta,
    )
    check_name(name)
    for revision in revisions:
        codec_for(revision).unstructure(definition)
    return PromptTarget(
        name=name,
        is_async=handler.is_async,
        blocks=handler.blocks,
        wants_context=handler.wants_context,
        vocabulary=options.vocabulary,
        definition=definition,
        fill=_filler(handler),
        arguments=tuple(field.name for field in handler.fields),
        completers=completers_of(name, handler, options.completers),
    )


def messages_of(value: JSON) -> tuple[schema.PromptMessage, ...]:
    """Return what a prompt's function returned as messages.

    Texts and blocks are said by the user, and so is any other value, as JSON.

    Raises:
        LocalProtocolError: JSON has nothing for it.
    """
    if isinstance(value, schema.PromptMessage):
        return (value,)
    if isinstance(value, list | tuple) and any(isinstance(item, schema.PromptMessage) for item in value):
        return tuple(message for item in value for message in messages_of(item))
    blocks = blocks_of(value)
    if blocks is None:
        is_list_of_texts = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        texts = value if is_list_of_texts else [text_of(plain(value))]
        blocks = tuple(schema.TextContent(text=text) for text in texts)
    return tuple(schema.PromptMessage(role="user", content=block) for block in blocks)


def _argument(field: RecordField) -> schema.PromptArgument:
    shape = field_shape(field)
    description = shape.description if isinstance(shape, NotedShape) else None
    return schema.PromptArgument(
        name=field.name,
        title=next((note.text for note in notes_beside(field.annotation) if isinstance(note, Title)), None),
        description=description,
        required=field.required,
    )


def _filler(handler: Handler) -> Fill:
    reader = TextsReader(handler.fields)

    def fill(arguments: Mapping[str, str], context: Context | None) -> JSON:
        try:
            bound = reader.read(arguments)
        except SchemaError as error:
            raise refused(error) from error
        return handler.invoke(bound, context)

    return fill
