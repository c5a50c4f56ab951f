"""What does a call cost a server on each runtime, against the official Python SDK?

The CPU time of the server process, user and system, between the first byte that is sent to it and the last
that it answers; both are sent the same bytes over pipes by one driver that is no MCP client. All servers
run in turns, round after round; the ratios are taken within a round, and the medians are given.

Run it with `uv run python -m benchmarks.runtimes`; it needs Linux. It prints the tables of
docs/performance.md; `--json` prints every value, `--quick` is over in a minute and less exact.
"""

import argparse
import contextlib
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.conversation import REVISIONS, calls, check, opening
from benchmarks.driven import Driven
from benchmarks.figures import ASYNC_DEF, DEF, INLINE, Question, Server, as_json, as_tables
from tests.interop.environment import MCP, interpreter_of

BINDINGS = ("asyncio", "trio", "threads")
FOLDER = Path(__file__).parent
MEBIBYTE = 1 << 20

COLD_CPU = Question("Cold start, CPU time to the first answer", "ms of CPU", 1e-3)
COLD_WALL = Question("Cold start, time to the first answer", "ms", 1e-3)
MEMORY = Question("Memory after the first answer", "MiB resident", MEBIBYTE)
MOST_MEMORY = Question("Most memory over the calls above", "MiB resident", MEBIBYTE)


class Load(NamedTuple):
    """A question that is answered by calls: which, how many a round, how many of them at once."""

    question: Question
    tool: str
    arguments: dict[str, object]
    text: str
    times: int
    in_flight: int = 1


ADD = ("add", {"a": 17, "b": 25}, "42")
LOADS = (
    Load(Question("One call at a time", "µs of CPU a call", 1e-6), *ADD, times=200),
    Load(Question("64 calls in flight", "µs of CPU a call", 1e-6), *ADD, times=1280, in_flight=64),
    Load(
        Question("Results of 1 MiB", "ms of CPU a call", 1e-3),
        *("blob", {"size": MEBIBYTE}, "x" * MEBIBYTE),
        times=8,
    ),
)


def main() -> None:
    """Measure, and print what was found."""
    options = arguments()
    peers = servers_of_the_peer()
    servers = [*peers, *our_servers(options.binding or importable_bindings())]
    figures: dict[Question, dict[Server, list[float]]] = {}

    def note(question: Question, server: Server, value: float) -> None:
        figures.setdefault(question, {}).setdefault(server, []).append(value)

    rounds = 3 if options.quick else 15
    measure_loads(servers, options.revision, rounds, note)
    measure_starts(servers, options.revision, rounds, note)
    print((as_json if options.json else as_tables)(figures, peers))


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description="Compare the server on each runtime with mcp 2.3.0.")
    parser.add_argument("--revision", choices=REVISIONS, default=REVISIONS[0], help="what is spoken")
    parser.add_argument(
        "--binding", choices=BINDINGS, action="append", help="only this runtime; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="three rounds in place of fifteen")
    parser.add_argument("--json", action="store_true", help="print every value")
    return parser.parse_args()


def servers_of_the_peer() -> list[Server]:
    """Return the servers that ours are measured against."""
    command = (str(interpreter_of(MCP)), str(FOLDER / "peer_server.py"))
    name = f"{MCP.name} {MCP.version}"
    return [Server(name, ASYNC_DEF, command), Server(name, DEF, (*command, "--sync"))]


def our_servers(bindings: Sequence[str]) -> Iterator[Server]:
    """Yield our server on each runtime, with tools of each colour that it runs."""
    for binding in bindings:
        command = (sys.executable, str(FOLDER / "server.py"), "stdio", "--binding", binding)
        if binding != "threads":
            yield Server(binding, ASYNC_DEF, command)
        yield Server(binding, DEF, (*command, "--sync"))
        yield Server(binding, INLINE, (*command, "--inline"))


def importable_bindings() -> list[str]:
    """Return the runtimes whose binding is installed."""
    return [name for name in BINDINGS if importlib.util.find_spec(f"sansmcp_{name}") is not None]


Note = Callable[[Question, Server, float], None]


def measure_loads(servers: Sequence[Server], revision: str, rounds: int, note: Note) -> None:
    """Measure what is answered by many calls to servers that are warm."""
    with contextlib.ExitStack() as stack:
        running = [(server, stack.enter_context(Driven(server.command))) for server in servers]
        for _, driven in running:
            greet(driven, revision)
        for load in LOADS:
            # The first round warms up what is not counted.
            for number in range(rounds + 1):
                for server, driven in running:
                    cost = cost_of(load, driven, revision)
                    if number:
                        note(load.question, server, cost)
        for server, driven in running:
            note(MOST_MEMORY, server, driven.most_resident())


def cost_of(load: Load, driven: Driven, revision: str) -> float:
    """Return the server's seconds of CPU a call."""
    numbers = range(1, load.times + 1)
    lines = calls(revision, load.tool, load.arguments, numbers)
    before = driven.cpu()
    output = driven.exchange(lines, load.in_flight)
    cost = driven.cpu() - before
    check(output, load.text, numbers)
    return cost / load.times


def measure_starts(servers: Sequence[Server], revision: str, rounds: int, note: Note) -> None:
    """Measure from the start of the process to its first answer to a call."""
    tool, given, text = ADD
    line = calls(revision, tool, given, [1])
    # The first round has the bytecode written and the files read that later ones find.
    for number in range(rounds + 1):
        for server in servers:
            start = time.monotonic()
            with Driven(server.command) as driven:
                greet(driven, revision)
                output = driven.exchange(line)
                found = {
                    COLD_CPU: driven.cpu(),
                    COLD_WALL: time.monotonic() - start,
                    MEMORY: float(driven.resident()),
                }
            check(output, text, [1])
            if number:
                for question, value in found.items():
                    note(question, server, value)


def greet(driven: Driven, revision: str) -> None:
    """Do what comes before the first call."""
    awaited, unanswered = opening(revision)
    if awaited:
        driven.exchange([awaited])
    driven.send(unanswered)


if __name__ == "__main__":
    main()
