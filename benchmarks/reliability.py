"""What is left, and how soon is it over, when a peer misbehaves? The figures of docs/reliability.md.

Every figure is of real processes, seen from outside: how long they live, what they hold, what they leave.

Run it with `uv run python -m benchmarks.reliability`; it needs Linux, and takes ten minutes. It prints the
tables of docs/reliability.md, first of streams of lines, then of HTTP. On a busy machine, the time for which
a server on a stream had no core is not counted.
"""

import argparse
from collections.abc import Callable, Sequence
from importlib.util import find_spec

from benchmarks import reliability_http
from tests.reliability import measuring

Row = tuple[str, str, Callable[[str], str]]
"""What is measured, what is promised, and what gives the figure of a runtime."""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Measure ends, floods and stalls on each runtime.")
    parser.add_argument("--runtime", choices=measuring.RUNTIMES, action="append", help="only this one")
    parser.add_argument("--over", choices=("lines", "http"), help="only over these")
    options = parser.parse_args()
    chosen = options.runtime or [name for name in measuring.RUNTIMES if find_spec(f"sansmcp_{name}")]
    for over, rows in (("lines", ROWS), ("http", reliability_http.ROWS)):
        if options.over in (None, over):
            print_table(rows, chosen)


def print_table(rows: Sequence[Row], runtimes: Sequence[str]) -> None:
    """Measure what the rows say, and print a table in Markdown."""
    print(f"| what | promise | {' | '.join(runtimes)} |")
    print(f"| --- | ---: {'| ---: ' * len(runtimes)}|")
    for what, promise, measure in rows:
        found = " | ".join(measure(runtime) for runtime in runtimes)
        print(f"| {what} | {promise} | {found} |", flush=True)
    print()


# Ends of servers


def exit_time(in_flight: int, tool: str = "forever") -> Callable[[str], str]:
    return lambda runtime: seconds(measuring.end_of_input(runtime, in_flight, tool).end.own)


def exit_cpu(runtime: str) -> str:
    return seconds(measuring.end_of_input(runtime, 10_000).end.cpu)


def killed(kind: str) -> Callable[[str], str]:
    def measure(runtime: str) -> str:
        found = measuring.client_killed(runtime, kind)
        return seconds(found.wall - found.starved) if found.gone else "still there"

    return measure


def memory_per_call(runtime: str) -> str:
    return f"{measuring.end_of_input(runtime, 10_000).memory_per_call / 1000:.1f} kB"


# Clients


def ignoring(runtime: str) -> str:
    told = measuring.child_ignoring(runtime)
    left = ", ".join(f"{told[f'{name}_left']} {name}" for name in ("processes", "descriptors", "threads"))
    return f"{seconds(told['closed'])}; {left}"


def flood(stderr: str) -> Callable[[str], str]:
    def measure(runtime: str) -> str:
        told = measuring.flood_of_errors(runtime, stderr)
        return f"{seconds(told['connected'])}; {told['memory'] / measuring.MIB:.2f} MiB"

    return measure


def silence(runtime: str) -> str:
    return seconds(measuring.close_on_silence(runtime)["closed"])


def callers(runtime: str) -> str:
    told = measuring.many_callers(runtime, callers=32, times=100)
    return f"{3200 - told['outcomes'].count('result')} lost, {told['crossed']} crossed"


# A peer that reads nothing


def stalled(runtime: str) -> str:
    found = measuring.stalled(runtime, wait_for_cut=True)
    cut = "never" if found.cut_after is None else f"{found.cut_after:.0f} s"
    before, meanwhile = found.slowest_before * 1000, found.slowest_meanwhile * 1000
    held = f"{found.held / measuring.MIB:.0f} MiB held"
    return f"{held}; cut after {cut}; p99 of others {before:.1f} -> {meanwhile:.1f} ms"


def seconds(value: float) -> str:
    return f"{value:.2f} s"


ROWS: tuple[Row, ...] = (
    ("end of input, 1 call in flight: until it has exited", "1 s", exit_time(1)),
    ("the same, 1000 in flight", "1 s", exit_time(1000)),
    ("the same, 10 000 in flight, the limit raised", "1 s", exit_time(10_000)),
    ("CPU time of that exit", "", exit_cpu),
    ("end of input, a handler in `time.sleep(3600)`", "1 s", exit_time(1, "stuck")),
    ("client killed, on pipes: until the server has exited", "1 s", killed("pipe")),
    ("the same, on socket pairs", "1 s", killed("socketpair")),
    ("the same, on one socket for both directions", "1 s", killed("socket")),
    ("the same, on FIFOs", "1 s", killed("fifo")),
    ("memory of a call in flight", "", memory_per_call),
    ("close() of a child that ignores everything; what is left", "4.2 s; 0", ignoring),
    ("10 MiB of stderr before the first answer, inherited: until connected; memory", "1 s; 1 MiB", flood("")),
    ("the same, drained", "1 s; 1 MiB", flood("drained")),
    ("close() on a peer that says nothing", "5 s", silence),
    ("32 callers, 100 calls each", "0, 0", callers),
    ("a peer that reads none of 20 000 answers of 10 kB", "1 MiB; 30 s", stalled),
)


if __name__ == "__main__":
    main()
