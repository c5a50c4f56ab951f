"""How a handler waits on trio."""

import trio

from sansmcp import Context


async def hold(seconds: float, ctx: Context):  # noqa: ARG001  # every hold has both
    """Wait until the time is over or the scope is cancelled."""
    await trio.sleep(seconds)
    return "held"
