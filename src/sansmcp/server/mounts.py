"""One server in another: what it offers is offered there too, under a prefix, and changes with it."""

import re
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.errors import LocalProtocolError
from sansmcp.server.context import Context
from sansmcp.server.ledger import Ledger
from sansmcp.server.registry import MAX_LOG, Mount, Registry
from sansmcp.server.shelves import Offer
from sansmcp.session import Change, ChangeKind
from sansmcp.values import JSON

_PREFIX: Final = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)


class MountHandle:
    """A server that is mounted in another; `Server.mount` returns it.

    Args:
        ledger: what the outer server offers.
        inner: what the inner one offers.
        prefix: what stands before its names.
    """

    __slots__ = ("_end", "_ledger", "_places", "_prefix")

    def __init__(self, ledger: Ledger, inner: Ledger, prefix: str) -> None:
        _check(ledger, inner, prefix)
        self._ledger = ledger
        self._prefix = prefix
        self._places: Mapping[str, int] = {}
        # Before it is looked at, so that no change in between is missed.
        self._end = inner.subscribe(self._refresh)

        def step(registry: Registry) -> Registry:
            mounted, self._places = _mounting(registry, prefix, inner)
            return mounted

        try:
            ledger.change(step)
        except LocalProtocolError:
            self._end()
            raise

    @property
    def prefix(self) -> str:
        """What stands before the names."""
        return self._prefix

    def remove(self) -> None:
        """Take everything of it away again; it may be said again."""
        self._end()
        self._ledger.change(lambda registry: _unmounting(registry, self._places))

    def _refresh(self) -> None:
        self._ledger.change(lambda registry: _refreshed(registry, self._places))


def _check(ledger: Ledger, inner: Ledger, prefix: str) -> None:
    if _PREFIX.fullmatch(prefix) is None:
        raise LocalProtocolError(
            f"mount: expected a prefix of 1 to 64 of A-Z, a-z, 0-9, '.', '-', found {prefix!r:.80}"
        )
