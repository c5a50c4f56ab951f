"""The server of the corpus as a program, on each runtime: what is attacked is a real process.

    python -m tests.adversarial.served RUNTIME [--in-flight N] [--unix PATH] [--report PATH]

It speaks over standard input and output, or with `--unix` to everybody who comes to a socket. With
`--report` it appends what it sees to a file, a JSON object a line: events, calls, and at the end of a
flood how many handlers ran at once.
"""

import argparse
import importlib
import json
import os
import threading
import time

from sansmcp import Context, Server
from sansmcp.session import Disconnected, MessageDropped, ProtocolViolated, RequestCancelled, SessionLimits

RUNTIMES = ("asyncio", "trio", "threads")

RELEASE = "notifications/test/release"
"""Lets all handlers of `slow` end."""

TOLD = (ProtocolViolated, MessageDropped, Disconnected)


def main():
    """Serve until the peer is gone."""
    parser = argparse.ArgumentParser(description="Serve the tools of the corpus.")
    parser.add_argument("runtime", choices=RUNTIMES)
    parser.add_argument("--in-flight", type=int, help="how many requests are worked on at once")
    parser.add_argument("--unix", help="the path of a socket to listen on")
    parser.add_argument("--report", help="a file for what is seen")
    options = parser.parse_args()
    binding = importlib.import_module(f"sansmcp_{options.runtime}")
    report = Report(options.report)
    server = make_server(options.runtime, report)
    settings = {"on_event": report.event} if options.report else {}
    if options.in_flight is not None:
        settings["limits"] = SessionLimits(requests_in_flight=options.in_flight)
    if options.unix is None:
        binding.serve_stdio(server, **settings)
    else:
        listen(options.runtime, binding, server, options.unix, settings)


def listen(runtime, binding, server, path, settings):
    """Serve everybody who comes, until the program is ended; say so once somebody may."""
    started = {"started": lambda address: print(address, flush=True)}  # noqa: T201 - whoever started it waits
    if runtime == "threads":
        binding.serve_unix(server, path, **started, **settings)
    elif runtime == "trio":
        trio = importlib.import_module("trio")
        trio.run(lambda: binding.serve_unix(server, path, **started, **settings))
    else:
        asyncio = importlib.import_module("asyncio")
        asyncio.run(binding.serve_unix(server, path, **started, **settings))


class Report:
    """Where what is seen goes; without a path nothing is written."""

    def __init__(self, path):
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._descriptor = None if path is None else os.open(path, flags, 0o600)
        self._cancelled = 0

    def tell(self, **facts):
        """Append one line; a single write of it, from any thread."""
        if self._descriptor is not None:
            os.write(self._descriptor, json.dumps(facts).encode() + b"\n")

    def event(self, _session, event):
        """Append an event of those that tell of a misbehaving peer; cancellations are counted to the end."""
        if isinstance(event, RequestCancelled):
            self._cancelled += 1
        elif isinstance(event, TOLD):
            facts = {name: getattr(event, name, None) for name in ("code", "excerpt", "reason")}
            self.tell(event=type(event).__name__, cancelled=self._cancelled, **facts)


class Held:
    """Handlers that wait until they are let go, and how many there were at once."""

    def __init__(self, runtime):
        self.released = importlib.import_module("threading" if runtime == "threads" else runtime).Event()
        self._lock = threading.Lock()
        self._running = 0
        self.most = 0

    def __enter__(self):
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)

    def __exit__(self, *_):
        with self._lock:
            self._running -= 1


def make_server(runtime, report):
    """Build the server of the corpus in the colour of a runtime."""
    server = Server("corpus", version="1.0")
    held = Held(runtime)
    (offer_plain_tools if runtime == "threads" else offer_async_tools)(server, runtime, held, report)

    @server.tool(blocks=False)
    def looks(*, ctx: Context) -> str:
        return ctx.roots()[0].uri

    @server.tool(blocks=False)
    def blob(size: int) -> str:
        return "x" * size

    @server.tool
    def stuck() -> str:
        time.sleep(3600)
        return "unreachable"

    @server.tool
    def noisy(size: int) -> str:
        os.write(2, b"e" * size)
        return "quiet"

    @server.notification(RELEASE, blocks=False)
    def release() -> None:
        report.tell(most_running=held.most)
        held.released.set()

    return server


def offer_async_tools(server, runtime, held, report):
    """Offer what waits as `async def`."""
    sleep = importlib.import_module(runtime).sleep

    @server.tool
    async def echo(x: str) -> str:
        report.tell(call="echo", x=x)
        return x

    @server.tool
    async def slow(tag: str) -> str:
        with held:
            await held.released.wait()
        return tag

    @server.tool
    async def forever() -> str:
        await sleep(3600)
        return "unreachable"


def offer_plain_tools(server, _runtime, held, report):
    """Offer the same as `def`; what waits does so on a thread."""

    @server.tool(blocks=False)
    def echo(x: str) -> str:
        report.tell(call="echo", x=x)
        return x

    @server.tool
    def slow(tag: str) -> str:
        with held:
            held.released.wait()
        return tag

    @server.tool
    def forever() -> str:
        time.sleep(3600)
        return "unreachable"


if __name__ == "__main__":
    main()
