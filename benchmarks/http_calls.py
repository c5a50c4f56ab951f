"""What does a call over HTTP cost a server, against the peers on uvicorn and responders that do nothing?

The CPU time of the server process, user and system, while it is asked over 1, 16 or 64 connections, each
with one call under way at a time. All servers run in turns, round after round; the ratios are taken within
a round, and the medians are given. Three ways to speak: a legacy session for each connection, the legacy
revision without sessions, and the modern revision.

Run it with `uv run python -m benchmarks.http_calls`; it needs Linux. It prints the tables of
docs/performance.md: calls a second of CPU, and ratios of what a call costs at 64 connections. `--json` prints
every value, `--quick` is over in two minutes and less exact.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.conversation import CLIENT
from benchmarks.figures import ASYNC_DEF, Figures, Question, Server, as_json, rows, share
from benchmarks.http_load import Connections, Served, post, session_of
from tests.interop.environment import FASTMCP, MCP, interpreter_of

FOLDER = Path(__file__).parent
LEGACY, MODERN = "2025-11-25", "2026-07-28"
BINDINGS = ("asyncio", "trio", "threads", "asgi")
COUNTS = (1, 16, 64)
# Long enough that the clock's ticks do not count, short enough that many rounds fit.
CALLS = 640
NO_TOOLS = "none"


class Way(NamedTuple):
    """A way to speak: its name, its revision, and what the server is told for it."""

    name: str
    revision: str
    options: tuple[str, ...] = ()


WAYS = (
    Way("legacy session", LEGACY),
    Way("legacy without sessions", LEGACY, ("--stateless",)),
    Way("modern", MODERN),
)


def main() -> None:
    """Measure, and print what was found."""
    options = arguments()
    rounds = 3 if options.quick else 15
    figures: dict[Question, dict[Server, list[float]]] = {}
    for way in WAYS:
        if options.way is None or way.name in options.way:
            measure(way, options.binding or BINDINGS, rounds, figures)
    against = [*map(plain, floors()), plain(next(peers(())))]
    print(as_json(figures, against) if options.json else as_tables(figures, against))


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description="Compare calls over HTTP with mcp 2.3.0 and fastmcp 4.1.6.")
    parser.add_argument("--way", choices=[way.name for way in WAYS], action="append", help="only this way")
    parser.add_argument(
        "--binding", choices=BINDINGS, action="append", help="only this binding; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="three rounds in place of fifteen")
    parser.add_argument("--json", action="store_true", help="print every value")
    return parser.parse_args()


def floors() -> Iterator[Server]:
    """Yield the least that any server must do: on h11, and under uvicorn."""
    yield Server("bare h11 responder", NO_TOOLS, (sys.executable, str(FOLDER / "http_floor.py")))
    yield Server("bare ASGI on uvicorn", NO_TOOLS, (sys.executable, str(FOLDER / "asgi_floor.py")))


def peers(options: Sequence[str]) -> Iterator[Server]:
    """Yield what ours is measured against, as they answer by themselves, and with JSON."""
    for pin in (MCP, FASTMCP):
        command = (str(interpreter_of(pin)), str(FOLDER / "peer_http.py"), pin.name, *options)
        yield Server(f"{pin.name} {pin.version}", ASYNC_DEF, command)
        yield Server(f"{pin.name} {pin.version}, JSON", ASYNC_DEF, (*command, "--json"))


def ours(bindings: Sequence[str], options: Sequence[str]) -> Iterator[Server]:
    """Yield our server on each binding."""
    for binding in bindings:
        command = (sys.executable, str(FOLDER / "server.py"), "http", "--binding", binding, *options)
        name = "ASGI on uvicorn" if binding == "asgi" else f"h11 on {binding}"
        yield Server(name, "`def`" if binding == "threads" else ASYNC_DEF, command)


def measure(
    way: Way, bindings: Sequence[str], rounds: int, figures: dict[Question, dict[Server, list[float]]]
) -> None:
    """Measure every server in one way to speak."""
    with contextlib.ExitStack() as stack:
        running = [
            (server, stack.enter_context(Served(server.command)))
            for server in (*floors(), *peers(way.options), *ours(bindings, way.options))
        ]
        for count in COUNTS:
            question = question_of(way, count)
            with contextlib.ExitStack() as connected:
                loads = [
                    (server, served, connected.enter_context(Connections(served.port, count)))
                    for server, served in running
                ]
                prepared = [requests_for(way, server, served, links) for server, served, links in loads]
                # The first round warms up what is not counted.
                for number in range(rounds + 1):
                    for (server, served, links), requests in zip(loads, prepared, strict=True):
                        cost = cost_of(served, links, requests)
                        if number:
                            figures.setdefault(question, {}).setdefault(plain(server), []).append(cost)


def question_of(way: Way, count: int) -> Question:
    """Return what is asked of every server in a way to speak over so many connections."""
    return Question(f"{way.name}, {count} connection{'s'[: count > 1]}", "µs of CPU a call", 1e-6)


def as_tables(figures: Figures, against: Sequence[Server]) -> str:
    """Return a table in Markdown for each way to speak."""
    most = COUNTS[-1]
    columns = [f"{count} connection{'s'[: count > 1]}" for count in COUNTS]
    columns += [f"{most}: µs a call", *(f"of {server.name}" for server in against)]
    lines = []
    for way in WAYS:
        if question_of(way, most) not in figures:
            continue
        lines += [f"### {way.name.capitalize()}", "", f"| server | tools | {' | '.join(columns)} |"]
        lines.append("| --- | --- " + "| ---: " * len(columns) + "|")
        found = [list(rows(figures[question_of(way, count)], against)) for count in COUNTS]
        for each in zip(*found, strict=True):
            cells = [f"{1 / row.median:.0f}" for row in each]
            cells += [f"{each[-1].median * 1e6:.0f}", *map(share, each[-1].ratios)]
            lines.append(f"| {each[-1].server.name} | {each[-1].server.tools} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def plain(server: Server) -> Server:
    """Return a server without what only one way to speak tells it."""
    return server._replace(command=())


def requests_for(way: Way, server: Server, served: Served, links: Connections) -> list[list[bytes]]:
    """Return what each connection asks in one round; sessions are opened for it."""
    headers = [headers_for(way)] * len(links)
    if way.revision == LEGACY and not way.options and server.tools != NO_TOOLS:
        hello = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": CLIENT}
        opening = post(served.port, message("initialize", hello, 0), {})
        sessions = [session_of(answers[0]) for answers in links.ask([[opening]] * len(links))]
        headers = [{**headers_for(way), "Mcp-Session-Id": session or ""} for session in sessions]
        told = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode()
        links.ask([[post(served.port, told, each)] for each in headers])
    params: dict[str, object] = {"name": "add", "arguments": {"a": 17, "b": 25}}
    if way.revision == MODERN:
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": CLIENT,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    times = CALLS // len(links)
    return [
        [post(served.port, message("tools/call", params, number), each) for number in range(1, times + 1)]
        for each in headers
    ]


def headers_for(way: Way) -> dict[str, str]:
    """Return the fields of a call."""
    headers = {"MCP-Protocol-Version": way.revision}
    if way.revision == MODERN:
        headers.update({"Mcp-Method": "tools/call", "Mcp-Name": "add"})
    return headers


def message(method: str, params: object, number: int) -> bytes:
    """Return the bytes of a request."""
    said = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(said, separators=(",", ":")).encode()


def cost_of(served: Served, links: Connections, requests: Sequence[Sequence[bytes]]) -> float:
    """Return the server's seconds of CPU a call.

    Raises:
        ValueError: a call was not answered as it should, so that whatever was measured was not this work.
    """
    before = served.watched.cpu()
    answers = links.ask(requests)
    cost = served.watched.cpu() - before
    for each in answers:
        for answer in each:
            if b'"text":"42"' not in answer.replace(b'": "', b'":"'):
                raise ValueError(f"expected the text 42, found {answer[:500]!r}")
    return cost / sum(map(len, requests))


if __name__ == "__main__":
    main()
