"""What happened, as finished values: the events of both roles. Match them exhaustively."""

from collections.abc import Mapping
from typing import NewType, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.schema import Era, Revision
from sansmcp.values import ABSENT, JSON, Absent, ProgressToken, RequestId, Value, Word
from sansmcp.wire import Message, Notification, Request

CallHandle = NewType("CallHandle", int)
"""Names a call of ours from its first byte to its outcome; it is not the JSON-RPC id."""

InputHandle = NewType("InputHandle", int)
"""Names a question that the peer asked us."""


class ChangeKind(Word):
    """What can change on a server."""

    TOOLS = "tools"
    """The list of tools."""
    PROMPTS = "prompts"
    """The list of prompts."""
    RESOURCES = "resources"
    """The list of resources."""
    RESOURCE = "resource"
    """The contents of one resource."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Change(Value):
    """One thing that changed on a server."""

    kind: ChangeKind
    """What changed."""
    uri: str | None = None
    """The resource, where one resource changed; else None."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InputRefused(Value):
    """The client answered a question with an error; it takes the place of an answer."""

    code: int
    """The code of the JSON-RPC error; that of an invalid message if the answer could not be read."""
    message: str
    """Its message."""
    data: JSON | Absent = ABSENT
    """Its data."""


InputAnswer: TypeAlias = schema.ElicitResult | schema.CreateMessageResult | schema.ListRootsResult
"""The answer to a question that was put to a client."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProtocolViolated(Value):
    """The peer broke a rule; the reply, where one is due, is already queued."""

    reason: str
    """What was found and what was expected."""
    code: int | None = None
    """The JSON-RPC error that it deserves, whether or not an answer was due; None where there is none."""
    request_id: RequestId | None = None
    """The id in the message, where it could be read."""
    excerpt: str = ""
    """The start of the raw text, at most 80 characters."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MessageDropped(Value):
    """A good message had no place: a late answer, an unknown or duplicate id, an unknown token."""

    reason: str
    """Why it had no place."""
    message: Message
    """The message."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NotificationReceived(Value):
    """The peer sent a notification that has no event of its own."""

    method: str
    """The method."""
    params: JSON
    """The typed params of the method table."""
    message: Notification
    """The whole message."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Disconnected(Value):
    """The connection has ended; it is always the last event, and comes once."""

    reason: str
    """Why it ended."""
    while_probing: bool = False
    """The server ended while a client asked for its era: some legacy servers exit on that question.

    Start it again and tell the next session that it is legacy.
    """


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExchangeEnded(Value):
    """The session of one HTTP request is over; it is always its last event, and comes once."""

    reason: str
    """Why it ended."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConnectionLost(Value):
    """A client's connection has ended and is made again; `Connected` or `Disconnected` follows."""

    reason: str
    """Why it ended; calls that were in flight have ended as `RequestLost`."""
    attempt: int
    """Which attempt without progress comes now, from 1."""
    delay: float
    """Seconds until it is made."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SessionOpened(Value):
    """A client was answered on `initialize`: a legacy session begins."""

    revision: Revision
    """The negotiated revision."""
    client_info: schema.Implementation
    """Who the client says it is."""
    capabilities: schema.ClientCapabilities
    """What the client can do."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ClientInitialized(Value):
    """The client of a legacy session is ready; it comes once in a session."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SessionEnded(Value):
    """A legacy session is over."""

    reason: str
    """Why it ended."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestReceived(Value):
    """A request is to be answered: give exactly one of respond, fail or require_input for it.

    The same request comes again, with the answers and a higher round, after `require_input`: in the
    legacy era under the same id, in the modern era as the client's retry under a new one.
    """

    request_id: RequestId
    """The id to answer with."""
    method: str
    """The method."""
    params: JSON
    """The typed params of the method table."""
    message: Request
    """The whole message, as it was parsed."""
    revision: Revision
    """The revision that this request speaks."""
    era: Era
    """The era of that revision."""
    capabilities: schema.ClientCapabilities
    """What the client can do for this request."""
    extensions: Mapping[str, JSON] = attrs.field(factory=dict)
    """What the client says of the extensions that both sides declared, by their ids."""
    client_info: schema.Implementation | None = None
    """Who the client says it is; for display only."""
    log_level: schema.LoggingLevel | None = None
    """The least severe level of log messages that the client wants; None for none at all."""
    progress_token: ProgressToken | None = None
    """Where progress may be reported to; None if the client did not ask for it."""
    input_responses: Mapping[str, InputAnswer | InputRefused] = attrs.field(factory=dict)
    """The answers to what `require_input` asked, by its keys."""
    request_state: str | None = None
    """What `require_input` gave along; in the modern era it has passed through the client's hands."""
    round: int = 0
    """How often the handler has run before, as far as this session knows."""
    can_ask: bool = True
    """Whether questions reach the client; if not, it is asked none, whatever it can do."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestCancelled(Value):
    """The client gave the request up: stop the work; what is answered now will be dropped."""

    request_id: RequestId
    """The request."""
    reason: str | None = None
    """What the client or the session says about it."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestStateRefused(Value):
    """A client brought a request state that is not good here; it was told no more than that."""

    request_id: RequestId
    """The request."""
    method: str
    """Its method."""
    reason: str
    """What is wrong with it."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestDrained(Value):
    """What a request had to say so far is on its way; `drain` asked for it."""

    request_id: RequestId
    """The request."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NotificationsLeftOut(Value):
    """Notifications of our side were not sent, since there were too many; the peer is told how many."""

    request_id: RequestId | None
    """The request that they belong to, or None."""
    method: str
    """Their method."""
    count: int
    """How many."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AnswerDropped(Value):
    """An answer came for a request that had been cancelled; nothing was sent."""

    request_id: RequestId
    """The request; it is finished now."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HandlerFailed(Value):
    """A handler raised, or middleware around it; the peer was told only that it failed."""

    request_id: RequestId
    """The request."""
    method: str
    """The method."""
    name: str | None = None
    """What was called: the tool, the prompt or the URI; None where the request names nothing."""
    middleware: str | None = None
    """The middleware that raised it; None where the handler did."""
    error: BaseException
    """What was raised, with its traceback."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SubscriptionOpened(Value):
    """A client wants to hear of changes; it was acknowledged already."""

    subscription_id: RequestId | None
    """The request that opened it; None for the subscriptions of a legacy session, which have no id."""
    filter: schema.SubscriptionFilter
    """What will be told."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SubscriptionClosed(Value):
    """A client no longer hears of changes."""

    subscription_id: RequestId | None
    """The request that had opened it; None in a legacy session."""
    filter: schema.SubscriptionFilter
    """What is no longer told."""
    reason: str
    """Why it ended."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Connected(Value):
    """The client knows its server; calls may be sent. It comes again when the finding was revised."""

    revision: Revision
    """The revision that is spoken from now on."""
    era: Era
    """Its era."""
    capabilities: schema.ServerCapabilities
    """What the server can do."""
    server_info: schema.Implementation | None = None
    """Who the server says it is; for display only."""
    instructions: str | None = None
    """How the server wants to be used, for the model."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ResponseReceived(Value):
    """A call has its result."""

    handle: CallHandle
    """The handle that `send_request` returned; it is finished and names nothing from now on."""
    method: str
    """The method."""
    result: JSON
    """The typed result of the method table."""
    rounds: int = 0
    """How often the server asked back before, in the modern era: such a result belongs to the answers."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestFailed(Value):
    """The peer answered a call with an error."""

    handle: CallHandle
    """The handle that `send_request` returned; it is finished and names nothing from now on."""
    method: str
    """The method."""
    code: int
    """The code of the JSON-RPC error."""
    message: str
    """Its message."""
    data: JSON | Absent = ABSENT
    """Its data."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestTimedOut(Value):
    """No answer came in time; the peer was told to stop and may or may not have done the work."""

    handle: CallHandle
    """The handle that `send_request` returned; it is finished and names nothing from now on."""
    method: str
    """The method."""
    reason: str
    """Which deadline passed."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RequestLost(Value):
    """No answer can come any more; the peer may or may not have done the work."""

    handle: CallHandle
    """The handle that `send_request` returned; it is finished and names nothing from now on."""
    method: str
    """The method."""
    reason: str
    """Why no answer can come."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProgressReceived(Value):
    """A call got further."""

    handle: CallHandle
    """The call."""
    progress: float
    """How far it is; it rises from event to event."""
    total: float | None = None
    """How far it goes, where the server knows."""
    message: str | None = None
    """A sentence for people."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LogReceived(Value):
    """The server sent a log message."""

    level: schema.LoggingLevel
    """How severe it is."""
    data: JSON
    """What is logged: a text or any other value."""
    logger: str | None = None
    """The name of the logger."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InputRequested(Value):
    """The server asks something: give exactly one of provide_input or refuse_input for it."""

    handle: InputHandle
    """Names the question."""
    method: str
    """`elicitation/create`, `sampling/createMessage` or `roots/list`."""
    params: JSON
    """The typed params of the method."""
    call: CallHandle | None = None
    """The call it belongs to; None in the legacy era, where questions name no call."""
    message: Request | None = None
    """The whole message, as it was parsed; None in the modern era, where a question is no message."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InputCancelled(Value):
    """A question is withdrawn: stop asking; what is answered now will be dropped."""

    handle: InputHandle
    """The question."""
    reason: str | None = None
    """What the server or the session says about it."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SubscriptionAcknowledged(Value):
    """The server tells of changes from now on."""

    handle: CallHandle
    """The handle that `listen` returned."""
    filter: schema.SubscriptionFilter
    """What it agreed to tell; it may be less than was asked for."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ChangeReceived(Value):
    """Something changed on the server."""

    change: Change
    """What changed."""
    handle: CallHandle | None = None
    """The subscription it was told on; None in the legacy era, where changes come unasked."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SubscriptionEnded(Value):
    """The server tells no more changes on this subscription."""

    handle: CallHandle
    """The handle that `listen` returned; it is finished and names nothing from now on."""
    reason: str
    """Why it ended."""


