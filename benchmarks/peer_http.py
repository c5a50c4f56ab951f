"""The same three tools on peers over HTTP, each run by the interpreter of its own environment, on uvicorn.

    python benchmarks/peer_http.py mcp|fastmcp --port N [--stateless] [--json]

The tools are `async def`. Structured output is off, so that all servers say the same: one block of text.
"""

import argparse
import importlib
from typing import Any

from on_uvicorn import serve


def main() -> None:
    """Serve until it is told to end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=("mcp", "fastmcp"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stateless", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    {"mcp": serve_mcp, "fastmcp": serve_fastmcp}[chosen.peer](chosen)


def serve_mcp(chosen: argparse.Namespace) -> None:
    """Serve on the official SDK."""
    server = importlib.import_module("mcp.server.mcpserver").MCPServer(
        "benchmark", version="1", log_level="ERROR"
    )
    offer(server, structured_output=False)
    serve(server.streamable_http_app(stateless_http=chosen.stateless, json_response=chosen.json), chosen.port)


def serve_fastmcp(chosen: argparse.Namespace) -> None:
    """Serve on FastMCP."""
    server = importlib.import_module("fastmcp").FastMCP("benchmark", version="1")
    offer(server, output_schema=None)
    serve(server.http_app(stateless_http=chosen.stateless, json_response=chosen.json), chosen.port)


def offer(server: Any, **settings: Any) -> None:
    """Offer the three tools."""

    @server.tool(**settings)
    async def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    @server.tool(**settings)
    async def echo(text: str) -> str:
        """Return the text."""
        return text

    @server.tool(**settings)
    async def blob(size: int) -> str:
        """Return a text of a size."""
        return "x" * size


if __name__ == "__main__":
    main()
