"""Printing for readers that may go away, such as `head`."""

import contextlib
import io
import json
import os
from collections.abc import Generator
from typing import TextIO

from sansmcp.values import JSON
from sansmcp_cli.faults import Fault


def say(output: TextIO, *lines: str) -> None:
    """Print lines at once; where nobody reads them any more, nothing is printed from now on.

    Args:
        output: where to print.
        lines: the lines, without their ends.

    Raises:
        Fault: they cannot be written, other than where nobody reads them any more.
    """
    write(output, "".join(f"{line}\n" for line in lines))


def write(output: TextIO, text: str) -> None:
    """Write a text as it is, and at once; see `say`.

    Args:
        output: where to write.
        text: the text.

    Raises:
        Fault: it cannot be written, other than where nobody reads it any more.
    """
    # What the encoding cannot say is written out.
    encoding = output.encoding or "utf-8"
    with _writing(output):
        output.write(text.encode(encoding, "backslashreplace").decode(encoding))
        output.flush()


def write_bytes(output: TextIO, data: bytes) -> None:
    """Write bytes as they are, and at once; see `say`.

    Args:
        output: where to write.
        data: the bytes.

    Raises:
        Fault: they cannot be written, other than where nobody reads them any more.
    """
    with _writing(output):
        output.flush()
        output.buffer.write(data)
        output.buffer.flush()


@contextlib.contextmanager
def _writing(output: TextIO) -> Generator[None, None, None]:
    try:
        yield
    except BrokenPipeError:
        close_quietly(output)
    except OSError as error:
        close_quietly(output)
        raise Fault(f"the output cannot be written: {error}; make room, or send it elsewhere") from error


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
