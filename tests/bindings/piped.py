"""Requests for a server that is a program: lines piped in, and answers by id."""

import json
import subprocess
from collections.abc import Sequence

HELLO = (
    {
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
)


def call(number: int, tool: str, **arguments: object) -> dict[str, object]:
    return {
        "jsonrpc": "2.0",
        "id": number,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }


def lines(*messages: dict[str, object]) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def serve(
    command: Sequence[str], data: bytes, stdin: object = None
) -> tuple[dict[object, dict[str, object]], subprocess.CompletedProcess]:
    """Pipe lines into a server, close its input, and return its answers by id."""
    given = {"input": data} if stdin is None else {"stdin": stdin}
    done = subprocess.run(command, **given, capture_output=True, timeout=30, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {answer.get("id"): answer for answer in answers}, done
