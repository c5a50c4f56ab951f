"""News about requests in flight, log records, and the level of logging."""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from sansmcp.schema.base import LoggingLevel
from sansmcp.schema.members import Meta, RequestMeta, Span, member
from sansmcp.values import JSON, ProgressToken, RequestId, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CancelledNotificationParams(Value):
    """The news that nobody waits for an answer any more."""

    request_id: RequestId | None = attrs.field(default=None, metadata=member(optional_in=("2025-11-25",)))
    """The request."""
    reason: str | None = None
    """Why, for people."""
    meta: Meta | None = None
    """What travels beside the notification."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProgressNotificationParams(Value):
    """The news of how far a request is."""

    progress_token: ProgressToken
    """The token that the request carried."""
    progress: float
    """How much is done; it grows from one notification to the next."""
    total: float | None = None
    """How much there is to do, where that is known."""
    message: str | None = attrs.field(default=None, metadata=member(since="2025-03-26"))
    """What is being done, for people."""
    meta: Meta | None = None
    """What travels beside the notification."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SetLevelRequestParams(Value):
    """The request to be sent log records from a level on."""

    SPAN: ClassVar[Span] = Span(until="2025-11-25")

    level: LoggingLevel
    """The least grave level to send."""
    meta: RequestMeta | None = None
    """What travels beside the request."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoggingMessageNotificationParams(Value):
    """A log record."""

    level: LoggingLevel
    """How grave it is."""
    logger: str | None = None
    """Who writes it."""
    data: JSON
    """What is written; null is a value."""
    meta: Meta | None = None
    """What travels beside the notification."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
