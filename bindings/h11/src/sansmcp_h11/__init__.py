"""HTTP/1.1 for sansmcp, by h11 and without I/O: any driver runs it over any stream of bytes."""

from sansmcp_h11.client import H11Client
from sansmcp_h11.limits import CONNECTION_LIMITS, POOL_LIMITS, ConnectionLimits, PoolLimits
from sansmcp_h11.server import H11Server
from sansmcp_h11.states import (
    CLIENT_CONNECTION,
    SERVER_CONNECTION,
    ClientInput,
    ClientPlace,
    ServerInput,
    ServerPlace,
)

__all__ = [
    "CLIENT_CONNECTION",
    "CONNECTION_LIMITS",
    "POOL_LIMITS",
    "SERVER_CONNECTION",
    "ClientInput",
    "ClientPlace",
    "ConnectionLimits",
    "H11Client",
    "H11Server",
    "PoolLimits",
    "ServerInput",
    "ServerPlace",
]
