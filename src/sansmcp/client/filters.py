"""What a client wants to be told of: filters joined, compared, and matched with changes."""

from collections.abc import Iterable

from sansmcp import schema
from sansmcp.session import Change, ChangeKind


def joined(filters: Iterable[schema.SubscriptionFilter]) -> schema.SubscriptionFilter:
    """Return the filter that wants all that some filters want."""
    wanted = tuple(filters)
    uris = dict.fromkeys(uri for one in wanted for uri in one.resource_subscriptions or ())
    return schema.SubscriptionFilter(
        tools_list_changed=any(one.tools_list_changed for one in wanted) or None,
        prompts_list_changed=any(one.prompts_list_changed for one in wanted) or None,
        resources_list_changed=any(one.resources_list_changed for one in wanted) or None,
        resource_subscriptions=tuple(uris) or None,
    )


def common(one: schema.SubscriptionFilter, other: schema.SubscriptionFilter) -> schema.SubscriptionFilter:
    """Return the filter that wants what both filters want."""
    uris = set(other.resource_subscriptions or ())
    return schema.SubscriptionFilter(
        tools_list_changed=(one.tools_list_changed and other.tools_list_changed) or None,
        prompts_list_changed=(one.prompts_list_changed and other.prompts_list_changed) or None,
        resources_list_changed=(one.resources_list_changed and other.resources_list_changed) or None,
        resource_subscriptions=tuple(uri for uri in one.resource_subscriptions or () if uri in uris) or None,
    )


def wants(wanted: schema.SubscriptionFilter, change: Change) -> bool:
    """Say whether a filter wants to hear of a change.

    A server may tell of a part of a resource that was asked for (2026-07-28, Resources, Subscriptions).
    """
    if change.kind is ChangeKind.RESOURCE:
        uri = change.uri or ""
        return any(_is_part(uri, whole) for whole in wanted.resource_subscriptions or ())
    lists = {
        ChangeKind.TOOLS: wanted.tools_list_changed,
        ChangeKind.PROMPTS: wanted.prompts_list_changed,
        ChangeKind.RESOURCES: wanted.resources_list_changed,
    }
    return bool(lists[change.kind])


def _is_part(uri: str, whole: str) -> bool:
    return uri == whole or (uri.startswith(whole) and (whole[-1:] in "/#?" or uri[len(whole)] in "/#?"))
