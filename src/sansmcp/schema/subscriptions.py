"""Subscriptions of 2026-07-28: a request that stays open, and the news that come on it."""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from sansmcp.schema.members import Meta, RequestMeta, Span, member
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SubscriptionFilter(Value):
    """What a subscription is about."""

    SPAN: ClassVar[Span] = Span(since="2026-07-28")

    tools_list_changed: bool | None = None
    """Changes of the list of tools."""
    prompts_list_changed: bool | None = None
    """Changes of the list of prompts."""
    resources_list_changed: bool | None = None
    """Changes of the list of resources."""
    resource_subscriptions: tuple[str, ...] | None = None
    """Changes of the resources with these URIs."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SubscriptionsListenRequestParams(Value):
    """The request to be told of changes until the request ends."""

    SPAN: ClassVar[Span] = Span(since="2026-07-28")

    notifications: SubscriptionFilter
    """What to be told of."""
    meta: RequestMeta | None = attrs.field(default=None, metadata=member(required_since="2026-07-28"))
    """What travels beside the request; from 2026-07-28 on it says who asks, and how."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SubscriptionsAcknowledgedNotificationParams(Value):
    """The first news of a subscription: what of it the server honours."""

    SPAN: ClassVar[Span] = Span(since="2026-07-28")

    notifications: SubscriptionFilter
    """What will be told."""
    meta: Meta | None = None
    """What travels beside the notification."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SubscriptionsListenResult(Value):
    """The end of a subscription."""

    SPAN: ClassVar[Span] = Span(since="2026-07-28")

    result_type: str = attrs.field(
        default="complete", metadata=member(since="2026-07-28", required_since="2026-07-28")
    )
    """How to read the result."""
    meta: Meta | None = attrs.field(default=None, metadata=member(required_since="2026-07-28"))
    """What travels beside the result; it names the subscription."""
    extra: Mapping[str, JSON] = attrs.field(factory=dict)
    """Members that no revision knows."""
