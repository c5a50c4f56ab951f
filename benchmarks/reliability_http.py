"""The figures of docs/reliability.md about HTTP: what each is, what is promised, and what gives it."""

from collections.abc import Callable

from tests.reliability import http_measuring as measuring

MIB = 1024 * 1024


def cuts(runtime: str) -> str:
    found = measuring.cut_at_every_event(runtime)
    return f"{found.cuts} cuts: {found.lost} lost, {found.doubled} doubled"


def kills(runtime: str) -> str:
    found = measuring.killed_at_every_event(runtime)
    return f"{found.cuts} kills: {found.lost} lost, {found.doubled} doubled"


def sessions(runtime: str) -> str:
    found = measuring.idle_sessions(runtime)
    return (
        f"{found.bytes_each / 1000:.1f} kB each; {found.opened_a_second:.0f} a second; "
        f"{found.left:.0%} left after DELETE"
    )


def listeners(runtime: str) -> str:
    found = measuring.listening_streams(runtime)
    return (
        f"{found.bytes_each / 1000:.1f} kB each; {found.told} told in {found.cpu_told * 1000:.0f} ms of CPU; "
        f"{found.cpu_silent * 1000:.1f} ms where none wants to hear"
    )


def slow_reader(runtime: str) -> str:
    found = measuring.slow_reader(runtime, wait_for_cut=True)
    cut = "never" if found.cut_after is None else f"{found.cut_after:.0f} s"
    return (
        f"{found.held / MIB:.1f} MiB; cut after {cut}, then {found.stored / MIB:.1f} MiB; "
        f"others at most {found.slowest * 1000:.0f} ms"
    )


def slow_loris(runtime: str) -> str:
    found = measuring.slow_loris(runtime)
    return f"{found.open_before}, then {found.left}; others at most {found.slowest * 1000:.0f} ms"


def ended(what: str) -> Callable[[str], str]:
    def measure(runtime: str) -> str:
        found = measuring.sigterm(runtime, what)
        words = "" if found.answered else ", without its last words"
        return f"{found.seconds:.2f} s, code {found.code}{words}"

    return measure


def load(runtime: str) -> str:
    found = measuring.steady_load(runtime)
    return f"{found.calls} calls, {found.errors} errors; {found.grown / MIB:+.1f} MiB"


ROWS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("a response stream cut after each of its events, and resumed", "0, 0", cuts),
    ("the server killed after each, and started again with its store", "0, 0", kills),
    ("10 000 idle sessions; the same again after DELETE", "10 kB each; 0 %", sessions),
    ("1000 listening streams, and a change", "", listeners),
    ("a client that reads none of 20 000 messages of 10 kB", "4 MiB; 30 s, 14 MiB", slow_reader),
    ("200 connections that never finish their head: at 9 s, after 10 s", "200, then 0", slow_loris),
    ("SIGTERM, nothing open: until it has exited", "0.2 s", ended("idle")),
    ("the same, an open GET", "0.2 s", ended("get")),
    ("the same, an open subscription", "0.2 s", ended("listen")),
    ("the same, a handler of 3 s", "3.2 s", ended("long")),
    ("the same, a handler that never returns", "5.2 s", ended("stuck")),
    ("64 connections for a minute", "0 errors", load),
)
"""What is measured, what is promised, and what gives the figure of a runtime."""
