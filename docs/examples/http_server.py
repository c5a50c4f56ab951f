import asyncio

from sansmcp.server import Server
from sansmcp_asyncio import serve_http

server = Server("sums", version="1.0")


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


asyncio.run(serve_http(server, port=8000))
