"""The bytes that are sent to every server alike, and the check of what it answers."""

import json
from collections.abc import Mapping, Sequence

REVISIONS = ("2025-11-25", "2026-07-28")
CLIENT = {"name": "benchmark", "version": "1"}


def opening(revision: str) -> tuple[bytes, bytes]:
    """Return what comes before the first call: a request that is awaited, and what needs no answer."""
    if revision >= "2026":
        return b"", b""
    hello = {"protocolVersion": revision, "capabilities": {}, "clientInfo": CLIENT}
    return (
        _line({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}),
        _line({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    )


def calls(
    revision: str, tool: str, arguments: Mapping[str, object], numbers: Sequence[int]
) -> tuple[bytes, ...]:
    """Return the line of a call for each number, which is its id."""
    params: dict[str, object] = {"name": tool, "arguments": arguments}
    if revision >= "2026":
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": revision,
            "io.modelcontextprotocol/clientInfo": CLIENT,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    return tuple(
        _line({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
        for number in numbers
    )


def check(output: bytes, text: str, numbers: Sequence[int]) -> None:
    """Check that the output answers every number once, with a text, and says nothing else.

    Raises:
        ValueError: it does not, so that whatever was measured was not this work.
    """
    answered = []
    for line in output.splitlines():
        answer = json.loads(line)
        result = answer.get("result", {})
        if result.get("content") != [{"type": "text", "text": text}] or result.get("isError", False):
            raise ValueError(f"expected the text {text[:40]!r}, found {line[:200]!r}")
        answered.append(answer["id"])
    if sorted(answered) != sorted(numbers):
        raise ValueError(f"expected answers to {len(numbers)} calls, found {len(answered)}")


def _line(message: object) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
