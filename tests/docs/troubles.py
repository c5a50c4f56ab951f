"""What the page on troubleshooting says, made to happen: one function for each of its entries.

Each returns the texts that a user sees, as the page shows them: the last line of a traceback, the text of
a result, or a line of the log. The entries stand in `troubles_at_start` and `troubles_of_calls`.
"""

import contextlib
import errno
import logging
import queue
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sansmcp import Server
from sansmcp.schema import Revision
from sansmcp_threads import connect

TROUBLES: dict[str, Callable[[], str | list[str]]] = {}

MODERN: Revision = "2026-07-28"
LEGACY: Revision = "2025-06-18"

ANSWERS = """
import json, sys

def answer(result):
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {"resultType": "complete", **result}}))
    sys.stdout.flush()

for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "server/discover":
        answer({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
                "ttlMs": 0, "cacheScope": "private"})
    elif message["method"] == "tools/list":
        answer({"tools": [{"name": "add", "inputSchema": {"type": "object"}, "outputSchema":
                {"type": "object", "required": ["result"]}}], "ttlMs": 0, "cacheScope": "private"})
"""
"""A server of somebody else's; what it does with a call comes after it."""


def trouble(entry: str) -> Callable[[Any], Any]:
    """Register what produces the texts of an entry."""

    def register(produce: Callable[[], str | list[str]]) -> Callable[[], str | list[str]]:
        TROUBLES[entry] = produce
        return produce

    return register


def raised(call: Callable[[], object]) -> str:
    """Return the last line of the traceback of what a call raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - which it is is what the page shows
        return "".join(traceback.format_exception_only(error)).strip()
    raise AssertionError("nothing was raised")


class Log(logging.Handler):
    """Collects what a binding logs, as standard error shows it where nothing is configured."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._texts: queue.SimpleQueue[str] = queue.SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.put(self.format(record))

    def next(self) -> list[str]:
        """Wait for the next record, which may be written after the answer has gone, and return its lines."""
        return self._texts.get(timeout=60).splitlines()


@contextlib.contextmanager
def logged() -> Iterator[Log]:
    """Listen to what the binding logs."""
    log, logger = Log(), logging.getLogger("sansmcp")
    logger.addHandler(log)
    before, logger.propagate = logger.propagate, False
    try:
        yield log
    finally:
        logger.removeHandler(log)
        logger.propagate = before


def as_shown(texts: str | list[str]) -> list[str]:
    """Say texts as the page does: on Linux, without what differs from machine to machine."""
    shown = []
    for text in [texts] if isinstance(texts, str) else texts:
        for number, linux in ((errno.ECONNREFUSED, 111), (errno.EADDRINUSE, 98)):
            text = text.replace(f"[Errno {number}]", f"[Errno {linux}]")  # noqa: PLW2901
        shown.append(text)
    return shown


@contextlib.contextmanager
def program(source: str) -> Iterator[dict[str, Any]]:
    """Write `server.py` and give what makes `connect(["python", "server.py"])` find it and this Python."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "server.py").write_text(source, encoding="utf-8")
        yield {"cwd": folder, "env": {"PATH": str(Path(sys.executable).parent)}}


def of_program(source: str, use: Callable[[Any], object] | None = None, **settings: Any) -> str:
    """Return what is raised where a client connects to a program, and uses it."""
    with program(source) as place:

        def run() -> None:
            with connect(["python", "server.py"], **place, **settings) as client:
                assert use is not None, "it must not connect"
                use(client)

        return raised(run)


def of_call(server: Server, name: str, arguments: Any = None, **settings: Any) -> str:
    """Return the text of a tool's result, or what is raised in its place."""
    said: list[str] = []

    def call() -> None:
        with connect(server, **settings) as client:
            result = client.call_tool(name, arguments)
            assert result.is_error
            said.append(result.content[0].text)
            raise RuntimeError

    error = raised(call)
    return said[0] if said else error


def sums() -> Server:
    """Return a server to get things wrong with."""
    server = Server("sums", version="1.0")

    @server.tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    return server
