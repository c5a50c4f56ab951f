"""How a handler waits on asyncio."""

import asyncio

from sansmcp import Context


async def hold(seconds: float, ctx: Context):  # noqa: ARG001  # every hold has both
    """Wait until the time is over or the task is cancelled."""
    await asyncio.sleep(seconds)
    return "held"
