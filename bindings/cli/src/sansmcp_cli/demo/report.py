"""Shows conversations as they happen, and keeps the count."""

import json
import shutil
from typing import TextIO

import attrs

from sansmcp.schema import Revision, era_of
from sansmcp.values import JSON
from sansmcp_cli.demo.diagram import Diagram
from sansmcp_cli.demo.lines import Line
from sansmcp_cli.faults import Fault
from sansmcp_cli.printing import say


@attrs.define
class Report:
    """What is shown: a diagram or a line for each conversation, or JSON lines.

    Args:
        output: where to print.
        as_json: JSON lines instead of diagrams.
    """

    output: TextIO
    as_json: bool
    messages: int = 0
    passed: int = 0
    faults: list[str] = attrs.field(factory=list)
    _draws: bool = attrs.field(init=False, default=True)
    _diagram: Diagram = attrs.field(init=False)
    _unwritten: Fault | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        colour = self.output.isatty()
        columns = shutil.get_terminal_size((90, 24)).columns if colour else 90
        self._diagram = Diagram(width=max(60, min(columns - 8, 110)), colour=colour)

    def begin(self, runtime: str, revision: Revision, *, draws: bool) -> None:
        """Begin a conversation.

        Args:
            runtime: what it runs on.
            revision: the revision that is spoken.
            draws: whether it is shown as a diagram; if not, `compare` says how it went.
        """
        self._draws = draws and not self.as_json
        if self._draws:
            title = f"{revision}, the {era_of(revision).value} era, on {runtime}"
            self._print(*self._diagram.head(title))

    def step(self, text: str) -> None:
        """Say what is about to be tried."""
        if self._draws:
            self._print(self._diagram.step(text))

    def heard(self, runtime: str, revision: Revision, line: Line) -> None:
        """Show one message."""
        self.messages += 1
        if self.as_json:
            said = {"runtime": runtime, "revision": revision, **attrs.asdict(line, recurse=False)}
            self._print(json.dumps(said))
        elif self._draws:
            self._print(self._diagram.arrow(line))

    def fault(self, runtime: str, revision: Revision, text: str) -> None:
        """Name what went wrong."""
        self.faults.append(f"{runtime}, {revision}: {text}")

    def announce_others(self) -> None:
        """Say that what follows are the other runtimes."""
        if not self.as_json:
            self._print("", "on the other runtimes")

    def compare(
        self, runtime: str, revision: Revision, lines: list[Line], first: str, expected: list[Line]
    ) -> None:
        """Say whether a conversation was the one that the first runtime had.

        Args:
            runtime: what it ran on.
            revision: the revision that was spoken.
            lines: what was said.
            first: the first runtime.
            expected: what was said there.
        """
        difference = _difference(_settled(lines), _settled(expected))
        if difference is not None:
            self.fault(runtime, revision, f"expected what was said on {first}; {difference}")
        if not self.as_json:
            verdict = f"not what was said on {first}"
            if difference is None:
                verdict = f"the same conversation as on {first}, {len(lines)} messages"
            self._print(f"    {runtime:8} {revision}: {verdict}")

    def announce_http(self) -> None:
        """Say that what follows goes over HTTP."""
        if not self.as_json:
            self._print("", "over HTTP, with one server for all")

    def count(self, runtime: str, revision: Revision, messages: int) -> None:
        """Say that a conversation over HTTP is over."""
        if not self.as_json:
            self._print(f"    {runtime:8} {revision}: {messages} messages")

    def end(self, runtimes: int, revisions: int) -> None:
        """Sum up.

        Args:
            runtimes: how many runtimes there were.
            revisions: how many revisions were spoken on each.

        Raises:
            Fault: not everything could be written.
        """
        self._sum_up(runtimes, revisions)
        if self._unwritten is not None:
            raise self._unwritten

    def _sum_up(self, runtimes: int, revisions: int) -> None:
        if self.as_json:
            summary = {"messages": self.messages, "steps": self.passed, "faults": self.faults}
            self._print(json.dumps({"summary": summary}))
            return
        self._print("", f"{self.passed} steps went as the protocol demands, {len(self.faults)} did not;")
        self._print(
            f"{self.messages} messages in {revisions} revisions on {runtimes} "
            + ("runtime." if runtimes == 1 else "runtimes.")
        )
        self._print(*(f"  not as demanded: {fault}" for fault in self.faults))

    def _print(self, *lines: str) -> None:
        try:
            say(self.output, *lines)
        except Fault as fault:
            # In the middle of a conversation it would be taken for a fault of that.
            self._unwritten = fault


def _settled(lines: list[Line]) -> list[Line]:
    """Leave out progress that was overtaken: whoever sends it may do so too, where the newest is there."""
    newest = {_progress_of(line): number for number, line in enumerate(lines)}
    return [
        line
        for number, line in enumerate(lines)
        if _progress_of(line) is None or newest[_progress_of(line)] == number
    ]


def _progress_of(line: Line) -> JSON:
    """Return the token of a progress; None if it is none."""
    if line.message.get("method") != "notifications/progress":
        return None
    return line.message["params"]["progressToken"]


def _difference(lines: list[Line], expected: list[Line]) -> str | None:
    """Name the first message that is another one; times do not count."""
    for number, (line, other) in enumerate(zip(lines, expected, strict=False), start=1):
        if (line.sender, line.message) != (other.sender, other.message):
            found, wanted = _short(line), _short(other)
            return f"message {number}: found {found}, expected {wanted}"
    if len(lines) != len(expected):
        return f"found {len(lines)} messages, expected {len(expected)}"
    return None


def _short(line: Line) -> str:
    return f"{line.sender} {json.dumps(line.message)}"[:200]
