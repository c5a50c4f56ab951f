"""A server with a limit of its own: each client has so much to spend in a minute, and tools have prices.

`sansmcp.middleware.limit_rate` counts requests; this shows what is behind such middleware.
"""

from collections.abc import Hashable

from sansmcp import Incoming, Proceed, RpcError, Server, Steps
from sansmcp.session import IncomingRequest
from sansmcp_asyncio import serve_stdio

BUDGET = 10
PRICES = {"look_up": 1, "draw": 6}

server = Server("limited", version="1.0")
spent: dict[Hashable, list[tuple[float, int]]] = {}


@server.middleware
def charge(message: Incoming, proceed: Proceed) -> Steps:
    """Refuse a call that a client cannot pay; what was spent is forgotten after a minute."""
    if isinstance(message, IncomingRequest) and message.method == "tools/call":
        price = PRICES.get(message.name or "", 0)
        client = message.principal or message.session
        now = message.clock()
        recent = [(when, paid) for when, paid in spent.get(client, []) if when > now - 60]
        if sum(paid for _, paid in recent) + price > BUDGET:
            wait = recent[0][0] + 60 - now if recent else 60.0
            raise RpcError(1, f"{message.name} costs {price}, which is left in {wait:.0f} s", {"wait": wait})
        spent[client] = [*recent, (now, price)]
    return (yield from proceed(message))


@server.tool
def look_up(word: str) -> str:
    """Look a word up; costs 1."""
    return word.upper()


@server.tool
def draw(shape: str) -> str:
    """Draw a shape; costs 6."""
    return f"<svg><text>{shape}</text></svg>"


if __name__ == "__main__":
    serve_stdio(server)
