"""Request state that a client carries for the server and cannot change.

What is sealed is authenticated, not secret: whoever carries it can read it. It is bound to one request
and ends by the calendar, and it is refused whole for the slightest change.

Source: 2026-07-28, Multi Round-Trip Requests, Request State.
"""

import base64
import binascii
import hashlib
import hmac
import json
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, overload

import attrs

from sansmcp.errors import LocalProtocolError, StateRefusedError
from sansmcp.session import RequestReceived
from sansmcp.values import JSON

# A form and its answers take a few hundred bytes; every proxy on the way has to carry it too.
MAX_STATE_BYTES: Final = 256 * 1024
# HMAC-SHA256 is as strong as its key, up to its output's 32 bytes; below 16 it can be searched.
MIN_KEY_BYTES: Final = 16
# A hundred bytes each; a server that is asked back so often within a state's lifetime is under attack.
MAX_USED_STATES: Final = 100_000
_MAC_BYTES: Final = 32
_PURPOSE: Final = b"sansmcp request state 1\n"
# The clocks of a cluster differ by less; what is further ahead comes from none of them.
_CLOCK_SKEW: Final = 60.0
# They differ from round to round, or from one trace to the next, and mean the same request.
_NOT_BOUND: Final = frozenset({"_meta", "inputResponses", "requestState"})


class KeyRing(Sequence[bytes]):
    """Keys that all sessions of a server share: the first seals, all of them open. From any thread.

    Args:
        keys: the keys at first; where there are none, one is made when it is needed.

    Raises:
        LocalProtocolError: a key is too short.
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = tuple(_checked_key(key) for key in keys)
        self._made: dict[str, bytes] = {}

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        return self._keys[index]

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._keys)

    def fill(self, random: Callable[[int], bytes]) -> None:
        """Make a key where there is none."""
        if not self._keys:
            # One step, so that two threads that open the first sessions agree on the key.
            self._keys = (self._made.setdefault("key", random(32)),)

    def rotate(self, key: bytes, *, keep: int) -> None:
        """Seal with another key from now on.

        Args:
            key: the key.
            keep: how many of the keys before it still open.

        Raises:
            LocalProtocolError: the key is too short.
        """
        self._keys = (_checked_key(key), *self._keys[:keep])


def _checked_key(key: bytes) -> bytes:
    if len(key) < MIN_KEY_BYTES:
        raise LocalProtocolError(f"state_keys: expected at least {MIN_KEY_BYTES} bytes in each")
    return key


@attrs.frozen(eq=False)
class _Use:
    mac: bytes
    until: float
    by: "weakref.ref[JSON] | None"


class UsedStates:
    """The states that were opened once and must not be opened again; from any thread.

    Args:
        most: how many to remember; past it states are refused until some have ended.
    """

    def __init__(self, most: int = MAX_USED_STATES) -> None:
        self._most = most
        self._uses: dict[bytes, _Use] = {}
        self._order: deque[_Use] = deque()

    def take(self, mac: bytes, until: float, now: float, by: JSON = None) -> bool:
        """Note that a state is opened; say whether nobody else has opened it before.

        Args:
            mac: what names the state.
            until: when it ends.
            now: the time, of the calendar.
            by: the message that brought it, which may open it again: middleware may try a handler twice.
        """
        self._forget(now)
        known = self._uses.get(mac)
        if known is not None:
            return by is not None and known.by is not None and known.by() is by
        use = _Use(mac, until, None if by is None else weakref.ref(by))
        if len(self._uses) >= self._most or self._uses.setdefault(mac, use) is not use:
            return False
        self._order.append(use)
        return True

    def _forget(self, now: float) -> None:
        # Those that were opened first end first, or nearly so.
        with suppress(IndexError):
            while (use := self._order.popleft()).until <= now:
                self._uses.pop(use.mac, None)
            self._order.appendleft(use)


class Sealer:
    """Seals and opens request states.

    Args:
        keys: the keys; the first seals, all of them open.
        lifetime: how long a state is good, in seconds.
        utc: returns the seconds since the epoch.
        used: remembers which were opened, where each may be opened once; None where that may be again.
    """

    def __init__(
        self,
        keys: Sequence[bytes],
        lifetime: float,
        utc: Callable[[], float],
        used: UsedStates | None = None,
    ) -> None:
        self._keys = keys
        self._lifetime = lifetime
        self._utc = utc
        self._used = used

    def seal(self, state: JSON, bound_to: str) -> str:
        """Return a state as text for the client.

        Args:
            state: any JSON value.
            bound_to: what `request_digest` says of the request.

        Raises:
            LocalProtocolError: it is longer than 256 KiB.
        """
        now = self._utc()
        sealed = {"at": now, "until": now + self._lifetime, "for": bound_to, "state": state}
        payload = json.dumps(sealed, separators=(",", ":")).encode()
        text = base64.urlsafe_b64encode(_mac(self._keys[0], payload) + payload).decode()
        if len(text) > MAX_STATE_BYTES:
            raise LocalProtocolError(
                f"the answers and values to keep take {len(text)} bytes; at most {MAX_STATE_BYTES} are kept"
            )
        return text

    def open(self, text: str, bound_to: str, *, by: JSON = None, ends: bool = True) -> JSON:
        """Return the state that a client brought.

        Args:
            text: what the client brought.
            bound_to: what `request_digest` says of the request it brought it with.
            by: the message that it came with.
            ends: whether it may be too old; one that never left the session may not.

        Raises:
            StateRefusedError: it was changed, belongs to another request, or is too old.
        """
        if len(text) > MAX_STATE_BYTES:
            raise StateRefusedError(f"the request state has {len(text)} bytes; none of ours has")
        try:
            raw = base64.urlsafe_b64decode(text.encode("ascii"))
        except (UnicodeEncodeError, binascii.Error) as error:
            raise StateRefusedError("the request state is no base64") from error
        # Several texts can mean the same bytes; only one of them is ours.
        if base64.urlsafe_b64encode(raw).decode() != text:
            raise StateRefusedError("the request state is no base64 of ours")
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        # Every key is tried, whichever fits.
        if True not in [hmac.compare_digest(mac, _mac(key, payload)) for key in self._keys]:
            raise StateRefusedError(
                "the request state was changed, or sealed with a key that is not known here; "
                "processes that serve the same clients need the same state_keys"
            )
        sealed = json.loads(payload)
        now = self._utc()
        if ends:
            _check_time(sealed, now)
        if sealed["for"] != bound_to:
            raise StateRefusedError("the request state was sealed for another request")
        if self._used is not None and not self._used.take(mac, sealed["until"], now, by):
            raise StateRefusedError("the request state was used before, and each may be used once")
        return sealed["state"]


def _check_time(sealed: JSON, now: float) -> None:
    if sealed["at"] > now + _CLOCK_SKEW:
        raise StateRefusedError(f"the request state was sealed {sealed['at'] - now} s ahead of our clock")
    if now >= sealed["until"]:
        raise StateRefusedError(f"the request state ended {now - sealed['until']} s ago")


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + payload, hashlib.sha256)


def request_digest(event: RequestReceived, principal: str | None = None) -> str:
    """Return what names a request over all its rounds: its method, what it asks for, and who asks."""
    params = {name: value for name, value in (event.message.params or {}).items() if name not in _NOT_BOUND}
    return digest_of([event.method, params, principal])


def digest_of(value: JSON) -> str:
    """Return a short text that differs for different JSON values."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
