from sansmcp.server import Server
from sansmcp_asyncio import serve_stdio

server = Server("sums", version="1.0")


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


serve_stdio(server)
