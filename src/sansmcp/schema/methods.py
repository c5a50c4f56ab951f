"""The table of methods: who may send what to whom in which revision, and what is in it.

A name without a row for a revision and a sender is "method not found".
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from sansmcp.schema.base import NotificationParams, PaginatedRequestParams, RequestParams, Result
from sansmcp.schema.completion import CompleteRequestParams, CompleteResult
from sansmcp.schema.elicitation import (
    ElicitationCompleteNotificationParams,
    ElicitRequestParams,
    ElicitResult,
)
from sansmcp.schema.lifecycle import DiscoverResult, InitializeRequestParams, InitializeResult
from sansmcp.schema.notifications import (
    CancelledNotificationParams,
    LoggingMessageNotificationParams,
    ProgressNotificationParams,
    SetLevelRequestParams,
)
from sansmcp.schema.prompts import GetPromptRequestParams, GetPromptResult, ListPromptsResult
from sansmcp.schema.resources import (
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceRequestParams,
    ReadResourceResult,
    ResourceUpdatedNotificationParams,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)
from sansmcp.schema.revisions import LATEST_LEGACY, LATEST_MODERN, REVISIONS, Revision
from sansmcp.schema.roots import ListRootsRequestParams, ListRootsResult
from sansmcp.schema.sampling import CreateMessageRequestParams, CreateMessageResult
from sansmcp.schema.subscriptions import (
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
)
from sansmcp.schema.tasks import (
    CancelTaskRequestParams,
    CancelTaskResult,
    GetTaskPayloadRequestParams,
    GetTaskPayloadResult,
    GetTaskRequestParams,
    GetTaskResult,
    ListTasksResult,
    TaskStatusNotificationParams,
)
from sansmcp.schema.tool_calls import CallToolRequestParams, CallToolResult
from sansmcp.schema.tools import ListToolsResult
from sansmcp.values import JSON, Value, Word


class Kind(Word):
    """Whether a message wants an answer."""

    REQUEST = "request"
    NOTIFICATION = "notification"


class Side(Word):
    """The two ends of a session."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def other(self) -> "Side":
        """The end that this one talks to."""
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Method(Value):
    """One method, from one revision to another."""

    name: str
    """Its name on the wire."""
    kind: Kind
    """Whether it wants an answer."""
    sender: Side | None
    """Who sends it; None: both sides."""
    since: Revision = REVISIONS[0]
    """The first revision that has it so."""
    until: Revision = REVISIONS[-1]
    """The last revision that has it so."""
    params: JSON
    """The type of its params, for `Codec.structure_params`."""
    result: JSON = None
    """The type of its result, for `Codec.structure_reporting`; None for a notification."""
    capability: str | None = None
    """What must have been declared by the receiver of the request, or by the sender of the notification."""
    capability_since: Revision = REVISIONS[0]
    """The first revision that asks for that."""
    name_header: str | None = None
    """The member of the params that HTTP repeats in the header Mcp-Name, where the revision has that."""
    cacheable: bool = False
    """Whether the result says how long it may be kept, where the revision has that."""
    cancellable: bool = True
    """Whether a request may be given up by its sender."""
    input_required: bool = False
    """Whether the answer may be that input is required, where the revision has that."""

    def capability_in(self, revision: Revision) -> str | None:
        """Return what must have been declared in a revision, as a dotted path into the capabilities."""
        return self.capability if revision >= self.capability_since else None


Key: TypeAlias = tuple[str, Revision, Side, Kind]
"""What a row is found by."""


def _index_of(methods: Iterable[Method]) -> Mapping[Key, Method]:
    index: dict[Key, Method] = {}
    for method in methods:
        for revision in REVISIONS:
            if method.since <= revision <= method.until:
                for side in Side if method.sender is None else (method.sender,):
                    index[method.name, revision, side, method.kind] = method
    return MappingProxyType(index)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MethodTable(Value):
    """Methods by name, revision, sender and kind."""

    methods: tuple[Method, ...]
    """The rows."""
    _index: Mapping[Key, Method] = attrs.field(
        init=False,
        repr=False,
        eq=False,
        default=attrs.Factory(lambda table: _index_of(table.methods), takes_self=True),
    )

    def lookup(self, name: str, revision: Revision, sender: Side, kind: Kind) -> Method | None:
        """Return the row of a message, or None: the method is not found, and must not be sent.

        Args:
            name: the method's name.
            revision: the revision of the message.
            sender: who sent it, or wants to.
            kind: whether it wants an answer.
        """
        return self._index.get((name, revision, sender, kind))

    def revisions_of(self, name: str) -> tuple[Revision, ...]:
        """Return the revisions in which anybody may send a method, oldest first."""
        found = {revision for known, revision, _, _ in self._index if known == name}
        return tuple(revision for revision in REVISIONS if revision in found)

    def extended(self, *methods: Method) -> "MethodTable":
        """Return a table with more rows; where two rows meet, the new one counts."""
        return MethodTable(methods=(*self.methods, *methods))


def _request(name: str, params: JSON, result: JSON, capability: str | None = None) -> Method:
    """Describe a request of the client in all revisions."""
    return Method(
        name=name,
        kind=Kind.REQUEST,
        sender=Side.CLIENT,
        params=params,
        result=result,
        capability=capability,
    )


def _notification(name: str, params: JSON, capability: str | None = None) -> Method:
    """Describe a notification of the server in all revisions."""
    return Method(name=name, kind=Kind.NOTIFICATION, sender=Side.SERVER, params=params, capability=capability)


