"""Printing for readers that may go away, such as `head`."""

import contextlib
import io
import json
import os
from typing import TextIO

from sansmcp.values import JSON


def say(output: TextIO, *lines: str) -> None:
    """Print lines at once; where nobody reads them any more, nothing is printed from now on.

    Args:
        output: where to print.
        lines: the lines, without their ends.
    """
    write(output, "".join(f"{line}\n" for line in lines))


def write(output: TextIO, text: str) -> None:
    """Write a text as it is, and at once; see `say`.

    Args:
        output: where to write.
        text: the text.
    """
    try:
        output.write(text)
        output.flush()
    except BrokenPipeError:
        close_quietly(output)


def say_document(output: TextIO, value: JSON) -> None:
    """Print a JSON document on one line; a terminal gets nothing in it that could move its cursor.

    Args:
        output: where to print.
        value: what the document holds.
    """
    say(output, json.dumps(value, ensure_ascii=output.isatty()))


def close_quietly(output: TextIO) -> None:
    """Let everything that is still written vanish, also what the interpreter flushes at its end.

    Args:
        output: what nobody reads any more.
    """
    with contextlib.suppress(io.UnsupportedOperation):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, output.fileno())
        os.close(nowhere)
