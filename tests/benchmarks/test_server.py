"""The server that the benchmarks measure answers what it is asked, so that they measure that work."""

import importlib.util
import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "benchmarks" / "server.py"
CLIENT = {"name": "test", "version": "1"}
HELLO = (
    {
        "jsonrpc": "2.0",
        "id": "hello",
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT},
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
)
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
CALLS = {
    "sum": ("add", {"a": 17, "b": 25}),
    "refused": ("add", {"a": "17", "b": 25}),
    "text": ("echo", {"text": "größer"}),
    "long": ("blob", {"size": 100_000}),
}


def serve(*options: str) -> tuple[str, ...]:
    """The command line, whose binding is left out of the test where it is not installed."""
    binding = options[options.index("--binding") + 1] if "--binding" in options else "asyncio"
    if importlib.util.find_spec(f"sansmcp_{binding}") is None:
        pytest.skip(f"sansmcp_{binding} is not installed")
    return (sys.executable, str(SERVER), "stdio", *options)


def answers(command: tuple[str, ...], era: str) -> dict[str, dict[str, object]]:
    """Pipe the calls in, and return the results by id."""
    meta = {"_meta": META} if era == "modern" else {}
    messages = [] if era == "modern" else list(HELLO)
    for request_id, (tool, arguments) in CALLS.items():
        params = {"name": tool, "arguments": arguments, **meta}
        messages.append({"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params})
    data = b"".join(json.dumps(message).encode() + b"\n" for message in messages)
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {answer["id"]: answer["result"] for answer in found}


COLOURS = {"default": (), "sync": ("--sync",), "inline": ("--inline",)}
# The eras take turns: a process speaks in one of them.
TURNS = [
    (binding, colour, ("legacy", "modern")[turn % 2])
    for turn, (binding, colour) in enumerate(product(["asyncio", "trio", "threads"], COLOURS))
]


@pytest.mark.parametrize(("binding", "colour", "era"), TURNS)
def test_the_three_tools_answer_in_both_eras(binding, colour, era) -> None:
    results = answers(serve("--binding", binding, *COLOURS[colour]), era)
    assert results["sum"]["content"] == [{"type": "text", "text": "42"}]
    assert results["text"]["content"] == [{"type": "text", "text": "größer"}]
    assert results["long"]["content"] == [{"type": "text", "text": "x" * 100_000}]
    # The arguments are validated, as those of any tool.
    assert results["refused"]["isError"] is True
    assert "expected an integer" in results["refused"]["content"][0]["text"]


def test_the_default_binding_is_asyncio() -> None:
    assert answers(serve(), "legacy") == answers(serve("--binding", "asyncio"), "legacy")


def test_an_unknown_binding_is_refused_with_the_names_of_those_there_are() -> None:
    done = subprocess.run(
        (sys.executable, str(SERVER), "stdio", "--binding", "curio"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("asyncio", "trio", "threads"))
