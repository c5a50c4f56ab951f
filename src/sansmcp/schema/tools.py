"""What a tool is, and lists of tools."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

import attrs

from sansmcp.schema.base import CacheScope, Cursor, Icon
from sansmcp.schema.members import Check, Meta, Milliseconds, Span, member
from sansmcp.values import JSON, Value


def _is_object_schema(schema: Mapping[str, JSON]) -> bool:
    return schema.get("type") == "object" and type(schema.get("$schema", "")) is str


def _is_plain_object_schema(schema: Mapping[str, JSON]) -> bool:
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    return (
        _is_object_schema(schema)
        and isinstance(properties, Mapping)
        and all(isinstance(value, Mapping) for value in properties.values())
        and isinstance(required, list | tuple)
        and all(type(name) is str for name in required)
    )


ObjectSchema: TypeAlias = Annotated[
    Mapping[str, JSON],
    Check(expected="a JSON Schema with type 'object' at its root", holds=_is_object_schema),
]
"""A JSON Schema for objects."""

PlainObjectSchema: TypeAlias = Annotated[
    Mapping[str, JSON],
    Check(
        expected="a JSON Schema with type 'object' at its root, objects in properties and names in required",
        holds=_is_plain_object_schema,
    ),
]
"""A JSON Schema for objects as the legacy revisions want it: its properties are no booleans."""

OutputSchema: TypeAlias = Annotated[
    Mapping[str, JSON],
    Check(
        expected="a JSON Schema whose $schema is a string",
        holds=lambda schema: type(schema.get("$schema", "")) is str,
    ),
]
"""Any JSON Schema that is an object."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolAnnotations(Value):
    """Hints about what a tool does; never to be believed from a server that is not trusted."""

    SPAN: ClassVar[Span] = Span(since="2025-03-26")

    title: str | None = None
    """Its name for people."""
    read_only_hint: bool | None = None
    """Whether it changes nothing; absent means that it may."""
    destructive_hint: bool | None = None
    """Whether it may destroy something; absent means that it may."""
    idempotent_hint: bool | None = None
    """Whether a second call with the same arguments does nothing more; absent means that it does."""
    open_world_hint: bool | None = None
    """Whether it deals with things outside; absent means that it does."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolExecution(Value):
    """How a tool may be run."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25", until="2025-11-25")

    task_support: Literal["forbidden", "optional", "required"] | None = None
    """Whether it may or must be run as a task; absent means that it must not."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Tool(Value):
    """A tool that a model may call."""

    name: str
    """Its name for programs."""
    title: str | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """Its name for people."""
    description: str | None = None
    """What it does, for the model."""
    icons: tuple[Icon, ...] | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Pictures that stand for it."""
    input_schema: ObjectSchema = attrs.field(metadata=member(before={"2026-07-28": PlainObjectSchema}))
    """The JSON Schema of its arguments."""
    output_schema: OutputSchema | None = attrs.field(
        default=None, metadata=member(since="2025-06-18", before={"2026-07-28": PlainObjectSchema})
    )
    """The JSON Schema of its structured results."""
    annotations: ToolAnnotations | None = attrs.field(default=None, metadata=member(since="2025-03-26"))
    """Hints about what it does."""
    execution: ToolExecution | None = attrs.field(
        default=None, metadata=member(since="2025-11-25", until="2025-11-25")
    )
    """How it may be run."""
    meta: Meta | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What travels beside it."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ListToolsResult(Value):
    """One page of the tools that a server has."""

    tools: tuple[Tool, ...]
    """The tools."""
    next_cursor: Cursor | None = None
    """Where the next page begins; absent on the last."""
    ttl_ms: Milliseconds = attrs.field(
        default=0, metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """How long the page may be kept, in milliseconds."""
    cache_scope: CacheScope = attrs.field(
        default="private", metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """Whom a kept page may be shown to."""
    result_type: str = attrs.field(
        default="complete", metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """How to read the result."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ToolChoice(Value):
    """Whether a model may, must or must not call tools."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    mode: Literal["auto", "required", "none"] | None = None
    """Absent means that the model decides."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
