from sansmcp import Context, Server
from sansmcp.server import StateHandles
from sansmcp_asyncio import serve_stdio

server = Server("carts", version="1.0", handles=StateHandles(lifetime=30 * 60))


@server.tool
def new_cart(ctx: Context) -> str:
    """Begin a cart; give what this returns to the other tools."""
    return ctx.handles.new([])


@server.tool
def add_to_cart(cart: str, item: str, ctx: Context) -> list[str]:
    """Put an item into a cart."""
    items: list[str] = [*ctx.handles.get(cart), item]
    ctx.handles.set(cart, items)
    return items


if __name__ == "__main__":
    serve_stdio(server)
