"""How a handler waits and talks on asyncio."""

import asyncio

from sansmcp import Context


async def hold(seconds: float, ctx: Context):  # noqa: ARG001  # every hold has both
    """Wait until the time is over or the task is cancelled."""
    await asyncio.sleep(seconds)
    return "held"


async def talk(records: int, size: int, ctx: Context):
    """Log and drain."""
    for _ in range(records):
        ctx.info("x" * size)
        await ctx.drain()
    return "said"
