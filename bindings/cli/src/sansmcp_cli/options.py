"""What the commands that talk to a server have in common: its address, and how the client is set up."""

import argparse
import math
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import get_args

from sansmcp.client import Address, ClientSettings, Command, address_of
from sansmcp.errors import LocalProtocolError
from sansmcp.http import Url
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS, Implementation, LoggingLevel, Root
from sansmcp.session import Timeouts
from sansmcp_cli.faults import Fault
from sansmcp_cli.questions import Questions
from sansmcp_cli.screen import Screen
from sansmcp_threads import Client, connect


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options and the words that lead to a server.

    Args:
        parser: of one command.
    """
    add = parser.add_argument
    add("--json", action="store_true", help="print the result as one JSON document")
    add("--timeout", type=_seconds, metavar="SECONDS", help="wait so long for an answer or progress (60)")
    add("--revision", action="append", choices=REVISIONS, help="speak only this revision; may be repeated")
    add("--env", action="append", metavar="NAME=VALUE", help="a variable for the command; may be repeated")
    add("--cwd", metavar="FOLDER", help="where to start the command")
    add("--header", action="append", metavar="NAME=VALUE", help="send this to a URL; may be repeated")
    add("--root", action="append", metavar="PATH", help="offer this folder to the server; may be repeated")
    add("--answer", action="append", metavar="FIELD=VALUE", help="fill in a field that the server asks for")
    levels = get_args(LoggingLevel)
    add(
        "--log",
        choices=levels,
        default="info",
        metavar="LEVEL",
        help="show log messages from this level up (info)",
    )
    add("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="starts the server, or its address")


def address_in(chosen: argparse.Namespace) -> Address:
    """Return where the server is.

    Args:
        chosen: the options.

    Raises:
        Fault: what stands there leads to no server, or the options do not go with it.
    """
    words: Sequence[str] = chosen.words
    if not words:
        raise Fault(
            "no server is named: write the words that start it, or its address; "
            f"`sansmcp {chosen.command} --help` says more"
        )
    address = _address_in(words)
    if not isinstance(address, Command) and (chosen.env or chosen.cwd):
        raise Fault(f"--env and --cwd go with a command; {words[0]} is an address")
    if not isinstance(address, Url) and chosen.header:
        raise Fault(f"--header goes with a URL, such as https://HOST/mcp; found {words[0]!r:.80}")
    if isinstance(address, Command):
        _check_folder(chosen.cwd)
    return address


def _address_in(words: Sequence[str]) -> Address:
    if len(words) != 1 or not ("://" in words[0] or words[0].startswith("unix:")):
        return Command(words=tuple(words))
    try:
        return address_of(words[0])
    except LocalProtocolError:
        raise Fault(
            "expected http://HOST:PORT/PATH, https://HOST:PORT/PATH, tcp://HOST:PORT, tls://HOST:PORT or "
            f"unix:PATH, found {words[0]!r}"
        ) from None


def open_client(chosen: argparse.Namespace, address: Address, screen: Screen) -> Client:
    """Connect to the server that was named.

    Args:
        chosen: the options.
        address: where the server is.
        screen: where questions and log messages are shown.

    Raises:
        Fault: an option cannot be meant.
        NotConnected: if there is no connection.
    """
    terminal = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
    questions = Questions(screen, terminal, dict(_pairs("--answer", chosen.answer)))
    settings: ClientSettings = {
        "info": Implementation(name="sansmcp-cli", version=version("sansmcp-cli")),
        "elicitation": questions.answer,
        "elicitation_urls": True,
        "roots": None if chosen.root is None else [_root(path) for path in chosen.root],
        "revisions": [revision for revision in REVISIONS if revision in (chosen.revision or REVISIONS)],
        "timeouts": _timeouts(chosen.timeout, chosen.revision),
        "on_log": screen.log,
    }
    if isinstance(address, Command):
        env = dict(_pairs("--env", chosen.env))
        client = connect(address.words, env=env, cwd=chosen.cwd, **settings)
    elif isinstance(address, Url):
        client = connect(str(address), headers=dict(_pairs("--header", chosen.header)), **settings)
    else:
        client = connect(str(address), **settings)
    try:
        if client.server_capabilities.logging is not None:
            client.set_log_level(chosen.log)
    except BaseException:
        client.close()
        raise
    return client


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, found {text!r}")
    return seconds


def _timeouts(seconds: float | None, revisions: Sequence[str] | None) -> Timeouts | None:
    if seconds is None:
        return None
    usual = Timeouts()
    # What does not answer the probe is asked once more, in the words of the legacy era, if it may speak them.
    is_asked_again = any(revision in LEGACY_REVISIONS for revision in revisions or REVISIONS)
    return Timeouts(
        probe=min(seconds / 2, usual.probe) if is_asked_again else seconds,
        request=seconds,
        request_maximum=max(seconds, usual.request_maximum),
    )


def _pairs(option: str, words: Iterable[str] | None) -> Iterable[tuple[str, str]]:
    for word in words or ():
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise Fault(f"{option}: expected NAME=VALUE, found {word!r}")
        yield name, value


def _check_folder(path: str | None) -> None:
    # Whoever starts the command says the same of a program that is not there.
    if path is not None and not (os.access(path, os.X_OK) and Path(path).is_dir()):
        raise Fault(f"--cwd: {path!r} is no folder to start a command in; name one that is there")


def _root(path: str) -> Root:
    folder = Path(path)
    if not folder.exists():
        raise Fault(f"--root: there is no {path!r}; name a folder that is there")
    return Root(uri=folder.resolve().as_uri(), name=folder.resolve().name or None)
