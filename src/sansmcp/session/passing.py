"""The messages that middleware sees: what comes in as the event that tells of it, what goes out as a value.

All of them have a method and a clock; none has a wire id, since a request that is sent again has another.
Change one with its `with_...` method or with `attrs.evolve`, and proceed with what that returns.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Final, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.session.base import Session
from sansmcp.session.events import (
    ChangeKind,
    ChangeReceived,
    InputRequested,
    LogReceived,
    NotificationReceived,
    ProgressReceived,
    RequestReceived,
)
from sansmcp.values import ABSENT, JSON, Absent, Value

Clock: TypeAlias = Callable[[], float]
"""Tells the time of the session, in seconds."""

CHANGE_METHODS: Final = {
    ChangeKind.TOOLS: "notifications/tools/list_changed",
    ChangeKind.PROMPTS: "notifications/prompts/list_changed",
    ChangeKind.RESOURCES: "notifications/resources/list_changed",
    ChangeKind.RESOURCE: "notifications/resources/updated",
}
"""The notification that tells of each kind of change."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class IncomingRequest(Value):
    """The peer asks something; `proceed` gives the typed result, or raises what the handler raised."""

    session: Session[JSON] = attrs.field(repr=False)
    """Where it came from."""
    event: RequestReceived | InputRequested
    """What was asked: on a server a request, on a client a question."""
    clock: Clock = attrs.field(repr=False)
    """Tells the time."""
    principal: Hashable = None
    """Who asks, where somebody found that out: middleware may name it for what is inside."""

    @property
    def method(self) -> str:
        """The method."""
        return self.event.method

    @property
    def params(self) -> JSON:
        """The typed params of the method table."""
        return self.event.params

    @property
    def name(self) -> str | None:
        """What is asked for: the tool, the prompt or the URI; None where the request names nothing."""
        return name_in(self.event.params)

    def with_params(self, params: JSON) -> "IncomingRequest":
        """Return the same request with other params.

        Args:
            params: a value of the params type in the method table.
        """
        return attrs.evolve(self, event=attrs.evolve(self.event, params=params))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class IncomingNotification(Value):
    """The peer tells something; `proceed` gives None when whoever is told has been told."""

    session: Session[JSON] = attrs.field(repr=False)
    """Where it came from."""
    event: NotificationReceived | LogReceived | ChangeReceived | ProgressReceived
    """What was told."""
    clock: Clock = attrs.field(repr=False)
    """Tells the time."""

    @property
    def method(self) -> str:
        """The method."""
        match self.event:
            case NotificationReceived():
                return self.event.method
            case LogReceived():
                return "notifications/message"
            case ProgressReceived():
                return "notifications/progress"
            case _:
                return CHANGE_METHODS[self.event.change.kind]

    @property
    def params(self) -> JSON:
        """The typed params; of what has an event of its own, that event."""
        return self.event.params if isinstance(self.event, NotificationReceived) else self.event


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OutgoingRequest(Value):
    """A client calls; `proceed` gives the typed result, or raises how the call ended.

    Proceeding again makes another call.
    """

    session: Session[JSON] = attrs.field(repr=False)
    """Where it goes; it may be another one by the time when it is sent."""
    method: str
    """The method."""
    params: JSON
    """A value of the params type in the method table, a JSON object, or None."""
    clock: Clock = attrs.field(repr=False)
    """Tells the time."""

    @property
    def name(self) -> str | None:
        """What is asked for: the tool, the prompt or the URI; None where the request names nothing."""
        return name_in(self.params)

    def with_params(self, params: JSON) -> "OutgoingRequest":
        """Return the same request with other params."""
        return attrs.evolve(self, params=params)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OutgoingQuestions(Value):
    """A server asks its client something before it answers; `proceed` gives None.

    The answers come with the request that it works on, which is received again.
    """

    session: Session[JSON] = attrs.field(repr=False)
    """Where they go."""
    questions: Mapping[str, schema.InputRequest]
    """The questions by their keys."""
    request: RequestReceived
    """The request that the server works on."""
    clock: Clock = attrs.field(repr=False)
    """Tells the time."""

    @property
    def method(self) -> str:
        """The method of the request that the server works on."""
        return self.request.method


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OutgoingResult(Value):
    """This side answers with a result; `proceed` gives None."""

    session: Session[JSON] = attrs.field(repr=False)
    """Where it goes."""
    result: JSON
    """A value of the result type in the method table, or a JSON object."""
    request: RequestReceived | InputRequested
    """What it answers."""
    clock: Clock = attrs.field(repr=False)
    """Tells the time."""

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request.method

    def with_result(self, result: JSON) -> "OutgoingResult":
        """Return the same answer with another result."""
        return attrs.evolve(self, result=result)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OutgoingError(Value):
    """This side answers with an error; `proceed` gives None."""

    session: Session[JSON] = attrs.field(repr=False)
    """Where it goes."""
    code: int
    """The code of the JSON-RPC error."""
    message: str
    """Its message."""
    data: JSON | Absent = ABSENT
    """Its data."""
    request: RequestReceived | InputRequested
    """What it answers."""
    clock: Clock = attrs.field(repr=False)
    """Tells the time."""

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request.method


@attrs.frozen(kw_only=True, eq=False, repr=False)
class OutgoingNotification(Value):
    """This side tells something; `proceed` gives None."""

    session: Session[JSON] = attrs.field(repr=False)
    """Where it goes."""
    method: str
    """The method."""
    params: JSON
    """A value of the params type in the method table, or a JSON object; of a change the `Change`."""
    request: RequestReceived | None = None
    """The request that it belongs to; None if it belongs to none."""
    clock: Clock = attrs.field(repr=False)
    """Tells the time."""

    def with_params(self, params: JSON) -> "OutgoingNotification":
        """Return the same notification with other params."""
        return attrs.evolve(self, params=params)


Incoming: TypeAlias = IncomingRequest | IncomingNotification
"""What comes in."""

Outgoing: TypeAlias = (
    OutgoingRequest | OutgoingQuestions | OutgoingResult | OutgoingError | OutgoingNotification
)
"""What goes out."""


def name_in(params: JSON) -> str | None:
    """Return what the params of a request name: a tool, a prompt or a URI."""
    name = getattr(params, "name", None) or getattr(params, "uri", None)
    return name if isinstance(name, str) else None
