"""The command line of sansmcp."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from sansmcp_cli.demo import run_demo


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the words after the command's name; by default those of this process.

    Returns:
        The exit code: 0 only if all went well.
    """
    parser = argparse.ArgumentParser(
        prog="sansmcp", description="The Model Context Protocol, from a terminal."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo", help="start a server, talk to it in both eras, and show the conversation as a diagram"
    )
    demo.add_argument("--json", action="store_true", help="print the conversation as JSON lines instead")
    chosen = parser.parse_args(arguments)
    return asyncio.run(run_demo(sys.stdout, as_json=chosen.json))


if __name__ == "__main__":
    sys.exit(main())
