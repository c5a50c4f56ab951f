"""What users may say of what a server offers, when it is registered and when it is changed."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

from sansmcp import schema
from sansmcp.schema.inference.plans import EditSchema
from sansmcp.server.caching import CacheHint
from sansmcp.server.completions import Source
from sansmcp.values import JSON


class OfferSettings(TypedDict, total=False):
    """What may be said of everything that lists show; everything may be left out."""

    name: str | None
    """Its name for programs; by default the function's, or the URI of a value."""
    title: str | None
    """Its name for people."""
    description: str | None
    """What it is for; by default the function's docstring. Of a tool it is for the model."""
    icons: Sequence[schema.Icon]
    """Pictures that stand for it."""
    meta: Mapping[str, JSON] | None
    """What travels beside it in lists."""
    blocks: bool
    """Whether a `def` may block; one that never does is spared the way to a thread."""


class ToolSettings(OfferSettings, total=False):
    """What may be said of a tool, beside its function; everything may be left out."""

    annotations: schema.ToolAnnotations | None
    """Hints about what it does."""
    input_schema: Mapping[str, JSON] | None
    """The JSON Schema of its arguments, in place of annotations; the function then takes them in one
    parameter, as they were parsed."""
    output_schema: Mapping[str, JSON] | None
    """The JSON Schema of what it returns, in place of the return annotation."""
    edit_schema: EditSchema | None
    """Returns what is used in place of a schema that was made of types, which it may change; it is told
    whether that is for "input" or "output". Values must fit both."""
    validate_input: bool
    """Whether arguments are checked; else they reach the function as they were parsed."""
    validate_output: bool
    """Whether what it returns is checked; else all that JSON can say is sent."""


class PromptSettings(OfferSettings, total=False):
    """What may be said of a prompt, beside its function; everything may be left out."""

    completers: Mapping[str, Source] | None
    """What proposes values for arguments, by argument: a function, or texts."""


class ContentsSettings(OfferSettings, total=False):
    """What may be said of all that is read under URIs; everything may be left out."""

    mime_type: str | None
    """The media type."""
    annotations: schema.Annotations | None
    """Hints about how to use it."""
    cache: CacheHint | None
    """How long contents may be kept, and whom they may be shown to; by default what the server says. A
    `ReadResourceResult` of the function's says it itself."""


class ResourceSettings(ContentsSettings, total=False):
    """What may be said of a resource, beside its URI and its contents; everything may be left out."""

    size: int | None
    """Its size in bytes; that of a value is known."""


class ResourceTemplateSettings(ContentsSettings, total=False):
    """What may be said of a resource template, beside its text and function; everything may be left out."""

    guards_paths: bool
    """Whether a URI is not found if one of its values, as a path, leads out of a folder: `..`, absolute
    paths, drives, backslashes, NUL, and what a second decoding makes of a value. True by default."""
    completers: Mapping[str, Source] | None
    """What proposes values for variables, by variable: a function, or texts."""


class ResourceOrTemplateSettings(ResourceSettings, ResourceTemplateSettings, total=False):
    """What may be said of what is read under a URI, or under all URIs of a template."""


class ToolChanges(ToolSettings, total=False):
    """What of a tool can be changed; what is left out stays."""

    function: Callable[..., object]
    """What it calls."""


class PromptChanges(PromptSettings, total=False):
    """What of a prompt can be changed; what is left out stays."""

    function: Callable[..., object]
    """What it calls."""


class ResourceChanges(ResourceSettings, total=False):
    """What of a resource can be changed; what is left out stays."""

    source: Callable[..., object] | str | bytes
    """The contents, or a function that returns them."""


class ResourceTemplateChanges(ResourceTemplateSettings, total=False):
    """What of a resource template can be changed; what is left out stays."""

    function: Callable[..., object]
    """What it calls."""


class MethodChanges(TypedDict, total=False):
    """What of a method of one's own can be changed; what is left out stays."""

    function: Callable[..., object]
    """What it calls."""
    blocks: bool
    """Whether a `def` may block."""


def icons_of(icons: Sequence[schema.Icon]) -> tuple[schema.Icon, ...]:
    """Return the icons that were said, so that nobody changes them."""
    return tuple(icons)