ServerEvent: TypeAlias = (
    SessionOpened
    | ClientInitialized
    | SessionEnded
    | RequestReceived
    | RequestCancelled
    | NotificationReceived
    | AnswerDropped
    | RequestDrained
    | RequestStateRefused
    | NotificationsLeftOut
    | HandlerFailed
    | SubscriptionOpened
    | SubscriptionClosed
    | ResponseReceived
    | RequestFailed
    | RequestTimedOut
    | RequestLost
    | ProtocolViolated
    | MessageDropped
    | ExchangeEnded
    | Disconnected
)
"""What a `ServerSession` tells; the outcomes are those of its own pings.

`ExchangeEnded` takes the place of `Disconnected` where an endpoint makes a session for one HTTP request.
"""

ClientEvent: TypeAlias = (
    Connected
    | ConnectionLost
    | ResponseReceived
    | RequestFailed
    | RequestTimedOut
    | RequestLost
    | ProgressReceived
    | LogReceived
    | InputRequested
    | InputCancelled
    | SubscriptionAcknowledged
    | ChangeReceived
    | SubscriptionEnded
    | NotificationReceived
    | ProtocolViolated
    | MessageDropped
    | Disconnected
)
"""What a `ClientSession` tells."""

Event: TypeAlias = ServerEvent | ClientEvent
