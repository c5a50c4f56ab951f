"""Streamable HTTP as state machines, for servers and clients, without a socket.

Three things are kept apart: an exchange is one HTTP request and its response; a stream is one logical
stream of server-sent events, which outlives exchanges; a session is what a legacy client opened.
"""

from sansmcp.http.heads import (
    Headers,
    RequestHead,
    ResponseAction,
    ResponseBody,
    ResponseEnd,
    ResponseHead,
)

__all__ = [
    "Headers",
    "RequestHead",
    "ResponseAction",
    "ResponseBody",
    "ResponseEnd",
    "ResponseHead",
]
