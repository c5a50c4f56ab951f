"""Resource templates: families of resources, whose functions take what their URIs say."""

from collections.abc import Callable, Mapping
from functools import partial

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import Revision, SchemaError, UriTemplate, codec_for
from sansmcp.schema.inference.shapes import field_shape
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.schema.uri_templates import Expression
from sansmcp.server.caching import NOT_KEPT, CacheHint
from sansmcp.server.completions import Completer, Source, completers_of, sources_of
from sansmcp.server.context import Context
from sansmcp.server.functions import Handler, handler_of
from sansmcp.server.offer_settings import icons_of
from sansmcp.server.resources import read_result
from sansmcp.server.targets import Target
from sansmcp.server.texts import TextsReader, is_list
from sansmcp.server.uri_matching import UriMatcher
from sansmcp.session import RequestReceived
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TemplateOptions(Value):
    """What a user says of a resource template, beside the template and its function."""

    name: str | None = None
    """Its name for programs; otherwise the function's."""
    title: str | None = None
    """Its name for people."""
    description: str | None = None
    """What the resources hold; otherwise the function's docstring."""
    mime_type: str | None = None
    """Their media type."""
    icons: tuple[schema.Icon, ...] = attrs.field(default=(), converter=icons_of)
    """Pictures that stand for them."""
    annotations: schema.Annotations | None = None
    """Hints about how to use them."""
    meta: Mapping[str, JSON] | None = None
    """What travels beside it in lists."""
    cache: CacheHint | None = None
    """How long contents may be kept; otherwise as the server says."""
    guards_paths: bool = True
    """Whether URIs are refused whose values lead elsewhere as paths."""
    completers: Mapping[str, Source | Completer] = attrs.field(default=None, converter=sources_of)
    """What proposes values for the variables."""
    blocks: bool = True
    """Whether a `def` may block."""
    default_cache: CacheHint = NOT_KEPT
    """What the server says of it."""
    vocabulary: Vocabulary = attrs.field(default=PLAIN, repr=False)
    """What is known of types beside what annotations say."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FilledTemplate(Target):
    """One resource of a template: what its URI says is bound."""

    read: Callable[[Context | None], JSON]
    """Calls the function."""
    mime_type: str | None
    """Its media type."""
    cache: CacheHint
    """How long its contents may be kept."""

    def call(self, _event: RequestReceived, context: Context | None, /) -> JSON:
        """Call the function."""
        return self.read(context)

    def answer(self, value: JSON, _event: RequestReceived, /) -> JSON:
        """Return the contents of the resource."""
        return read_result(self.name, value, self.mime_type, self.cache)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TemplateTarget(Target):
    """One resource template."""

    definition: schema.ResourceTemplate
    """What lists show."""
    handler: Handler
    """The function."""
    matcher: UriMatcher
    """Finds the values of the variables."""
    reader: TextsReader
    """Makes arguments of them."""
    lists: frozenset[str]
    """The parameters that must be given a list, which is empty where the URI has none."""
    completers: Mapping[str, Completer]
    """What proposes values for the variables."""
    cache: CacheHint
    """How long contents may be kept."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the variables."""
        return tuple(field.name for field in self.handler.fields)

    def filled(self, uri: str) -> FilledTemplate | None:
        """Return the resource of a URI, or None if it is none of this template's."""
        values = self.matcher.match(uri)
        if values is None:
            return None
        try:
            arguments = self.reader.read({**{name: [] for name in self.lists}, **values})
        except SchemaError:
            # 2026-07-28, Resources, Error Handling: what is not there is not found, whatever it lacks.
            return None
        return FilledTemplate(
            name=uri,
            is_async=self.is_async,
            blocks=self.blocks,
            wants_context=self.wants_context,
            vocabulary=self.vocabulary,
            read=partial(self.handler.invoke, arguments),
            mime_type=self.definition.mime_type,
            cache=self.cache,
        )

    def call(self, _event: RequestReceived, _context: Context | None, /) -> JSON:
        """Never called: a request is for one resource."""
        raise AssertionError("unreachable: a template is filled first")

    def answer(self, _value: JSON, _event: RequestReceived, /) -> JSON:
        """Never called: a request is for one resource."""
        raise AssertionError("unreachable: a template is filled first")


def template_of(
    text: str, function: Callable[..., JSON], options: TemplateOptions, revisions: tuple[Revision, ...]
) -> TemplateTarget:
    """Make a resource template of a function.

    Args:
        text: the template (RFC 6570).
        function: takes the variables, and returns what a resource holds.
        options: what the user says of it.
        revisions: in which revisions lists must be able to show it.

    Raises:
        LocalProtocolError: it is no template, some URI could be read in two ways, or the variables are not
            the function's parameters.
    """
    template = UriTemplate(text)
    if ":" not in text.partition("{")[0]:
        raise LocalProtocolError(
            f"template {text!r:.80}: expected a scheme before the first variable, such as 'notes://{{id}}'"
        )
    handler = handler_of(function, blocks=options.blocks, vocabulary=options.vocabulary)
    _check_names(template, handler)
    lists = frozenset(field.name for field in handler.fields if is_list(field_shape(field)))
    _check_explosions(template, handler, lists)
    definition = schema.ResourceTemplate(
        uri_template=text,
        name=options.name or handler.name,
        title=options.title,
        description=options.description or handler.description,
        mime_type=options.mime_type,
        icons=options.icons or None,
        annotations=options.annotations,
        meta=options.meta,
    )
    for revision in revisions:
        codec_for(revision).unstructure(definition)
    return TemplateTarget(
        name=text,
        is_async=handler.is_async,
        blocks=handler.blocks,
        wants_context=handler.wants_context,
        vocabulary=options.vocabulary,
        definition=definition,
        handler=handler,
        matcher=UriMatcher(template, lists=lists, guards_paths=options.guards_paths),
        reader=TextsReader(handler.fields),
        lists=frozenset(field.name for field in handler.fields if field.required and field.name in lists),
        completers=completers_of(text, handler, options.completers),
        cache=options.cache or options.default_cache,
    )


def _check_names(template: UriTemplate, handler: Handler) -> None:
    parameters = {field.name: field.required for field in handler.fields}
    unknown = [name for name in template.variables if name not in parameters]
    if unknown:
        raise LocalProtocolError(
            f"template {template.text!r:.80}: {handler.name} has no parameter {unknown[0]}; "
            f"expected one for each variable, found {', '.join(parameters) or 'none'}"
        )
    missing = [name for name, needed in parameters.items() if needed and name not in template.variables]
    if missing:
        raise LocalProtocolError(
            f"template {template.text!r:.80}: nothing gives {handler.name} its {', '.join(missing)}; "
            "name each parameter in the template, or give it a default"
        )


def _check_explosions(template: UriTemplate, handler: Handler, lists: frozenset[str]) -> None:
    for part in template.parts:
        for variable in part.variables if isinstance(part, Expression) else ():
            if variable.explodes and variable.name not in lists:
                raise LocalProtocolError(
                    f"template {template.text!r:.80}: {variable.name} is written with '*', so it is a list; "
                    f"expected {handler.name} to take one, such as list[str]"
                )
