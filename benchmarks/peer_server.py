"""The same three tools on the official Python SDK, run by the interpreter of its own environment.

    python benchmarks/peer_server.py [--sync]

With `--sync` the tools are `def`, which that SDK too runs on worker threads; by default `async def`.
"""

import sys

from mcp.server.mcpserver import MCPServer


def main() -> None:
    """Serve one peer over standard input and output."""
    server = MCPServer("benchmark", version="1")
    if sys.argv[1:] == ["--sync"]:
        offer_plain_tools(server)
    else:
        offer_async_tools(server)
    server.run("stdio")


# Structured output is off, so that both servers say the same: one block of text.


def offer_async_tools(server: MCPServer) -> None:
    """Offer the three tools as `async def`."""

    @server.tool(structured_output=False)
    async def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    @server.tool(structured_output=False)
    async def echo(text: str) -> str:
        """Return the text."""
        return text

    @server.tool(structured_output=False)
    async def blob(size: int) -> str:
        """Return a text of a size."""
        return "x" * size


def offer_plain_tools(server: MCPServer) -> None:
    """Offer the three tools as `def`."""

    @server.tool(structured_output=False)
    def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    @server.tool(structured_output=False)
    def echo(text: str) -> str:
        """Return the text."""
        return text

    @server.tool(structured_output=False)
    def blob(size: int) -> str:
        """Return a text of a size."""
        return "x" * size


if __name__ == "__main__":
    main()
