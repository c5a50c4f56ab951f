"""Fixtures of the interop tests: the peers' interpreters, made once and kept outside the tree."""

import sys
from pathlib import Path

import pytest
from tests.interop.environment import MCP, Unavailable, interpreter_of

PEERS = Path(__file__).parent / "peers"


@pytest.fixture(scope="session")
def mcp_peer() -> Path:
    """The interpreter that has the official Python SDK; tests skip where it cannot be had."""
    if sys.platform == "win32":
        pytest.skip("the interop tests drive POSIX processes")
    try:
        return interpreter_of(MCP)
    except Unavailable as reason:
        pytest.skip(f"mcp {MCP.version} cannot be had: {reason}")


@pytest.fixture(scope="session")
def mcp_server(mcp_peer: Path) -> list[str]:
    """The command of the SDK's server."""
    return [str(mcp_peer), str(PEERS / "mcp_server.py")]


@pytest.fixture(scope="session")
def mcp_client(mcp_peer: Path) -> list[str]:
    """The command of the SDK's client, to be followed by a mode and the command of a server."""
    return [str(mcp_peer), str(PEERS / "mcp_client.py")]
