"""Who wants to hear of which change, in both eras."""

from collections.abc import Iterator

import attrs

from sansmcp import schema
from sansmcp.schema import Codec
from sansmcp.session.capabilities import declares
from sansmcp.session.events import Change, ChangeKind
from sansmcp.values import RequestId


@attrs.frozen(kw_only=True, eq=False)
class Subscription:
    """One `subscriptions/listen` of the peer."""

    subscription_id: RequestId
    """The id of the request."""
    filter: schema.SubscriptionFilter
    """What it is told."""
    codec: Codec
    """The codec of its revision."""
    number: int
    """Tells it from every other subscription of the session, which may have had the same id."""


def honoured(wanted: schema.SubscriptionFilter, able: schema.ServerCapabilities) -> schema.SubscriptionFilter:
    """Return the part of a filter that a server with these capabilities can keep.

    Source: 2026-07-28, Subscriptions, Acknowledgment.
    """
    uris = wanted.resource_subscriptions
    return schema.SubscriptionFilter(
        tools_list_changed=wanted.tools_list_changed if declares(able, "tools.listChanged") else None,
        prompts_list_changed=wanted.prompts_list_changed if declares(able, "prompts.listChanged") else None,
        resources_list_changed=wanted.resources_list_changed
        if declares(able, "resources.listChanged")
        else None,
        resource_subscriptions=uris if declares(able, "resources.subscribe") else None,
    )


class Subscriptions:
    """The peer's subscriptions, indexed by what they want to hear.

    A publish costs what those cost who want to hear it: 1024 listeners of something else cost nothing.
    """

    def __init__(self) -> None:
        self._by_id: dict[RequestId, Subscription] = {}
        self._by_change: dict[Change, dict[RequestId, Subscription]] = {}
        self.uris: dict[str, None] = {}
        """The resources that a legacy session subscribed to, in order."""

    def __len__(self) -> int:
        return len(self._by_id) + len(self.uris)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(tuple(self._by_id.values()))

    def __contains__(self, subscription_id: RequestId) -> bool:
        return subscription_id in self._by_id

    def add(self, subscription: Subscription) -> None:
        """Enter a subscription."""
        self._by_id[subscription.subscription_id] = subscription
        for change in changes_in(subscription.filter):
            self._by_change.setdefault(change, {})[subscription.subscription_id] = subscription

    def remove(self, subscription_id: RequestId) -> Subscription:
        """Take out an open subscription and return it."""
        subscription = self._by_id.pop(subscription_id)
        for change in changes_in(subscription.filter):
            listeners = self._by_change[change]
            del listeners[subscription_id]
            if not listeners:
                del self._by_change[change]
        return subscription

    def resources(self) -> frozenset[str]:
        """Return the resources that somebody wants to hear of, in either era."""
        modern = (change.uri for change in self._by_change if change.uri is not None)
        return frozenset((*self.uris, *modern))

    def wanting(self, change: Change) -> tuple[Subscription, ...]:
        """Return the subscriptions that want to hear of a change, oldest first."""
        listeners = self._by_change.get(change)
        return () if listeners is None else tuple(listeners.values())


def changes_in(wanted: schema.SubscriptionFilter) -> Iterator[Change]:
    """Return the changes that a filter lets pass, each once."""
    if wanted.tools_list_changed:
        yield Change(kind=ChangeKind.TOOLS)
    if wanted.prompts_list_changed:
        yield Change(kind=ChangeKind.PROMPTS)
    if wanted.resources_list_changed:
        yield Change(kind=ChangeKind.RESOURCES)
    # The same resource twice is one wish.
    for uri in dict.fromkeys(wanted.resource_subscriptions or ()):
        yield Change(kind=ChangeKind.RESOURCE, uri=uri)
