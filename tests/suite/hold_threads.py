"""How a handler waits and talks on a thread."""

import time

from sansmcp import Context


def hold(seconds: float, ctx: Context):
    """Wait until the time is over or nobody waits for the outcome any more."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not ctx.cancelled:
        time.sleep(0.001)
    return "held"


def talk(records: int, size: int, ctx: Context):
    """Log and drain."""
    for _ in range(records):
        ctx.info("x" * size)
        ctx.drain()
    return "said"
