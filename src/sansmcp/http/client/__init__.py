"""Streamable HTTP for clients: one session, whose messages travel in many exchanges."""

from sansmcp.http.client.endpoint import ClientHttp
from sansmcp.http.client.exchange import AbortRequest, ClientExchange, OpenRequest
from sansmcp.http.client.exchanges import HttpAction, HttpClientLimits
from sansmcp.http.client.mirrored import callable_by_http

__all__ = [
    "AbortRequest",
    "ClientExchange",
    "ClientHttp",
    "HttpAction",
    "HttpClientLimits",
    "OpenRequest",
    "callable_by_http",
]
