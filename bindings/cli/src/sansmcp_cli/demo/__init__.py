"""`sansmcp demo`: real server processes, talked to in both eras, on every runtime, and over HTTP."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Final, TextIO, TypeAlias

from sansmcp.schema import Revision
from sansmcp_cli.demo.acts import Unexpected
from sansmcp_cli.demo.conversation import Conversation
from sansmcp_cli.demo.lines import Line
from sansmcp_cli.demo.report import Report

REVISIONS: Final[tuple[Revision, ...]] = ("2025-11-25", "2026-07-28")
"""The newest revision of each era."""

RUNTIMES: Final = ("asyncio", "trio", "threads")
"""What the demo runs on."""

Talk: TypeAlias = Callable[[Sequence[str] | str, Conversation], int | None]
"""Has a conversation with a server that it starts or that has a URL, and returns its exit code."""

_PATIENCE: Final = 10.0
"""Seconds that the server over HTTP has to end."""


def run_demo(
    output: TextIO,
    *,
    runtimes: Sequence[str] = RUNTIMES,
    as_json: bool = False,
    server: Sequence[str] = (sys.executable, "-m", "sansmcp_cli.demo.server"),
) -> int:
    """Run the demo.

    Args:
        output: where the conversations are shown.
        runtimes: what to run on; the conversations on the first are shown in full.
        as_json: whether to show all of them as JSON lines instead.
        server: starts the server; the name of the runtime follows.

    Returns:
        The exit code: 0 only if all went as the protocol demands.
    """
    report = Report(output, as_json)
    first: dict[Revision, list[Line]] = {}
    for runtime in runtimes:
        for revision in REVISIONS:
            report.begin(runtime, revision, draws=runtime == runtimes[0])
            conversation = Conversation(runtime, revision, report)
            _talk((*server, runtime), runtime, conversation, report)
            if runtime == runtimes[0]:
                first[revision] = conversation.lines
            else:
                report.compare(runtime, revision, conversation.lines, runtimes[0], first[revision])
        if runtime == runtimes[0] and len(runtimes) > 1:
            report.announce_others()
    _over_http(server, runtimes, report)
    report.end(len(runtimes), len(REVISIONS))
    return 1 if report.faults else 0


def _over_http(server: Sequence[str], runtimes: Sequence[str], report: Report) -> None:
    report.announce_http()
    command = (*server, "http")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            for runtime in runtimes:
                for revision in REVISIONS:
                    report.begin(runtime, revision, draws=False)
                    conversation = Conversation(runtime, revision, report, over_http=True)
                    _talk(url, runtime, conversation, report)
                    report.count(runtime, revision, len(conversation.lines))
            process.terminate()
            code = _code_of(process)
        finally:
            process.kill()
    if code != 0:
        report.faults.append(f"over HTTP: expected the server to exit with 0, found {code}")


def _code_of(process: subprocess.Popen[str]) -> int | None:
    try:
        return process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        return None


def _talk(target: Sequence[str] | str, runtime: str, conversation: Conversation, report: Report) -> None:
    # Only what is run on is imported: an event loop takes longer than the rest of the command.
    talk: Talk = importlib.import_module(f"sansmcp_cli.demo.on_{runtime}").talk
    report.step("connect")
    try:
        code = talk(target, conversation)
    except Exception as error:  # noqa: BLE001  # a demo that fails says what failed
        conversation.fault("connect and close", error)
        return
    conversation.check()
    if code == 0:
        report.passed += 2
    else:
        conversation.fault("close", Unexpected(f"expected the server to exit with 0, found {code}"))
