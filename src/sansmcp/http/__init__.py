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
from sansmcp.http.server import (
    Authorize,
    EventStore,
    ForgetEvents,
    HeaderParameters,
    HttpStats,
    LoadEvents,
    LoadSession,
    MemoryEventStore,
    OpenHttpSession,
    ServerExchange,
    ServerHttp,
    StoredEvent,
    StoreErrand,
    StoreEvent,
    StoreSession,
)
from sansmcp.http.settings import LATER, HttpLimits, HttpOptions, HttpSettings, Later, ResponseForm, Verify
from sansmcp.http.states import (
    EXCHANGE,
    SESSION,
    STREAM,
    ExchangeInput,
    ExchangeState,
    HttpEffect,
    SessionInput,
    SessionState,
    StreamInput,
    StreamState,
)
from sansmcp.http.urls import Url

__all__ = [
    "EXCHANGE",
    "LATER",
    "LOOPBACK_NAMES",
    "SESSION",
    "STREAM",
    "AbortRequest",
    "Authorize",
    "ClientExchange",
    "ClientHttp",
    "EventStore",
    "ExchangeInput",
    "ExchangeState",
    "ForgetEvents",
    "HeaderParameters",
    "Headers",
    "HttpAction",
    "HttpClientLimits",
    "HttpEffect",
    "HttpLimits",
    "HttpOptions",
    "HttpSettings",
    "HttpStats",
    "Later",
    "LoadEvents",
    "LoadSession",
    "MemoryEventStore",
    "OpenHttpSession",
    "OpenRequest",
    "Policy",
    "Refused",
    "RequestHead",
    "ResponseAction",
    "ResponseBody",
    "ResponseEnd",
    "ResponseForm",
    "ResponseHead",
    "ServerExchange",
    "ServerHttp",
    "SessionInput",
    "SessionState",
    "StoreErrand",
    "StoreEvent",
    "StoreSession",
    "StoredEvent",
    "StreamInput",
    "StreamState",
    "Url",
    "Verify",
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
