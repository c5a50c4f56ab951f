"""The experimental tasks of 2025-11-25: requests whose result is fetched later.

The extension of the same name for 2026-07-28 shares words with these types, and no meaning.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Literal, TypeAlias

import attrs

from sansmcp.schema.members import Meta, RequestMeta, Span
from sansmcp.values import JSON, Value

TaskStatus: TypeAlias = Literal["working", "input_required", "completed", "failed", "cancelled"]
"""How far a task is; the last three are final."""

TASKS_SPAN: Final = Span(since="2025-11-25", until="2025-11-25")
"""The one revision that has tasks in its core."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TaskMetadata(Value):
    """The wish that a request be run as a task."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    ttl: int | None = None
    """How long the task should be kept, in milliseconds from its creation."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RelatedTaskMetadata(Value):
    """The task that a message belongs to, under `io.modelcontextprotocol/related-task` in its `_meta`."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    task_id: str
    """The task."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Task(Value):
    """Where a task stands."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    task_id: str
    """The task."""
    status: TaskStatus
    """How far it is."""
    created_at: str
    """When it was made, as an ISO 8601 time."""
    last_updated_at: str
    """When this last changed, as an ISO 8601 time."""
    ttl: int | None
    """How long it is kept after its creation, in milliseconds; None: for ever."""
    status_message: str | None = None
    """The status in words."""
    poll_interval: int | None = None
    """How long to wait before asking again, in milliseconds."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CreateTaskResult(Value):
    """The answer to a request that became a task."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    task: Task
    """The task that was made."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class GetTaskRequestParams(Value):
    """The question where a task stands."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    task_id: str
    """The task."""
    meta: RequestMeta | None = None
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class GetTaskPayloadRequestParams(Value):
    """The request for the result of a task, which waits until there is one."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    task_id: str
    """The task."""
    meta: RequestMeta | None = None
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CancelTaskRequestParams(Value):
    """The request to give up a task."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    task_id: str
    """The task."""
    meta: RequestMeta | None = None
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class GetTaskResult(Value):
    """The answer to where a task stands."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    task_id: str
    """The task."""
    status: TaskStatus
    """How far it is."""
    created_at: str
    """When it was made, as an ISO 8601 time."""
    last_updated_at: str
    """When this last changed, as an ISO 8601 time."""
    ttl: int | None
    """How long it is kept after its creation, in milliseconds; None: for ever."""
    status_message: str | None = None
    """The status in words."""
    poll_interval: int | None = None
    """How long to wait before asking again, in milliseconds."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CancelTaskResult(Value):
    """The answer to giving up a task: where it stands now."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    task_id: str
    """The task."""
    status: TaskStatus
    """How far it is."""
    created_at: str
    """When it was made, as an ISO 8601 time."""
    last_updated_at: str
    """When this last changed, as an ISO 8601 time."""
    ttl: int | None
    """How long it is kept after its creation, in milliseconds; None: for ever."""
    status_message: str | None = None
    """The status in words."""
    poll_interval: int | None = None
    """How long to wait before asking again, in milliseconds."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class GetTaskPayloadResult(Value):
    """The result of a task; what is in `extra` is what the request itself would have been answered."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """The members of the result."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ListTasksResult(Value):
    """One page of the tasks that are kept."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    tasks: tuple[Task, ...]
    """The tasks."""
    next_cursor: str | None = None
    """Where the next page begins; absent on the last."""
    meta: Meta | None = None
    """What travels beside the result."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TaskStatusNotificationParams(Value):
    """The news that a task's status changed."""

    SPAN: ClassVar[Span] = TASKS_SPAN

    task_id: str
    """The task."""
    status: TaskStatus
    """How far it is."""
    created_at: str
    """When it was made, as an ISO 8601 time."""
    last_updated_at: str
    """When this last changed, as an ISO 8601 time."""
    ttl: int | None
    """How long it is kept after its creation, in milliseconds; None: for ever."""
    status_message: str | None = None
    """The status in words."""
    poll_interval: int | None = None
    """How long to wait before asking again, in milliseconds."""
    meta: Meta | None = None
    """What travels beside the notification."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
