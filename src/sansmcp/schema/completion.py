"""Completion: what may be typed next into an argument of a prompt or a template."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

import attrs

from sansmcp.schema.members import Check, Meta, RequestMeta, Span, member
from sansmcp.values import JSON, Value

CompletionValues: TypeAlias = Annotated[
    tuple[str, ...], Check(expected="at most 100 values", holds=lambda values: len(values) <= 100)
]
"""Proposals, of which there may be a hundred; 2026-07-28 is the first whose schema says so."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PromptReference(Value):
    """The prompt whose argument is being typed."""

    type: ClassVar[Literal["ref/prompt"]] = "ref/prompt"
    name: str
    """The prompt."""
    title: str | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """Its name for people."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResourceTemplateReference(Value):
    """The template whose variable is being typed; before 2025-06-18 it is called ResourceReference."""

    type: ClassVar[Literal["ref/resource"]] = "ref/resource"
    uri: str
    """The template, or a URI."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CompletionArgument(Value):
    """What has been typed so far."""

    name: str
    """Into which argument."""
    value: str
    """The text."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CompletionContext(Value):
    """What is known while something is typed."""

    SPAN: ClassVar[Span] = Span(since="2025-06-18")

    arguments: Mapping[str, str] | None = None
    """The arguments that are settled already."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CompleteRequestParams(Value):
    """The question what may be typed next."""

    ref: PromptReference | ResourceTemplateReference
    """What is being filled in."""
    argument: CompletionArgument
    """What has been typed so far."""
    context: CompletionContext | None = attrs.field(default=None, metadata=member(since="2025-06-18"))
    """What is known beside it."""
    meta: RequestMeta | None = attrs.field(default=None, metadata=member(required_since="2026-07-28"))
    """What travels beside the request; from 2026-07-28 on it says who asks, and how."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Completion(Value):
    """Proposals for what may be typed."""

    values: CompletionValues = attrs.field(metadata=member(before={"2026-07-28": tuple[str, ...]}))
    """The proposals, the best first."""
    total: int | None = None
    """How many there are, which may be more than are here."""
    has_more: bool | None = None
    """Whether there are more, even if nobody knows how many."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CompleteResult(Value):
    """What may be typed next."""

    completion: Completion
    """The proposals."""
    result_type: str = attrs.field(
        default="complete", metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """How to read the result."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
