"""`sansmcp demo`: a real server process, talked to in a legacy revision and in the modern one."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TextIO

import attrs

from sansmcp.client import accept
from sansmcp.schema import CallToolResult, ElicitRequestParams, ElicitResult, Revision, TextContent
from sansmcp.session import MessageDropped, ProtocolViolated
from sansmcp_asyncio import Client, connect, start_process
from sansmcp_cli.conduct import Conduct
from sansmcp_cli.diagram import Diagram
from sansmcp_cli.tap import Line, Tap

REVISIONS: tuple[Revision, ...] = ("2025-11-25", "2026-07-28")
COMMAND = (sys.executable, "-m", "sansmcp_cli.demo_server")

_STEPS = 5


class Unexpected(Exception):
    """Something did not go as the protocol demands."""


@attrs.define
class Report:
    """Prints a conversation as it happens, and keeps the count.

    Args:
        output: where to print.
        as_json: JSON lines instead of a diagram.
    """

    output: TextIO
    as_json: bool
    revision: Revision = "2025-11-25"
    lines: list[Line] = attrs.field(factory=list)
    messages: int = 0
    faults: list[str] = attrs.field(factory=list)
    passed: int = 0
    _diagram: Diagram = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        colour = self.output.isatty()
        columns = shutil.get_terminal_size((90, 24)).columns if colour else 90
        self._diagram = Diagram(width=max(60, min(columns - 8, 110)), colour=colour)

    def begin(self, revision: Revision) -> None:
        """Begin the conversation of one revision."""
        self.revision = revision
        self.lines.clear()
        era = "modern" if revision >= "2026" else "legacy"
        if not self.as_json:
            self._print(*self._diagram.head(f"{revision}, the {era} era"))

    def step(self, text: str) -> None:
        """Say what is about to be tried."""
        if not self.as_json:
            self._print(self._diagram.step(text))

    def heard(self, line: Line) -> None:
        """Show one message."""
        self.messages += 1
        self.lines.append(line)
        if self.as_json:
            self._print(json.dumps({"revision": self.revision, **attrs.asdict(line, recurse=False)}))
        else:
            self._print(self._diagram.arrow(line))

    def fault(self, step: str, error: BaseException) -> None:
        """Name what went wrong."""
        self.faults.append(f"{self.revision}: {step}: {type(error).__name__}: {error}")

    def violated(self, event: ProtocolViolated | MessageDropped) -> None:
        """Name what the client found wrong with what the server sent."""
        self.faults.append(f"{self.revision}: {type(event).__name__}: {event.reason}")

    def check(self) -> None:
        """Name what breaks a rule in the conversation as it was recorded."""
        self.faults.extend(f"{self.revision}: {fault}" for fault in Conduct().faults_of(self.lines))

    def end(self) -> None:
        """Sum up."""
        if self.as_json:
            summary = {"messages": self.messages, "steps": self.passed, "faults": self.faults}
            self._print(json.dumps({"summary": summary}))
            return
        self._print("", f"{self.passed} steps went as the protocol demands, {len(self.faults)} did not;")
        self._print(f"{self.messages} messages in {len(REVISIONS)} revisions.")
        self._print(*(f"  not as demanded: {fault}" for fault in self.faults))

    def _print(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self.output, flush=True)


async def run_demo(output: TextIO, *, as_json: bool = False) -> int:
    """Run the demo.

    Args:
        output: where the conversation is shown.
        as_json: whether to show it as JSON lines instead of a diagram.

    Returns:
        The exit code: 0 only if all went as the protocol demands.
    """
    report = Report(output, as_json)
    for revision in REVISIONS:
        report.begin(revision)
        await _talk(revision, report)
    report.end()
    return 1 if report.faults else 0


async def _talk(revision: Revision, report: Report) -> None:
    process = await start_process(COMMAND)
    stream = Tap(process, time.monotonic, report.heard)
    scene = Scene(report)
    try:
        report.step("connect")
        async with connect(
            stream, revisions=[revision], elicitation=scene.answer, on_violation=report.violated
        ) as client:
            for name, act in scene.acts(client, revision):
                report.step(name)
                await _try(name, act, report)
            report.step("close")
    except Exception as error:  # noqa: BLE001  # a demo that fails says what failed
        report.fault("connect and close", error)
        return
    report.check()
    code = process.returncode
    if code == 0:
        report.passed += 2
    else:
        report.fault("close", Unexpected(f"expected the server to exit with 0, found {code}"))


async def _try(name: str, act: Callable[[], Awaitable[None]], report: Report) -> None:
    try:
        await asyncio.wait_for(act(), 30)
    except Exception as error:  # noqa: BLE001  # a demo that fails says what failed
        report.fault(name, error)
    else:
        report.passed += 1


@attrs.define
class Scene:
    """What is tried, and what is expected."""

    report: Report
    asked: int = 0

    def answer(self, request: ElicitRequestParams) -> ElicitResult:
        """Answer for the user."""
        del request
        self.asked += 1
        return accept({"people": 4, "evening": "Friday"})

    def acts(self, client: Client, revision: Revision) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return the steps by name."""
        acts: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("list the tools", lambda: self.list_tools(client)),
            ("call a tool", lambda: self.add(client)),
            ("watch its progress", lambda: self.count(client)),
            ("let it ask the user", lambda: self.book(client)),
            ("give a call up", lambda: self.cancel(client)),
        ]
        if revision < "2026":
            acts.append(("ping", lambda: self.ping(client)))
        return acts

    async def list_tools(self, client: Client) -> None:
        """List the tools."""
        names = [tool.name async for tool in client.tools()]
        _expect(names, ["add", "count", "book_table", "wait", "calls_given_up"])

    async def add(self, client: Client) -> None:
        """Call a tool."""
        _expect(_text(await client.call_tool("add", {"a": 2, "b": 40})), "42")

    async def count(self, client: Client) -> None:
        """Watch progress; it must rise and come before the result."""
        seen: list[float] = []
        result = await client.call_tool(
            "count", {"steps": _STEPS}, on_progress=lambda event: seen.append(event.progress)
        )
        _expect(_text(result), f"counted to {_STEPS}")
        _expect(seen, sorted(set(seen)))
        _expect(seen[-1:], [float(_STEPS)])

    async def book(self, client: Client) -> None:
        """Answer a question of the server."""
        self.asked = 0
        result = await client.call_tool("book_table", {"restaurant": "Chez Nous"})
        _expect(_text(result), "Chez Nous, 4 people, Friday")
        _expect(self.asked, 1)

    async def cancel(self, client: Client) -> None:
        """Give a call up; the server must notice, and must not answer."""
        waiting = asyncio.Event()
        call = asyncio.ensure_future(client.call_tool("wait", on_progress=lambda _event: waiting.set()))
        await waiting.wait()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        _expect(_text(await client.call_tool("calls_given_up")), "1")

    async def ping(self, client: Client) -> None:
        """Ask whether the server is there."""
        await client.ping()


def _expect(found: object, expected: object) -> None:
    if found != expected:
        raise Unexpected(f"expected {expected!r}, found {found!r}")


def _text(result: CallToolResult) -> str:
    if result.is_error:
        raise Unexpected(f"the tool failed: {result.content}")
    return "".join(block.text for block in result.content if isinstance(block, TextContent))
