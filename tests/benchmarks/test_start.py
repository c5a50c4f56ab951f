"""What a server pays for at its start: only what it uses."""

import subprocess
import sys
from functools import cache

import pytest

PROGRAM = """
import sys
from sansmcp import Server

server = Server("test", version="1")

@server.tool
def add(a: int, b: int) -> int:
    return a + b

{more}
print(*sys.modules)
"""
BY_HAND = """
@server.tool(input_schema={"type": "object"})
def anything(arguments: dict) -> str:
    return "ok"
"""


@cache
def imported(more: str = "") -> frozenset[str]:
    """The modules that are there once a server has been made."""
    command = (sys.executable, "-c", PROGRAM.format(more=more))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize(
    "module", ["jsonschema", "hypothesis", "sansmcp.testing", "asyncio", "ssl", "pydantic"]
)
def test_a_server_of_typed_tools_does_not_import(module) -> None:
    assert module not in imported()


def test_a_schema_that_is_written_by_hand_brings_its_validator() -> None:
    assert "jsonschema" in imported(BY_HAND)
