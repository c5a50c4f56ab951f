"""What ends a command before its work is done: words for the user, and an exit code."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Final

from sansmcp.client import Address, Command
from sansmcp.errors import (
    LocalProtocolError,
    NotConnected,
    RemoteProtocolError,
    RequestFailed,
    RequestLost,
    RequestTimedOut,
    SansmcpError,
)
from sansmcp.schema import MISSING_REQUIRED_CLIENT_CAPABILITY

TOOL_FAILED: Final = 1
"""The exit code where the tool says that it failed."""
NOT_DONE: Final = 2
"""The exit code where there is no result: a mistake in the command, no connection, an error, no time left."""
INTERRUPTED: Final = 130
"""The exit code after Ctrl-C, as shells have it."""


class Fault(Exception):
    """Ends the command.

    Args:
        text: what was found, what was expected, and what to do.
        details: further lines, such as what there is to choose from.
    """

    def __init__(self, text: str, *details: str) -> None:
        super().__init__(text)
        self.details = details


class GivenUp(KeyboardInterrupt):
    """Ctrl-C has ended the wait for an answer, so the server was told that nobody waits any more."""


@contextlib.contextmanager
def giving_up() -> Generator[None, None, None]:
    """Tell Ctrl-C in the block, which waits for an answer, from Ctrl-C elsewhere.

    Raises:
        GivenUp: somebody pressed the keys.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise GivenUp from None


def words_for(error: SansmcpError, address: Address) -> str:
    """Say what an exception means to whoever runs a command, and what to do.

    Args:
        error: what a client raised.
        address: where the server is.
    """
    match error:
        case NotConnected():
            more_time = ", or let it take longer with --timeout SECONDS" if _is_late(error) else ""
            return f"no connection: {error}; {_advice(address, error)}{more_time}"
        case RequestTimedOut():
            return f"no answer in time: {error}; --timeout SECONDS waits longer"
        case RequestLost():
            return f"the server went away: {error}; it may or may not have done the work"
        case RequestFailed(code=code) if code == MISSING_REQUIRED_CLIENT_CAPABILITY:
            return f"{error}; --root PATH offers folders, and a model is not to be had here"
        case RequestFailed():
            return f"the server answered with an error: {error}"
        case RemoteProtocolError():
            return f"the server broke the protocol: {error}"
        case LocalProtocolError():
            return f"this cannot be asked of the server: {error}"
        case _:
            return str(error)


def _is_late(error: NotConnected) -> bool:
    # It has no more to tell than its words.
    return "timeout" in str(error)


def _advice(address: Address, error: NotConnected) -> str:
    if not isinstance(address, Command):
        return "check that a server listens there"
    if len(address.words) == 1 and " " in address.words[0]:
        return "write the words of the command by themselves, without quotes around all of them"
    if "cannot start" in str(error):
        if Path(address.words[0]).is_file():
            return f"name the program that runs it first, as in: python {address.words[0]}"
        return "check the name of the program, and that PATH leads to it"
    return "check that the command starts a server that speaks MCP over its standard input and output"
