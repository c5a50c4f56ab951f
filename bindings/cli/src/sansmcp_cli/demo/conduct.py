"""Whether a recorded conversation kept the rules that can be seen from outside."""

from collections.abc import Iterable, Iterator

import attrs

from sansmcp.values import JSON
from sansmcp_cli.demo.lines import Line

Key = tuple[str, type, JSON]
"""A request: who sent it, and its id with its type, since 7 and "7" are different."""


@attrs.define
class Conduct:
    """Reads a conversation line by line and names what breaks a rule.

    Args:
        closes: whether requests are given up by closing their stream, which no line shows.
    """

    closes: bool = False
    _open: dict[Key, str] = attrs.field(init=False, factory=dict)
    _cancelled: set[Key] = attrs.field(init=False, factory=set)
    _progress: dict[JSON, float] = attrs.field(init=False, factory=dict)

    def faults_of(self, lines: Iterable[Line]) -> Iterator[str]:
        """Yield a sentence for each breach; requests that were never answered come last."""
        for line in lines:
            yield from self._read(line)
        for key, method in () if self.closes else self._open.items():
            yield f"{method} {key[2]!r} of the {key[0]} was never answered"

    def _read(self, line: Line) -> Iterator[str]:
        message = line.message
        if message.get("jsonrpc") != "2.0":
            yield f"the {line.sender} sent a message without jsonrpc 2.0"
        elif "method" not in message:
            yield from self._answered(line)
        elif "id" in message:
            yield from self._asked(line)
        else:
            yield from self._told(line)

    def _asked(self, line: Line) -> Iterator[str]:
        key = (line.sender, type(line.message["id"]), line.message["id"])
        if key in self._open:
            yield f"the {line.sender} used the id {key[2]!r} twice"
        self._open[key] = line.message["method"]

    def _answered(self, line: Line) -> Iterator[str]:
        asker = "server" if line.sender == "client" else "client"
        key = (asker, type(line.message.get("id")), line.message.get("id"))
        if self._open.pop(key, None) is None:
            what = "a cancelled request" if key in self._cancelled else "no request in flight"
            yield f"the {line.sender} answered {key[2]!r}, {what}"

    def _told(self, line: Line) -> Iterator[str]:
        params = line.message.get("params") or {}
        if line.message["method"] == "notifications/cancelled":
            key = (line.sender, type(params.get("requestId")), params.get("requestId"))
            if self._open.pop(key, None) is not None:
                self._cancelled.add(key)
        elif line.message["method"] == "notifications/progress":
            token, progress = params["progressToken"], params["progress"]
            if progress <= self._progress.get(token, float("-inf")):
                yield f"progress of {token!r} did not rise: {progress}"
            self._progress[token] = progress
