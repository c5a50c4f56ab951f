"""Elicitation: a server asks the client's user, by a form or by a page on the web."""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

import attrs

from sansmcp.schema.members import Meta, RequestMeta, Span, member
from sansmcp.schema.tasks import TaskMetadata
from sansmcp.values import JSON, Value

ElicitValue: TypeAlias = str | float | bool | tuple[str, ...]
"""The value of one field of a form; several strings only from 2025-11-25 on."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StringSchema(Value):
    """A field of a form that takes text."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    type: ClassVar[Literal["string"]] = "string"
    title: str | None = None
    """Its label."""
    description: str | None = None
    """What to write."""
    min_length: int | None = None
    """The least number of characters."""
    max_length: int | None = None
    """The greatest number of characters."""
    format: Literal["email", "uri", "date", "date-time"] | None = None
    """What kind of text it is."""
    default: str | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """What it holds at first."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NumberSchema(Value):
    """A field of a form that takes a number."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    type: Literal["number", "integer"]
    """Whether fractions are allowed."""
    title: str | None = None
    """Its label."""
    description: str | None = None
    """What to enter."""
    minimum: float | None = None
    """The least value."""
    maximum: float | None = None
    """The greatest value."""
    default: float | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """What it holds at first."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BooleanSchema(Value):
    """A field of a form that takes yes or no."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    type: ClassVar[Literal["boolean"]] = "boolean"
    title: str | None = None
    """Its label."""
    description: str | None = None
    """What the choice is about."""
    default: bool | None = None
    """What it holds at first."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LegacyTitledEnumSchema(Value):
    """A choice of one, with labels beside the values; the only one that 2025-06-18 knows."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    type: ClassVar[Literal["string"]] = "string"
    title: str | None = None
    """Its label."""
    description: str | None = None
    """What the choice is about."""
    enum: tuple[str, ...]
    """The values to choose from."""
    enum_names: tuple[str, ...] | None = None
    """Their labels, in the same order."""
    default: str | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """The value that is chosen at first."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UntitledSingleSelectEnumSchema(Value):
    """A choice of one, without labels."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    type: ClassVar[Literal["string"]] = "string"
    title: str | None = None
    """Its label."""
    description: str | None = None
    """What the choice is about."""
    enum: tuple[str, ...]
    """The values to choose from."""
    default: str | None = None
    """The value that is chosen at first."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EnumOption(Value):
    """A value to choose, with its label."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    const: str
    """The value."""
    title: str
    """Its label."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TitledSingleSelectEnumSchema(Value):
    """A choice of one, with labels."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    type: ClassVar[Literal["string"]] = "string"
    title: str | None = None
    """Its label."""
    description: str | None = None
    """What the choice is about."""
    one_of: tuple[EnumOption, ...]
    """The values to choose from."""
    default: str | None = None
    """The value that is chosen at first."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UntitledEnumItems(Value):
    """What a choice of several is made from, without labels."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    type: ClassVar[Literal["string"]] = "string"
    enum: tuple[str, ...]
    """The values to choose from."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UntitledMultiSelectEnumSchema(Value):
    """A choice of several, without labels."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    type: ClassVar[Literal["array"]] = "array"
    title: str | None = None
    """Its label."""
    description: str | None = None
    """What the choice is about."""
    min_items: int | None = None
    """The least number of values."""
    max_items: int | None = None
    """The greatest number of values."""
    items: UntitledEnumItems
    """The values to choose from."""
    default: tuple[str, ...] | None = None
    """The values that are chosen at first."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TitledEnumItems(Value):
    """What a choice of several is made from, with labels."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    any_of: tuple[EnumOption, ...]
    """The values to choose from."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TitledMultiSelectEnumSchema(Value):
    """A choice of several, with labels."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    type: ClassVar[Literal["array"]] = "array"
    title: str | None = None
    """Its label."""
    description: str | None = None
    """What the choice is about."""
    min_items: int | None = None
    """The least number of values."""
    max_items: int | None = None
    """The greatest number of values."""
    items: TitledEnumItems
    """The values to choose from."""
    default: tuple[str, ...] | None = None
    """The values that are chosen at first."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


EnumSchema: TypeAlias = (
    UntitledSingleSelectEnumSchema
    | TitledSingleSelectEnumSchema
    | UntitledMultiSelectEnumSchema
    | TitledMultiSelectEnumSchema
    | LegacyTitledEnumSchema
)
"""A field of a form that is a choice."""

PrimitiveSchemaDefinition: TypeAlias = StringSchema | NumberSchema | BooleanSchema | EnumSchema
"""A field of a form."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestedSchema(Value):
    """A form: an object whose properties are its fields."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    type: ClassVar[Literal["object"]] = "object"
    dialect: str | None = attrs.field(default=None, metadata=member(name="$schema", since="2025-11-25"))
    """The JSON Schema dialect, as `$schema` names it."""
    properties: Mapping[str, PrimitiveSchemaDefinition]
    """The fields, by name."""
    required: tuple[str, ...] | None = None
    """The names of the fields that must be filled in."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ElicitRequestFormParams(Value):
    """The request that the user fill in a form."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    mode: Literal["form"] | None = attrs.field(default=None, metadata=member(since="2025-11-25"))
    """Absent means a form too."""
    message: str
    """What to tell the user."""
    requested_schema: RequestedSchema
    """The form."""
    task: TaskMetadata | None = attrs.field(
        default=None, metadata=member(since="2025-11-25", until="2025-11-25")
    )
    """The wish to run this as a task."""
    meta: RequestMeta | None = attrs.field(default=None, metadata=member(until="2025-11-25"))
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ElicitRequestURLParams(Value):
    """The request that the user visit a page; never to be opened without consent."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25")

    mode: ClassVar[Literal["url"]] = "url"
    message: str
    """What to tell the user."""
    url: str
    """The page."""
    elicitation_id: str | None = attrs.field(
        default=None, metadata=member(until="2025-11-25", required_since="2025-11-25")
    )
    """What `notifications/elicitation/complete` refers to."""
    task: TaskMetadata | None = attrs.field(default=None, metadata=member(until="2025-11-25"))
    """The wish to run this as a task."""
    meta: RequestMeta | None = attrs.field(default=None, metadata=member(until="2025-11-25"))
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


ElicitRequestParams: TypeAlias = ElicitRequestFormParams | ElicitRequestURLParams
"""The request that the user do something."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ElicitResult(Value):
    """What the user did."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    action: Literal["accept", "decline", "cancel"]
    """Agreed, refused, or walked away without a choice."""
    content: Mapping[str, ElicitValue] | None = attrs.field(
        default=None, metadata=member(before={"2025-11-25": Mapping[str, str | float | bool]})
    )
    """The fields of the form, by name, where one was agreed to."""
    meta: Meta | None = attrs.field(default=None, metadata=member(until="2025-11-25"))
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ElicitationCompleteNotificationParams(Value):
    """The news that what the user was sent to a page for is done; unknown ids are ignored."""

    SPAN: ClassVar[Span] = Span(since="2025-11-25", until="2025-11-25")

    elicitation_id: str
    """Which request it was."""
    meta: Meta | None = None
    """What travels beside the notification."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
