"""The suite's server as a program: `python -m tests.suite.server --runtime X --grace SECONDS --pid FILE`."""

import argparse
import importlib
import os
from pathlib import Path

from sansmcp.session import Timeouts
from sansmcp.testing import suite_server, wrap_suite_server


def main():
    """Serve over standard input and output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", choices=["asyncio", "threads", "trio"], required=True)
    parser.add_argument("--grace", type=float, required=True)
    parser.add_argument("--pid", type=Path, required=True)
    parser.add_argument("--wrapped", action="store_true")
    chosen = parser.parse_args()
    chosen.pid.write_text(str(os.getpid()))
    binding = importlib.import_module(f"sansmcp_{chosen.runtime}")
    colour = importlib.import_module(f"tests.suite.hold_{chosen.runtime}")
    server = suite_server(colour.hold, colour.talk)
    if chosen.wrapped:
        wrap_suite_server(server)
    server.add_tool(shout)
    binding.serve_stdio(server, timeouts=Timeouts(end_of_input=chosen.grace))


def shout() -> str:
    """Write to where the conversation must not be disturbed."""
    print("printed", flush=True)  # noqa: T201
    os.write(1, b"written to descriptor 1\n")
    os.system("echo written by a child")  # noqa: S605
    return "shouted"


if __name__ == "__main__":
    main()
