"""What a session asks its framing to do. Actions are values; a framing carries them out in order."""

from typing import TypeAlias

import attrs

from sansmcp.values import RequestId, Value
from sansmcp.wire import Batch, Message


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Send(Value):
    """Send one message."""

    message: Message | Batch
    """What to send."""
    data: bytes
    """The same as compact JSON in UTF-8, without a line end; it is never empty."""
    related: RequestId | None = None
    """The peer's request that this belongs to, which names the exchange; None if it belongs to none."""
    key: tuple[str, ...] | None = None
    """Of equal keys not yet written the newest wins; None is never replaced."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Cancel(Value):
    """Tell the peer that a request is given up.

    On stdio and in the legacy era it is `notifications/cancelled`; on modern HTTP the response
    stream is closed instead.
    """

    request_id: RequestId
    """The request: one that we sent, or a subscription of the peer's that we end."""
    reason: str | None = None
    """One sentence for logs."""
    related: RequestId | None = None
    """The peer's request that this belongs to; None if it belongs to none."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EndExchange(Value):
    """End the exchange of a request that will never be answered; framings without exchanges do nothing."""

    request_id: RequestId
    """The peer's request."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Release(Value):
    """End the response to a request for now and keep its stream, so that the client comes back for the rest.

    Framings without exchanges do nothing.
    """

    request_id: RequestId
    """The peer's request."""
    retry: float
    """Seconds after which the client is to come back."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Close(Value):
    """Close the channel once everything before this is written."""


Action: TypeAlias = Send | Cancel | EndExchange | Release | Close
