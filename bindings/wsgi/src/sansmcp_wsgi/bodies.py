"""The body of a request, in pieces."""

from collections.abc import Iterator
from typing import Final

from sansmcp_wsgi.heads import Environ

_PIECE: Final = 64 * 1024
"""How many bytes are read at once."""


class BodyBrokenError(Exception):
    """The connection ended, or failed, before the body was complete."""


def pieces_of(environ: Environ) -> Iterator[bytes]:
    """Read the body.

    Where its length is not told it is read to its end if the server marks that, and is empty otherwise: to
    read on would wait for ever.

    Raises:
        BodyBrokenError: it is not complete.
    """
    told = environ.get("CONTENT_LENGTH") or ""
    left = int(told) if told.isascii() and told.isdigit() else None
    if left is None and not environ.get("wsgi.input_terminated"):
        return
    stream = environ["wsgi.input"]
    while left is None or left > 0:
        try:
            piece = stream.read(_PIECE if left is None else min(left, _PIECE))
        except OSError as error:
            raise BodyBrokenError(str(error)) from error
        if not piece:
            if left is None:
                return
            raise BodyBrokenError(f"{left} bytes of the body are missing")
        if left is not None:
            left -= len(piece)
        yield piece
