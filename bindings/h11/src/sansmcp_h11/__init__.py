"""HTTP/1.1 for sansmcp, by h11 and without I/O: any driver runs it over any stream of bytes."""

from sansmcp_h11.client import H11Client
from sansmcp_h11.limits import CONNECTION_LIMITS, POOL_LIMITS, ConnectionLimits, PoolLimits
from sansmcp_h11.server import H11Server

__all__ = ["CONNECTION_LIMITS", "POOL_LIMITS", "ConnectionLimits", "H11Client", "H11Server", "PoolLimits"]
