from typing import Annotated

from sansmcp import Accepted, Context, Elicit, Elicited, Server, ToolError
from sansmcp_asyncio import serve_stdio

server = Server("orders", version="1.0")
paid: list[str] = []


@server.tool
def cancel_order(order: str, sure: Annotated[bool, Elicit("Really cancel {order}?")]) -> str:
    """Cancel an order; it is asked for beforehand, so this runs once."""
    return f"{order} is cancelled" if sure else f"{order} stays"


@server.tool
def gift_wrap(order: str, paper: Annotated[Elicited[str], Elicit("Which paper for {order}?")]) -> str:
    """Wrap an order, in brown paper if the user has no wish."""
    match paper:
        case Accepted(colour):
            return f"{order} is wrapped in {colour}"
        case _:
            return f"{order} is wrapped in brown"


@server.tool
def pay(order: str, ctx: Context) -> str:
    """Pay for an order, and ask for a tip afterwards: this runs twice, and pays once."""
    receipt = ctx.once("payment", lambda: charge(order))
    match ctx.elicit("tip", f"A tip for {order}?", int):
        case Accepted(tip):
            return f"{receipt}, and a tip of {tip}; charged {len(paid)} time(s)"
        case _:
            raise ToolError(f"{receipt}, without a tip")


def charge(order: str) -> str:
    paid.append(order)
    return f"{order} is paid"


if __name__ == "__main__":
    serve_stdio(server)
