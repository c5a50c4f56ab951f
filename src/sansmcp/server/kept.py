"""State between calls, under handles that clients carry: the same with sessions and without.

A handle is a text that nobody can guess. It is good for the principal that it was made for, until it was not
used for its lifetime, and what it stands for stays on the server.

Source: 2026-07-28, which has no sessions, and asks servers for explicit handles in their place.
"""

import base64
import hashlib
from typing import Final, Protocol

import attrs

from sansmcp.environment import Environment
from sansmcp.errors import LocalProtocolError, ToolError
from sansmcp.values import JSON

# As many as a session id has in the Python and the TypeScript SDK, and no UUID is more.
_HANDLE_BYTES: Final = 16


@attrs.frozen(kw_only=True)
class KeptValue:
    """What a handle stands for."""

    value: JSON
    """The value."""
    until: float
    """When it ends, in seconds since the epoch."""


class HandleStore(Protocol):
    """Keeps values under handles; methods may be called from any thread, and block where handlers may.

    A store gets digests in place of principals and handles, so that whoever reads it can use neither.
    """

    def put(self, owner: str, key: str, kept: KeptValue, now: float, /) -> None:
        """Keep a value, in place of the one that is there.

        Args:
            owner: whose it is.
            key: names it.
            kept: the value, and when it ends.
            now: the time, of the calendar.

        Raises:
            LocalProtocolError: there is no room.
        """

    def get(self, owner: str, key: str, /) -> KeptValue | None:
        """Return what is kept, or None; it may have ended."""

    def remove(self, owner: str, key: str, /) -> None:
        """Forget a value; one that is not there is no error."""


class MemoryStore:
    """Keeps values in this process.

    Args:
        most: how many in all.
        most_each: how many of one owner, so that nobody takes the room of all.
    """

    # With a kilobyte each, ten megabytes in all.
    def __init__(self, most: int = 10_000, most_each: int = 1_000) -> None:
        self._most = most
        self._most_each = most_each
        self._kept: dict[tuple[str, str], KeptValue] = {}

    def put(self, owner: str, key: str, kept: KeptValue, now: float, /) -> None:
        """Keep a value, in place of the one that is there.

        Args:
            owner: whose it is.
            key: names it.
            kept: the value, and when it ends.
            now: the time, of the calendar.

        Raises:
            LocalProtocolError: there is no room.
        """
        if (owner, key) not in self._kept and not self._has_room(owner):
            self._forget(now)
            if not self._has_room(owner):
                raise LocalProtocolError(
                    f"there is no room for another handle: there are {self._count(owner)} of this principal "
                    f"(at most {self._most_each}) and {len(self._kept)} in all (at most {self._most}); "
                    "drop some, or give StateHandles a shorter lifetime or a MemoryStore with more room"
                )
        self._kept[owner, key] = kept

    def get(self, owner: str, key: str, /) -> KeptValue | None:
        """Return what is kept, or None; it may have ended."""
        return self._kept.get((owner, key))

    def remove(self, owner: str, key: str, /) -> None:
        """Forget a value; one that is not there is no error."""
        self._kept.pop((owner, key), None)

    def _count(self, owner: str) -> int:
        return sum(whose == owner for whose, _ in tuple(self._kept))

    def _has_room(self, owner: str) -> bool:
        # Nobody has more than there are, so as long as these are few nobody's are counted.
        return len(self._kept) < self._most and (
            len(self._kept) < self._most_each or self._count(owner) < self._most_each
        )

    def _forget(self, now: float) -> None:
        # A copy, since other threads may put and remove meanwhile.
        for place, kept in tuple(self._kept.items()):
            if kept.until <= now:
                self._kept.pop(place, None)


@attrs.frozen
class StateHandles:
    """How a server keeps state under handles; handlers have theirs in `Context.handles`."""

    lifetime: float = 3600.0
    """For how many seconds a handle is good after it was used last."""
    store: HandleStore = attrs.field(factory=MemoryStore, kw_only=True)
    """Where values are kept; by default in this process, and gone with it."""


class OwnHandles:
    """The handles of the principal that makes a request.

    Args:
        handles: how they are kept.
        environment: where randomness and calendar time come from.
        principal: whose they are; whatever nobody is known to be shares None.
    """

    __slots__ = ("_environment", "_handles", "_owner")

    def __init__(self, handles: StateHandles, environment: Environment, principal: str | None) -> None:
        self._handles = handles
        self._environment = environment
        self._owner = "" if principal is None else _digest(principal)

    def new(self, value: JSON) -> str:
        """Keep a value, and return the handle that it is kept under.

        Args:
            value: what to keep; a store outside of the process may take nothing but JSON.

        Raises:
            LocalProtocolError: there is no room.
        """
        handle = base64.urlsafe_b64encode(self._environment.random(_HANDLE_BYTES)).rstrip(b"=").decode()
        self._put(_digest(handle), value)
        return handle

    def get(self, handle: str) -> JSON:
        """Return what a handle stands for; its lifetime begins anew.

        Args:
            handle: what the client brought.

        Raises:
            ToolError: there is no such handle of this principal, or it has ended; the client is told so.
        """
        key = _digest(handle)
        value = self._found(handle, key)
        self._put(key, value)
        return value

    def set(self, handle: str, value: JSON) -> None:
        """Let a handle stand for something else; its lifetime begins anew.

        Args:
            handle: what the client brought.
            value: what to keep.

        Raises:
            ToolError: there is no such handle of this principal, or it has ended; the client is told so.
        """
        key = _digest(handle)
        self._found(handle, key)
        self._put(key, value)

    def drop(self, handle: str) -> None:
        """Forget a handle; one that is unknown is no error."""
        self._handles.store.remove(self._owner, _digest(handle))

    def _put(self, key: str, value: JSON) -> None:
        now = self._environment.utc()
        kept = KeptValue(value=value, until=now + self._handles.lifetime)
        self._handles.store.put(self._owner, key, kept, now)

    def _found(self, handle: str, key: str) -> JSON:
        kept = self._handles.store.get(self._owner, key)
        if kept is None or kept.until <= self._environment.utc():
            self._handles.store.remove(self._owner, key)
            raise ToolError(f"the handle {handle!r:.80} is unknown here, or has ended; ask for a new one")
        return kept.value


def _digest(text: str) -> str:
    # Half of a surrogate pair is no text that was made here, and finds nothing.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
