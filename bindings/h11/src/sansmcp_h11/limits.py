"""What one connection may take and keep, on either side."""

from typing import Final

import attrs

from sansmcp.values import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConnectionLimits(Value):
    """How long a connection of a server lasts, and what it holds."""

    # nginx 75, node and uvicorn 5, Go none.
    idle: float = 60.0
    """Seconds that a connection is kept for another request."""
    # Go reads on for 256 KiB, nginx for as long as something comes.
    rest_bytes: int = 256 * 1024
    """Bytes of a request that are read and dropped once it is answered."""
    # nginx 5, Go half a second.
    rest_time: float = 2.0
    """Seconds that they may take."""
    pipelined_bytes: int = 64 * 1024
    """Bytes of further requests that wait while one is answered; past it that one is the last."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PoolLimits(Value):
    """How many connections a client makes, and how long it keeps them."""

    # httpx has 100.
    connections: int = 100
    """Connections at a time; requests beyond that wait for one."""
    # Calls whose answers wait for ours must not take all connections.
    brief: int = 4
    """Connections beyond those for what brings no message, such as answers to the server's questions."""
    # Many servers close theirs after 5 seconds, and a request must not meet that.
    idle: float = 4.0
    """Seconds that a connection is kept for another request."""
    # As servers bound theirs.
    header_bytes: int = 32 * 1024
    """Bytes of the head of a response."""
    header_count: int = 100
    """Fields of the head of a response."""
    informational: int = 8
    """Heads that say that the response comes later."""
    rest_bytes: int = 64 * 1024
    """Bytes of a response that are read and dropped, so that its connection can be used again."""
    rest_time: float = 1.0
    """Seconds that they may take."""


CONNECTION_LIMITS: Final = ConnectionLimits()
"""The limits of a server that says nothing else."""
POOL_LIMITS: Final = PoolLimits()
"""The limits of a client that says nothing else."""