def _legacy(method: Method) -> Method:
    return attrs.evolve(method, until=LATEST_LEGACY)


def _modern(method: Method) -> Method:
    return attrs.evolve(method, since=LATEST_MODERN)


def _of_server(method: Method, *, since: Revision = REVISIONS[0]) -> Method:
    """Make a request of the client one of a legacy server, which in 2026-07-28 is no request any more."""
    return attrs.evolve(method, sender=Side.SERVER, since=since, until=LATEST_LEGACY)


def _of_tasks(method: Method) -> Method:
    """Make it one of both sides, in the one revision that has tasks in its core."""
    return attrs.evolve(method, sender=None, since=LATEST_LEGACY, until=LATEST_LEGACY)


_REQUESTS: Final = (
    attrs.evolve(
        _legacy(_request("initialize", InitializeRequestParams, InitializeResult)), cancellable=False
    ),
    attrs.evolve(_modern(_request("server/discover", RequestParams, DiscoverResult)), cacheable=True),
    attrs.evolve(_legacy(_request("ping", RequestParams, Result)), sender=None),
    attrs.evolve(_request("tools/list", PaginatedRequestParams, ListToolsResult, "tools"), cacheable=True),
    attrs.evolve(
        _request("tools/call", CallToolRequestParams, CallToolResult, "tools"),
        name_header="name",
        input_required=True,
    ),
    attrs.evolve(
        _request("prompts/list", PaginatedRequestParams, ListPromptsResult, "prompts"), cacheable=True
    ),
    attrs.evolve(
        _request("prompts/get", GetPromptRequestParams, GetPromptResult, "prompts"),
        name_header="name",
        input_required=True,
    ),
    attrs.evolve(
        _request("resources/list", PaginatedRequestParams, ListResourcesResult, "resources"), cacheable=True
    ),
    attrs.evolve(
        _request(
            "resources/templates/list", PaginatedRequestParams, ListResourceTemplatesResult, "resources"
        ),
        cacheable=True,
    ),
    attrs.evolve(
        _request("resources/read", ReadResourceRequestParams, ReadResourceResult, "resources"),
        name_header="uri",
        cacheable=True,
        input_required=True,
    ),
    _legacy(_request("resources/subscribe", SubscribeRequestParams, Result, "resources.subscribe")),
    _legacy(_request("resources/unsubscribe", UnsubscribeRequestParams, Result, "resources.subscribe")),
    _modern(_request("subscriptions/listen", SubscriptionsListenRequestParams, SubscriptionsListenResult)),
    # 2024-11-05 has completion without a capability for it.
    attrs.evolve(
        _request("completion/complete", CompleteRequestParams, CompleteResult, "completions"),
        capability_since="2025-03-26",
    ),
    _legacy(_request("logging/setLevel", SetLevelRequestParams, Result, "logging")),
    _of_server(
        _request("sampling/createMessage", CreateMessageRequestParams, CreateMessageResult, "sampling")
    ),
    _of_server(_request("roots/list", ListRootsRequestParams, ListRootsResult, "roots")),
    _of_server(
        _request("elicitation/create", ElicitRequestParams, ElicitResult, "elicitation"), since="2025-06-18"
    ),
    _of_tasks(_request("tasks/get", GetTaskRequestParams, GetTaskResult, "tasks")),
    _of_tasks(_request("tasks/result", GetTaskPayloadRequestParams, GetTaskPayloadResult, "tasks")),
    _of_tasks(_request("tasks/list", PaginatedRequestParams, ListTasksResult, "tasks.list")),
    _of_tasks(_request("tasks/cancel", CancelTaskRequestParams, CancelTaskResult, "tasks.cancel")),
)

_NOTIFICATIONS: Final = (
    attrs.evolve(_legacy(_notification("notifications/initialized", NotificationParams)), sender=Side.CLIENT),
    attrs.evolve(_notification("notifications/cancelled", CancelledNotificationParams), sender=None),
    attrs.evolve(_legacy(_notification("notifications/progress", ProgressNotificationParams)), sender=None),
    _modern(_notification("notifications/progress", ProgressNotificationParams)),
    _notification("notifications/message", LoggingMessageNotificationParams, "logging"),
    _notification("notifications/tools/list_changed", NotificationParams, "tools.listChanged"),
    _notification("notifications/prompts/list_changed", NotificationParams, "prompts.listChanged"),
    _notification("notifications/resources/list_changed", NotificationParams, "resources.listChanged"),
    _notification(
        "notifications/resources/updated", ResourceUpdatedNotificationParams, "resources.subscribe"
    ),
    attrs.evolve(
        _legacy(_notification("notifications/roots/list_changed", NotificationParams, "roots.listChanged")),
        sender=Side.CLIENT,
    ),
    attrs.evolve(
        _legacy(_notification("notifications/elicitation/complete", ElicitationCompleteNotificationParams)),
        since=LATEST_LEGACY,
    ),
    _of_tasks(_notification("notifications/tasks/status", TaskStatusNotificationParams, "tasks")),
    _modern(
        _notification("notifications/subscriptions/acknowledged", SubscriptionsAcknowledgedNotificationParams)
    ),
)

METHODS: Final = MethodTable(methods=_REQUESTS + _NOTIFICATIONS)
"""The methods of the specification; the extensions bring their own."""
