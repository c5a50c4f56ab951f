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
from collections.abc import Callable, Sequence
from typing import Final

from sansmcp.errors import LocalProtocolError, SansmcpError
from sansmcp.session import RequestReceived
from sansmcp.values import JSON

# A form and its answers take a few hundred bytes; every proxy on the way has to carry it too.
MAX_STATE_BYTES: Final = 256 * 1024
# HMAC-SHA256 is as strong as its key, up to its output's 32 bytes; below 16 it can be searched.
MIN_KEY_BYTES: Final = 16
_MAC_BYTES: Final = 32
_PURPOSE: Final = b"sansmcp request state 1\n"
# The clocks of a cluster differ by less; what is further ahead comes from none of them.
_CLOCK_SKEW: Final = 60.0
# They differ from round to round, or from one trace to the next, and mean the same request.
_NOT_BOUND: Final = frozenset({"_meta", "inputResponses", "requestState"})


class StateRefusedError(SansmcpError):
    """A request state was not sealed for this request, or is too old; why is for our side only."""


class Sealer:
    """Seals and opens request states.

    Args:
        keys: the keys; the first seals, all of them open.
        lifetime: how long a state is good, in seconds.
        utc: returns the seconds since the epoch.
    """

    def __init__(self, keys: Sequence[bytes], lifetime: float, utc: Callable[[], float]) -> None:
        self._keys = tuple(keys)
        self._lifetime = lifetime
        self._utc = utc

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

    def open(self, text: str, bound_to: str) -> JSON:
        """Return the state that a client brought.

        Args:
            text: what the client brought.
            bound_to: what `request_digest` says of the request it brought it with.

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
                "the request state was changed, or sealed with a key that is not known here"
            )
        return self._checked(json.loads(payload), bound_to)

    def _checked(self, sealed: JSON, bound_to: str) -> JSON:
        now = self._utc()
        if sealed["at"] > now + _CLOCK_SKEW:
            raise StateRefusedError(f"the request state was sealed {sealed['at'] - now} s ahead of our clock")
        if now >= sealed["until"]:
            raise StateRefusedError(f"the request state ended {now - sealed['until']} s ago")
        if sealed["for"] != bound_to:
            raise StateRefusedError("the request state was sealed for another request")
        return sealed["state"]


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + payload, hashlib.sha256)


def request_digest(event: RequestReceived) -> str:
    """Return what names a request over all its rounds: its method and what it asks for."""
    params = {name: value for name, value in (event.message.params or {}).items() if name not in _NOT_BOUND}
    return digest_of([event.method, params])


def digest_of(value: JSON) -> str:
    """Return a short text that differs for different JSON values."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
