"""Fixtures of the interop tests: the peers' commands, made once and kept outside the tree."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from tests.interop.environment import FASTMCP, MCP, MCP_LEGACY, Pin, Unavailable, interpreter_of
from tests.interop.node import node_of, packages_of

PEERS = Path(__file__).parent / "peers"

PINS = {"mcp": MCP, "mcp_legacy": MCP_LEGACY, "fastmcp": FASTMCP}

T = TypeVar("T")

# A server of a peer takes a second or two to end, and far longer where other tests run beside it.
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _patient_with_servers_that_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers end by themselves: our clients ask them to by signals after a time that users can bear."""
    for binding in ("asyncio", "threads", "trio"):
        monkeypatch.setattr(f"sansmcp_{binding}.processes.PATIENCE", PATIENCE)


@cache
def found(make: Callable[..., T], *arguments: Pin) -> T | Unavailable:
    """Make a peer once, or learn once why it cannot be had: who does not answer is not asked again."""
    try:
        return make(*arguments)
    except Unavailable as reason:
        return reason


def had(make: Callable[..., T], *arguments: Pin) -> T:
    """Make a peer; the test is skipped where it cannot be had."""
    if sys.platform == "win32":
        pytest.skip("the interop tests drive POSIX processes")
    peer = found(make, *arguments)
    if isinstance(peer, Unavailable):
        pytest.skip(str(peer))
    return peer


def python_program(pin: Pin, program: str) -> list[str]:
    """Return the command of a program that needs a pinned package."""
    return [str(had(interpreter_of, pin)), str(PEERS / program)]


@pytest.fixture(scope="session")
def mcp_server() -> list[str]:
    """The command of the SDK's server."""
    return python_program(MCP, "mcp_server.py")


@pytest.fixture(scope="session")
def mcp_client() -> list[str]:
    """The command of the SDK's client, to be followed by a mode and the command of a server."""
    return python_program(MCP, "mcp_client.py")


@pytest.fixture
def server_command(peer: str) -> list[str]:
    """The command of the server of a peer."""
    return python_program(PINS[peer], f"{peer}_server.py")


@pytest.fixture
def client_command(peer: str) -> list[str]:
    """The command of the client of a peer, to be followed by a mode and the command of a server."""
    return python_program(PINS[peer], f"{peer}_client.py")


@pytest.fixture
def features_command(peer: str) -> list[str]:
    """The command of the client of a peer that looks at everything."""
    return python_program(PINS[peer], f"{peer}_features_client.py")


@pytest.fixture(scope="session")
def node_packages() -> Path:
    """The folder of the packages from npm."""
    return had(packages_of)


@pytest.fixture(scope="session")
def node() -> str:
    """The program that runs them."""
    return str(had(node_of) / "bin" / "node")
