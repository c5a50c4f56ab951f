"""Does a call over HTTP cost the same however many tools and sessions a server has?

The CPU time of the server process a call, user and system, over 16 connections with one call under way at a
time each. Sessions are measured twice: while 16 are in use and the others idle, and while calls go to all in
turns, where the memory of each is cold by its next turn. All servers run in turns, round after round; the
ratios are taken within a round, and the medians are given.

Run it with `uv run python -m benchmarks.http_flat`; it needs Linux, and takes two minutes. It prints the
tables of docs/performance.md.
"""

import argparse
import contextlib
import json
import statistics
import sys
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.conversation import CLIENT
from benchmarks.http_calls import BINDINGS, FOLDER, LEGACY, MODERN, WAYS, cost_of, headers_for, message
from benchmarks.http_load import Connections, Served, post, session_of

TOOLS = (3, 10, 100, 1000)
SESSIONS = (16, 100, 1000, 10_000)
CONNECTIONS = 16
ROUNDS = 15
# Long enough that the clock's ticks do not count, short enough that many rounds fit.
CALLS = 640
SPEAKS = {way.revision: way for way in WAYS if not way.options}


class Size(NamedTuple):
    """How large a server is: its tools, its sessions, and how many of these are called."""

    tools: int = TOOLS[0]
    sessions: int = CONNECTIONS
    used: int = CONNECTIONS


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description="Measure a call with few and many tools and sessions.")
    parser.add_argument("--binding", choices=BINDINGS, default="asyncio")
    parser.add_argument("--quick", action="store_true", help="three rounds in place of fifteen")
    options = parser.parse_args()
    rounds = 3 if options.quick else ROUNDS
    for revision in (LEGACY, MODERN):
        found = measure(options.binding, revision, rounds, [Size(tools=count) for count in TOOLS])
        print_table(f"tools, {revision}", TOOLS, found)
    for what, used in (("sessions, 16 in use", CONNECTIONS), ("sessions, all in use", SESSIONS[-1])):
        sizes = [Size(sessions=count, used=used) for count in SESSIONS]
        print_table(what, SESSIONS, measure(options.binding, LEGACY, rounds, sizes))


def measure(binding: str, revision: str, rounds: int, sizes: Sequence[tuple[int, int]]) -> list[list[float]]:
    """Return the seconds of a call for each number of more tools and of sessions, round by round."""
    command = (sys.executable, str(FOLDER / "server.py"), "http", "--binding", binding)
    found: list[list[float]] = [[] for _ in sizes]
    with contextlib.ExitStack() as stack:
        running = []
        for size in sizes:
            served = stack.enter_context(Served((*command, "--more", str(size.tools - TOOLS[0]))))
            running.append((served, Calls(served.port, revision, size)))
        loads = [
            (served, calls, stack.enter_context(Connections(served.port, CONNECTIONS)))
            for served, calls in running
        ]
        # The first round warms up what is not counted.
        for number in range(rounds + 1):
            for (served, calls, links), costs in zip(loads, found, strict=True):
                cost = cost_of(served, links, calls.next())
                if number:
                    costs.append(cost)
    return found


class Calls:
    """The calls to one server, which go to its sessions in turns.

    Args:
        port: the port of the server.
        revision: the revision that is spoken.
        size: how many sessions are opened, where the revision has any, and used.
    """

    def __init__(self, port: int, revision: str, size: Size) -> None:
        self._port = port
        self._params: dict[str, object] = {"name": "add", "arguments": {"a": 17, "b": 25}}
        headers = headers_for(SPEAKS[revision])
        if revision == MODERN:
            self._params["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": CLIENT,
                "io.modelcontextprotocol/clientCapabilities": {},
            }
            self._headers = [headers]
        else:
            self._headers = [
                {**headers, "Mcp-Session-Id": session} for session in open_sessions(port, size.sessions)
            ][: size.used]
        self._made = 0

    def next(self) -> list[Sequence[bytes]]:
        """Return what each connection asks in one round."""
        requests = []
        for _ in range(CALLS):
            headers = self._headers[self._made % len(self._headers)]
            self._made += 1
            requests.append(post(self._port, message("tools/call", self._params, self._made), headers))
        return shared(requests)


def open_sessions(port: int, count: int) -> list[str]:
    """Open so many sessions, and return their ids."""
    hello = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": CLIENT}
    opening = post(port, message("initialize", hello, 0), {})
    told = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode()
    with Connections(port, CONNECTIONS) as links:
        answers = links.ask(shared([opening] * count))
        sessions = [session_of(answer) or "" for each in answers for answer in each]
        headers = {"MCP-Protocol-Version": LEGACY}
        links.ask(shared([post(port, told, {**headers, "Mcp-Session-Id": one}) for one in sessions]))
    return sessions


def shared(requests: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return what each connection asks."""
    return [requests[number::CONNECTIONS] for number in range(CONNECTIONS)]


def print_table(what: str, counts: Sequence[int], found: Sequence[Sequence[float]]) -> None:
    """Print a table in Markdown."""
    print(f"| {what} | µs of CPU a call | of {counts[0]} |\n| ---: | ---: | ---: |")
    for count, costs in zip(counts, found, strict=True):
        ratio = statistics.median(cost / first for cost, first in zip(costs, found[0], strict=True))
        print(f"| {count} | {statistics.median(costs) * 1e6:.0f} | {ratio:.2f} |", flush=True)
    print()


if __name__ == "__main__":
    main()
