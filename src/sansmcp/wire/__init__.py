"""Bytes to messages and back: JSON-RPC, newline framing, server-sent events, limits.

It knows no method and no state.
"""

from sansmcp.wire.decode import decode
from sansmcp.wire.encode import encode
from sansmcp.wire.limits import DEFAULT_LIMITS, Limits
from sansmcp.wire.lines import LineReader, encode_line
from sansmcp.wire.messages import (
    NO_MEMBERS,
    Batch,
    ErrorObject,
    ErrorResponse,
    Message,
    Notification,
    Request,
    Response,
    Shape,
    Violation,
    make_excerpt,
)
from sansmcp.wire.sse import EventReader, ServerSentEvent, encode_comment, encode_event

__all__ = [
    "DEFAULT_LIMITS",
    "NO_MEMBERS",
    "Batch",
    "ErrorObject",
    "ErrorResponse",
    "EventReader",
    "Limits",
    "LineReader",
    "Message",
    "Notification",
    "Request",
    "Response",
    "ServerSentEvent",
    "Shape",
    "Violation",
    "decode",
    "encode",
    "encode_comment",
    "encode_event",
    "encode_line",
    "make_excerpt",
]
