"""Where a page of a list ended, as a text that clients carry and cannot change.

A cursor is authenticated, not secret, and it does not end by the calendar: it names a position, and
positions are never given twice.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Final

from sansmcp.errors import RpcError
from sansmcp.schema import INVALID_PARAMS
from sansmcp.server.shelves import Position

_PURPOSE: Final = b"sansmcp cursor 1\n"
# Half of HMAC-SHA256: nobody tries 2^128 texts at a server that has to look at each of them.
_MAC_BYTES: Final = 16
# Ours take about 70; what is longer need not be looked at.
_MAX_CHARACTERS: Final = 1024


class Cursors:
    """Seals and opens cursors.

    Args:
        keys: the keys; the first seals, all of them open.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys

    def seal(self, method: str, position: Position) -> str:
        """Return the cursor of a page that ends at a position.

        Args:
            method: the list.
            position: where its last item stands.
        """
        payload = json.dumps([method, *position], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_mac(self._keys[0], payload) + payload).decode()

    def open(self, method: str, cursor: str) -> Position:
        """Return where the page ended that a cursor is of.

        Args:
            method: the list that is asked for.
            cursor: what the client brought.

        Raises:
            RpcError: it is none of ours, or one of another list.
        """
        try:
            raw = base64.urlsafe_b64decode(cursor[:_MAX_CHARACTERS].encode("ascii"))
        except (UnicodeEncodeError, binascii.Error) as error:
            raise refused() from error
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        # Every key is tried, whichever fits. Several texts can mean the same bytes; only one of them is ours.
        known = True in [hmac.compare_digest(mac, _mac(key, payload)) for key in self._keys]
        if not known or base64.urlsafe_b64encode(raw).decode() != cursor:
            raise refused()
        listed, *position = json.loads(payload)
        if listed != method:
            raise refused()
        return tuple(position)


def refused() -> RpcError:
    """Return what is said to a cursor that cannot be used."""
    return RpcError(INVALID_PARAMS, "the cursor is none of this server's for this list; begin without one")


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + payload, hashlib.sha256)[:_MAC_BYTES]
