"""Resources: texts and bytes under URIs."""

from collections.abc import Callable, Mapping

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.schema import Revision, SchemaError, codec_for
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.schema.inference.writing import plain
from sansmcp.server.caching import NOT_KEPT, CacheHint
from sansmcp.server.content import contents_of, text_of
from sansmcp.server.context import Context
from sansmcp.server.functions import handler_of
from sansmcp.server.offer_settings import icons_of
from sansmcp.server.targets import Target
from sansmcp.session import RequestReceived
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourceOptions(Value):
    """What a user says of a resource, beside its URI and its function or value."""

    name: str | None = None
    """Its name for programs; otherwise the function's, or the URI."""
    title: str | None = None
    """Its name for people."""
    description: str | None = None
    """What it holds; otherwise the function's docstring."""
    mime_type: str | None = None
    """Its media type."""
    size: int | None = None
    """Its size in bytes; that of a value is known."""
    icons: tuple[schema.Icon, ...] = attrs.field(default=(), converter=icons_of)
    """Pictures that stand for it."""
    annotations: schema.Annotations | None = None
    """Hints about how to use it."""
    meta: Mapping[str, JSON] | None = None
    """What travels beside it in lists."""
    cache: CacheHint | None = None
    """How long its contents may be kept; otherwise as the server says."""
    blocks: bool = True
    """Whether a `def` may block."""
    default_cache: CacheHint = NOT_KEPT
    """What the server says of it."""
    vocabulary: Vocabulary = attrs.field(default=PLAIN, repr=False)
    """What is known of types beside what annotations say."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourceTarget(Target):
    """One resource."""

    definition: schema.Resource
    """What lists show."""
    read: Callable[[Context | None], JSON]
    """Calls the function, or returns the value."""
    cache: CacheHint
    """How long its contents may be kept."""

    def call(self, _event: RequestReceived, context: Context | None, /) -> JSON:
        """Call the function, or return the value."""
        return self.read(context)

    def answer(self, value: JSON, _event: RequestReceived, /) -> JSON:
        """Return the contents of the resource."""
        return read_result(self.definition.uri, value, self.definition.mime_type, self.cache)


def resource_of(
    uri: str,
    source: Callable[..., JSON] | str | bytes,
    options: ResourceOptions,
    revisions: tuple[Revision, ...],
) -> ResourceTarget:
    """Make a resource of a function or a value.

    Args:
        uri: where it is.
        source: the contents, or a function that returns them.
        options: what the user says of it.
        revisions: in which revisions lists must be able to show it.

    Raises:
        LocalProtocolError: the URI has no scheme, or the function takes arguments.
    """
    if "{" in uri or "}" in uri:
        raise LocalProtocolError(
            f"resource {uri!r:.80}: expected an exact URI; braces make a template, for add_resource_template"
        )
    if not uri.partition(":")[0] or ":" not in uri:
        raise LocalProtocolError(
            f"resource {uri!r:.80}: expected a URI with a scheme, such as 'config://app'"
        )
    if isinstance(source, str | bytes):
        value = source
        target = ResourceTarget(
            name=uri,
            definition=_definition(uri, options, uri, None, _size(source)),
            read=lambda _: value,
            cache=options.cache or options.default_cache,
        )
    else:
        target = _of_function(uri, source, options)
    for revision in revisions:
        codec_for(revision).unstructure(target.definition)
    return target


def read_result(uri: str, value: JSON, mime_type: str | None, cache: CacheHint) -> schema.ReadResourceResult:
    """Return what a resource's function returned as a result; one that it made itself stays as it is.

    Raises:
        SchemaError: there are no contents.
        LocalProtocolError: JSON has nothing for it.
    """
    if isinstance(value, schema.ReadResourceResult):
        return value
    contents = resource_contents(uri, value, mime_type)
    return schema.ReadResourceResult(contents=contents, ttl_ms=cache.ttl_ms, cache_scope=cache.scope)


def resource_contents(uri: str, value: JSON, mime_type: str | None) -> tuple[schema.ResourceContents, ...]:
    """Return what a resource's function returned as contents.

    Texts are texts, bytes are base64, contents are themselves, a list of such is several contents, and
    any other value is JSON.

    Raises:
        SchemaError: there are no contents.
        LocalProtocolError: JSON has nothing for it.
    """
    if isinstance(value, schema.TextResourceContents | schema.BlobResourceContents):
        return (value,)
    if isinstance(value, str | bytes):
        return (contents_of(uri, value, mime_type),)
    if isinstance(value, list | tuple) and all(_is_content(item) for item in value):
        if not value:
            # 2026-07-28, Resources, Error Handling: what is not there is an error, never empty contents.
            raise SchemaError("at least one content", value)
        return tuple(content for item in value for content in resource_contents(uri, item, mime_type))
    return (contents_of(uri, text_of(plain(value)), mime_type or "application/json"),)


def _is_content(value: JSON) -> bool:
    return isinstance(value, str | bytes | schema.TextResourceContents | schema.BlobResourceContents)


def _size(value: str | bytes) -> int:
    return len(value.encode() if isinstance(value, str) else value)


def _of_function(uri: str, function: Callable[..., JSON], options: ResourceOptions) -> ResourceTarget:
    handler = handler_of(function, blocks=options.blocks, vocabulary=options.vocabulary)
    required = [field.name for field in handler.fields if field.required]
    if required:
        raise LocalProtocolError(
            f"resource {uri!r:.80}: nothing gives {handler.name} its {', '.join(required)}; "
            "expected a Context or nothing"
        )
    return ResourceTarget(
        name=uri,
        is_async=handler.is_async,
        blocks=handler.blocks,
        wants_context=handler.wants_context,
        vocabulary=options.vocabulary,
        definition=_definition(uri, options, handler.name, handler.description, None),
        read=lambda context: handler.invoke({}, context),
        cache=options.cache or options.default_cache,
    )


def _definition(
    uri: str, options: ResourceOptions, name: str, description: str | None, size: int | None
) -> schema.Resource:
    return schema.Resource(
        uri=uri,
        name=options.name or name,
        title=options.title,
        description=options.description or description,
        mime_type=options.mime_type,
        size=size if options.size is None else options.size,
        icons=options.icons or None,
        annotations=options.annotations,
        meta=options.meta,
    )
