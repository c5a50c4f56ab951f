"""Streamable HTTP as state machines, for servers and clients, without a socket.

Three things are kept apart: an exchange is one HTTP request and its response; a stream is one logical
stream of server-sent events, which outlives exchanges; a session is what a legacy client opened.
"""

from sansmcp.http.client import (
    AbortRequest,
    ClientExchange,
    ClientHttp,
    HttpAction,
    HttpClientLimits,
    OpenRequest,
    callable_by_http,
)
from sansmcp.http.heads import (
    Headers,
    RequestHead,
    ResponseAction,
    ResponseBody,
    ResponseEnd,
    ResponseHead,
)
from sansmcp.http.media_types import accepts, is_event_stream, is_json
from sansmcp.http.mirrored import claims_of, decode_value, encode_value, mirrored_headers
from sansmcp.http.policy import LOOPBACK_NAMES, Policy
from sansmcp.http.refusals import Refused, response
from sansmcp.http.urls import Url

__all__ = [
    "LOOPBACK_NAMES",
    "AbortRequest",
    "ClientExchange",
    "ClientHttp",
    "Headers",
    "HttpAction",
    "HttpClientLimits",
    "OpenRequest",
    "Policy",
    "Refused",
    "RequestHead",
    "ResponseAction",
    "ResponseBody",
    "ResponseEnd",
    "ResponseHead",
    "Url",
    "accepts",
    "callable_by_http",
    "claims_of",
    "decode_value",
    "encode_value",
    "is_event_stream",
    "is_json",
    "mirrored_headers",
    "response",
]
