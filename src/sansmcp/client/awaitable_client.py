"""A client as methods, for clients that are awaited: calls, calls that go on by themselves, changes.

A binding implements `call` and `perform`; everything else is here, the same in both colours.
"""

import abc
from collections.abc import Awaitable, Callable, Generator, Mapping
from functools import partial
from typing import overload

from sansmcp import schema
from sansmcp.client import calls
from sansmcp.client.awaitable import AwaitableCalls
from sansmcp.client.calls import Call, T
from sansmcp.client.changes import AwaitableChanges, uri_of
from sansmcp.client.checking import Validate
from sansmcp.client.known import KnownServer, ListeningFrom
from sansmcp.client.running import AwaitableRunning, Started
from sansmcp.client.waiting import after, take_awaited
from sansmcp.session import Change
from sansmcp.values import JSON


class AwaitableClient(AwaitableCalls, KnownServer):
    """A connection to one server, to be awaited."""

    @abc.abstractmethod
    def perform(self, command: Callable[[float], T]) -> T:
        """Run a command of yours on the endpoint or its session; it is told the time.

        It never waits, and nothing else happens to them meanwhile.
        """

    def start(self, call: Call[T]) -> AwaitableRunning[T]:
        """Start a call and go on: iterate over what it returns for progress, and ask it for the result."""
        started = Started(call)
        pending = self.perform(partial(self._connection.send, started.call, started))
        if pending is None:
            started.set_result(call.read(None))
            return AwaitableRunning(started, _leave, self.call, self._pause)
        give_up = partial(self.perform, partial(self._connection.give_up, pending))
        return AwaitableRunning(started, give_up, self.call, self._pause)

    @overload
    def start_tool(
        self,
        name: str,
        arguments: Mapping[str, JSON] | None = None,
        *,
        meta: Mapping[str, JSON] | None = None,
        validate: Validate | None = None,
        timeout: float | None = None,
        maximum: float | None = None,
    ) -> AwaitableRunning[schema.CallToolResult]: ...

    @overload
    def start_tool(
        self,
        name: str,
        arguments: Mapping[str, JSON] | None = None,
        *,
        result_type: type[T],
        meta: Mapping[str, JSON] | None = None,
        validate: Validate | None = None,
        timeout: float | None = None,
        maximum: float | None = None,
    ) -> AwaitableRunning[T]: ...

    def start_tool(
        self,
        name: str,
        arguments: Mapping[str, JSON] | None = None,
        *,
        result_type: type[JSON] = schema.CallToolResult,
        meta: Mapping[str, JSON] | None = None,
        validate: Validate | None = None,
        timeout: float | None = None,
        maximum: float | None = None,
    ) -> AwaitableRunning[JSON]:
        """Start a call of a tool and go on; see `start` and `call_tool`."""
        return self.start(
            calls.call_tool(
                name,
                arguments,
                result_type=result_type,
                meta=meta,
                validate=validate,
                timeout=timeout,
                maximum=maximum,
            )
        )

    def listen(
        self, *uris: str, tools: bool = False, prompts: bool = False, resources: bool = False
    ) -> AwaitableChanges[Change]:
        """Iterate over changes: of the lists that are named, and of resources, each once.

        All that a client listens to is one subscription; the server hears when the wishes change.
        """
        wanted = schema.SubscriptionFilter(
            tools_list_changed=tools or None,
            prompts_list_changed=prompts or None,
            resources_list_changed=resources or None,
            resource_subscriptions=tuple(dict.fromkeys(uris)) or None,
        )
        wishes = ListeningFrom(self._connection, self.perform)
        return AwaitableChanges(wanted, wishes, _itself, self.call, self._pause)

    def resource_updates(self, *uris: str) -> AwaitableChanges[str]:
        """Iterate over the URIs of resources that have changed, out of those that are named."""
        wanted = schema.SubscriptionFilter(resource_subscriptions=tuple(dict.fromkeys(uris)))
        wishes = ListeningFrom(self._connection, self.perform)
        return AwaitableChanges(wanted, wishes, uri_of, self.call, self._pause)

    def notify(self, method: str, params: JSON = None) -> None:
        """Send a notification, such as one of the user's own; it is not answered."""
        self.perform(partial(self.session.notify, method, params))

    def elicitation_completed(self, elicitation_id: str, *, timeout: float | None = None) -> Awaitable[None]:
        """Wait until the server says that a page is done to which it had sent the user; 2025-11-25 only."""
        feed = self.perform(partial(self._connection.completions.wait, elicitation_id, timeout=timeout))

        def waiting() -> Generator[JSON, JSON, None]:
            yield from take_awaited(feed, "a wait for a page", self.call)

        return after(self._pause, waiting)


def _leave() -> None:
    """Leave a call alone that has ended."""


def _itself(change: Change) -> Change:
    return change
