"""Calls of tools, and what comes of them."""

from collections.abc import Mapping

import attrs

from sansmcp.schema.content import ContentBlock
from sansmcp.schema.input_required import InputResponses
from sansmcp.schema.members import Meta, RequestMeta, member
from sansmcp.schema.tasks import TaskMetadata
from sansmcp.values import ABSENT, JSON, Absent, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallToolRequestParams(Value):
    """The request to call a tool."""

    name: str
    """The tool."""
    arguments: Mapping[str, JSON] | None = None
    """Its arguments."""
    task: TaskMetadata | None = attrs.field(
        default=None, metadata=member(since="2025-11-25", until="2025-11-25")
    )
    """The wish to run this as a task."""
    input_responses: InputResponses | None = attrs.field(default=None, metadata=member(since="2026-07-28"))
    """Answers to what the server asked in an earlier round, under the server's keys."""
    request_state: str | None = attrs.field(default=None, metadata=member(since="2026-07-28"))
    """What the server gave to be sent back, unread and unchanged."""
    meta: RequestMeta | None = attrs.field(default=None, metadata=member(required_since="2026-07-28"))
    """What travels beside the request; from 2026-07-28 on it says who asks, and how."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CallToolResult(Value):
    """What a tool returned."""

    content: tuple[ContentBlock, ...]
    """The result for a model."""
    structured_content: JSON | Absent = attrs.field(
        default=ABSENT, metadata=member(since="2025-06-18", before={"2026-07-28": Mapping[str, JSON]})
    )
    """The result for programs; null is a value."""
    is_error: bool | None = None
    """Whether the tool failed; absent means that it did not."""
    result_type: str = attrs.field(
        default="complete", metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """How to read the result."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
