"""Draws a conversation as a sequence diagram for terminals."""

import json
from collections.abc import Iterator

import attrs

from sansmcp.values import JSON
from sansmcp_cli.demo.lines import Line

_RESET = "\x1b[0m"
_STYLES = {
    "request": "\x1b[1;36m",
    "result": "\x1b[32m",
    "input required": "\x1b[1;35m",
    "error": "\x1b[1;31m",
    "notification": "\x1b[33m",
    "step": "\x1b[1m",
    "dim": "\x1b[2m",
}


@attrs.define
class Diagram:
    """Draws line by line; it remembers which method each answer belongs to.

    Args:
        width: the columns between the two ends.
        colour: whether the terminal takes colours.
    """

    width: int = 76
    colour: bool = False
    _methods: dict[tuple[str, JSON], str] = attrs.field(init=False, factory=dict)

    def head(self, title: str) -> Iterator[str]:
        """Draw the two ends under a title."""
        yield ""
        yield self._style("step", title)
        yield "  client" + " " * (self.width - 6) + "server"
        yield "    │" + " " * self.width + "│"

    def step(self, text: str) -> str:
        """Draw what is about to be tried."""
        return "    │" + self._style("step", f" {text[: self.width - 2]}".ljust(self.width)) + "│"

    def arrow(self, line: Line) -> str:
        """Draw one message."""
        kind, text = self._describe(line)
        text = text[: self.width - 8]
        shaft = "─" * (self.width - len(text) - 6)
        body = f"─ {text} {shaft}──▶" if line.sender == "client" else f"◀── {text} {shaft}─"
        return f"{line.at:4.1f}│".rjust(5) + self._style(kind, body) + "│"

    def tail(self) -> str:
        """Draw the end."""
        return "    │" + " " * self.width + "│"

    def _describe(self, line: Line) -> tuple[str, str]:
        message = line.message
        other = "server" if line.sender == "client" else "client"
        if "method" in message and "id" in message:
            self._methods[line.sender, message["id"]] = message["method"]
            return "request", f"{message['method']} #{message['id']}{_details(message)}"
        if "method" in message:
            return "notification", f"{message['method'].removeprefix('notifications/')}{_details(message)}"
        method = self._methods.get((other, message.get("id")), "?")
        if "error" in message:
            error = message["error"]
            return "error", f"error #{message.get('id')} of {method}: {error['message']} ({error['code']})"
        result = message["result"]
        if result.get("resultType") == "input_required":
            return "input required", f"input required #{message['id']}{_question(result)}"
        return "result", f"result #{message['id']}{_content(result)}"

    def _style(self, kind: str, text: str) -> str:
        return f"{_STYLES[kind]}{text}{_RESET}" if self.colour else text


def _details(message: JSON) -> str:
    params = message.get("params") or {}
    match message["method"]:
        case "initialize":
            return f" {params['protocolVersion']}"
        case "server/discover":
            return f" {params['_meta']['io.modelcontextprotocol/protocolVersion']}"
        case "tools/call":
            answers = " with the answer" if "inputResponses" in params else ""
            return f" {params['name']}({_compact(params.get('arguments') or {})[1:-1]}){answers}"
        case "notifications/progress":
            return f" {params['progress']}/{params.get('total', '?')} {params.get('message', '')}"
        case "notifications/cancelled":
            return f" #{params.get('requestId')}"
        case "elicitation/create":
            return f" {params['message']!r}"
        case _:
            return ""


def _content(result: JSON) -> str:
    if "protocolVersion" in result:
        return f" {result['protocolVersion']} {result['serverInfo']['name']}"
    if "supportedVersions" in result:
        return f" {', '.join(result['supportedVersions'])}"
    if "tools" in result:
        return ": " + ", ".join(tool["name"] for tool in result["tools"])
    if "action" in result:
        return f": {result['action']} {_compact(result.get('content') or {})}"
    if "content" in result:
        return ": " + " ".join(block.get("text", block["type"]) for block in result["content"])
    return ""


def _question(result: JSON) -> str:
    questions = (result.get("inputRequests") or {}).values()
    return "".join(f" {question['params']['message']!r}" for question in questions if "params" in question)


def _compact(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False)
