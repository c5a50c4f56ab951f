"""A client's subscriptions in the legacy era, where a server knows resources but no subscriptions."""

import attrs

from sansmcp import schema
from sansmcp.session.capabilities import declares
from sansmcp.session.events import CallHandle


@attrs.define(kw_only=True)
class _Listener:
    asked: schema.SubscriptionFilter
    wanted: schema.SubscriptionFilter
    waiting: set[str]
    refused: set[str] = attrs.field(factory=set)
    is_acknowledged: bool = False


class LegacyListening:
    """Which of our subscriptions want which resource; each resource is subscribed to once."""

    def __init__(self) -> None:
        self._listeners: dict[CallHandle, _Listener] = {}
        self._settled: dict[str, bool] = {}
        self._wishes: dict[CallHandle, schema.SubscriptionFilter] = {}

    def wish(self, handle: CallHandle, wanted: schema.SubscriptionFilter) -> None:
        """Enter a subscription for the next session."""
        self._wishes[handle] = wanted

    def restart(self) -> None:
        """Forget what the server agreed to: the session is gone, and the wishes are for the next one."""
        self._wishes = {handle: listener.asked for handle, listener in self._listeners.items()}
        self._listeners.clear()
        self._settled.clear()

    def take_wishes(self) -> tuple[tuple[CallHandle, schema.SubscriptionFilter], ...]:
        """Take out what waits for the next session."""
        wishes, self._wishes = tuple(self._wishes.items()), {}
        return wishes

    def add(
        self, handle: CallHandle, wanted: schema.SubscriptionFilter, able: schema.ServerCapabilities
    ) -> tuple[str, ...]:
        """Enter a subscription and return the resources that the server must be asked for.

        Args:
            handle: names the subscription.
            wanted: what it wants to hear.
            able: what the server can do; the rest of the wishes is not honoured.
        """
        uris = tuple(dict.fromkeys(wanted.resource_subscriptions or ()))
        can_subscribe = declares(able, "resources.subscribe")
        honoured = schema.SubscriptionFilter(
            tools_list_changed=wanted.tools_list_changed if declares(able, "tools.listChanged") else None,
            prompts_list_changed=wanted.prompts_list_changed
            if declares(able, "prompts.listChanged")
            else None,
            resources_list_changed=(
                wanted.resources_list_changed if declares(able, "resources.listChanged") else None
            ),
            resource_subscriptions=uris if can_subscribe else None,
        )
        new = tuple(uri for uri in uris if uri not in self._wanted()) if can_subscribe else ()
        waiting = {uri for uri in uris if not self._settled.get(uri)} if can_subscribe else set()
        self._listeners[handle] = _Listener(asked=wanted, wanted=honoured, waiting=waiting)
        return new

    def settle(self, uri: str, *, granted: bool) -> None:
        """Take in what the server said to one resource."""
        self._settled[uri] = granted
        for listener in self._listeners.values():
            if uri in listener.waiting:
                listener.waiting.discard(uri)
                if not granted:
                    listener.refused.add(uri)

    def take_acknowledged(self) -> list[tuple[CallHandle, schema.SubscriptionFilter]]:
        """Return the subscriptions whose every wish is settled and that were not reported yet."""
        acknowledged = []
        for handle, listener in self._listeners.items():
            if listener.waiting or listener.is_acknowledged:
                continue
            listener.is_acknowledged = True
            uris = tuple(
                uri for uri in listener.wanted.resource_subscriptions or () if uri not in listener.refused
            )
            acknowledged.append((handle, attrs.evolve(listener.wanted, resource_subscriptions=uris or None)))
        return acknowledged

    def forget(self, handle: CallHandle) -> bool:
        """Take out a subscription; False if there is none."""
        wished = self._wishes.pop(handle, None)
        return self._listeners.pop(handle, None) is not None or wished is not None

    def take_unused(self) -> tuple[str, ...]:
        """Return the resources that the server still tells of though nobody wants them, once."""
        wanted = self._wanted()
        unused = tuple(uri for uri, granted in self._settled.items() if granted and uri not in wanted)
        self._settled = {uri: granted for uri, granted in self._settled.items() if uri in wanted}
        return unused

    def take_all(self) -> tuple[CallHandle, ...]:
        """Take out every subscription."""
        handles = (*self._listeners, *self._wishes)
        self._listeners.clear()
        self._wishes.clear()
        self._settled.clear()
        return handles

    def _wanted(self) -> set[str]:
        return {
            uri
            for listener in self._listeners.values()
            for uri in listener.wanted.resource_subscriptions or ()
            if uri not in listener.refused
        }
