"""The command line of sansmcp."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from sansmcp.client import Address
from sansmcp.errors import SansmcpError
from sansmcp_cli.calling import run_call
from sansmcp_cli.demo import RUNTIMES, run_demo
from sansmcp_cli.faults import INTERRUPTED, NOT_DONE, Fault, GivenUp, words_for
from sansmcp_cli.listing import KINDS, run_list
from sansmcp_cli.options import add_options, address_in
from sansmcp_cli.resources import run_read
from sansmcp_cli.screen import Screen

Run: TypeAlias = Callable[[argparse.Namespace, Address, Sequence[str] | None, Screen], int]
"""Does what a command is for: the options, where the server is, what stood behind `--`, and the screen."""

_SERVER: Final = """
COMMAND is the words that start the server, or its address: http://HOST:PORT/PATH,
https://HOST:PORT/PATH, tcp://HOST:PORT, tls://HOST:PORT or unix:PATH. Options of sansmcp stand before it.
Where the command has a -- of its own, the last one counts.
"""

_CALL: Final = f"""\
NAME=VALUE is read as the tool wants it, NAME:=JSON as JSON, and - as an object on standard input.
What the server asks is asked in the terminal.
{_SERVER}
example: sansmcp call python server.py -- add a=1 b=2
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the words after the command's name; by default those of this process.

    Returns:
        The exit code: 0 if all went well, 1 if a tool or the demo failed, 2 if there is no result, 130 after
        Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    words: list[str] | None = None
    if "--" in given:
        # Before argparse sees it, which has rules of its own for it.
        place = len(given) - 1 - given[::-1].index("--")
        given, words = given[:place], given[place + 1 :]
    chosen = _parser().parse_args(given)
    screen = Screen(sys.stderr)
    try:
        if chosen.command == "demo":
            return run_demo(sys.stdout, runtimes=chosen.runtime or RUNTIMES, as_json=chosen.json)
        return _run(chosen, words, screen)
    except Fault as fault:
        screen.say(f"sansmcp: {fault}", *fault.details)
        return NOT_DONE
    except GivenUp:
        screen.say("sansmcp: interrupted; the server was told")
        return INTERRUPTED
    except KeyboardInterrupt:
        screen.say("sansmcp: interrupted")
        return INTERRUPTED


def _run(chosen: argparse.Namespace, words: Sequence[str] | None, screen: Screen) -> int:
    run: Run = chosen.run
    address = address_in(chosen)
    try:
        return run(chosen, address, words, screen)
    except SansmcpError as error:
        raise Fault(words_for(error, address)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sansmcp",
        description="The Model Context Protocol, from a terminal.",
        epilog="`sansmcp COMMAND --help` says more.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo", help="start servers, talk to them in both eras, and show the conversation as a diagram"
    )
    demo.add_argument(
        "--runtime", action="append", choices=RUNTIMES, help="run on this only; may be repeated"
    )
    demo.add_argument("--json", action="store_true", help="print the conversations as JSON lines instead")
    listing = commands.add_parser("list", help="show what a server has")
    _set_up(
        listing, run_list, f"[-- {' | '.join(KINDS)}]", _SERVER + "\nexample: sansmcp list python server.py"
    )
    call = commands.add_parser("call", help="call a tool of a server")
    _set_up(call, run_call, "-- TOOL [NAME=VALUE ...]", _CALL)
    call.add_argument("--arguments", metavar="JSON|FILE", help="all arguments as one JSON object")
    read = commands.add_parser("read", help="read a resource of a server")
    example = "example: sansmcp read python server.py -- books://list"
    _set_up(read, run_read, "-- URI", f"{_SERVER}\n{example}")
    return parser


def _set_up(parser: argparse.ArgumentParser, run: Run, behind: str, epilog: str) -> None:
    parser.usage = f"{parser.prog} [OPTIONS] COMMAND... {behind}"
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = epilog.strip()
    parser.set_defaults(run=run)
    add_options(parser)


if __name__ == "__main__":
    sys.exit(main())
