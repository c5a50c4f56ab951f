"""Bytes to messages and back: JSON-RPC, newline framing, limits. It knows no method and no state."""

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

__all__ = [
    "DEFAULT_LIMITS",
    "NO_MEMBERS",
    "Batch",
    "ErrorObject",
    "ErrorResponse",
    "Limits",
    "LineReader",
    "Message",
    "Notification",
    "Request",
    "Response",
    "Shape",
    "Violation",
    "decode",
    "encode",
    "encode_line",
    "make_excerpt",
]
