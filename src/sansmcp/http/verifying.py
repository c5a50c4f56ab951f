"""Finding out who sent a request: at once, or by asking somebody who takes a while.

Whoever knows at once, as from a signature, is called where requests are read, and must not wait. What has to
ask a database or another server is an `async def`, or a `def` in `MayWait`: bindings run it as they run
handlers.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from sansmcp.errors import LocalProtocolError
from sansmcp.http.heads import RequestHead
from sansmcp.http.refusals import Refused
from sansmcp.values import JSON, Word


class Later(Word):
    """The type of `LATER`."""

    LATER = "later"


LATER: Final = Later.LATER
"""What a verifier returns that cannot say at once: whoever drives the endpoint answers an errand `Authorize`.

Bindings answer none but those of `MayWait`."""

Verdict: TypeAlias = str | Refused | None
"""Who sent a request: a name that no other has, None where it does not matter, or why it is refused."""

Verify: TypeAlias = Callable[[RequestHead], Verdict | Later]
"""Says at once who sent a request."""

VerifySlowly: TypeAlias = Callable[[RequestHead], Verdict | Awaitable[Verdict]]
"""Says who sent a request, and may wait before."""


class MayWait:
    """A verifier that may wait; what is an `async def` need not be put into one.

    Args:
        function: returns who sent a request; a `def` runs on a thread, an `async def` is awaited.

    Raises:
        LocalProtocolError: it is no function.
    """

    def __init__(self, function: VerifySlowly) -> None:
        if not callable(function):
            raise LocalProtocolError(f"MayWait: expected a function, found {function!r:.80}")
        self.function: Final = function
        """What says who sent a request."""
        self.is_async: Final = awaits(function)
        """Whether it is an `async def`."""

    def __call__(self, head: RequestHead) -> Later:
        """Put it off."""
        del head
        return LATER


def awaits(function: JSON) -> bool:
    """Say whether a function is an `async def`; an object whose `__call__` is one is as good."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def verdict_of(value: JSON) -> Verdict:
    """Return what a verifier said, or a refusal where that is nothing it may say.

    Args:
        value: what it returned.
    """
    if value is None or isinstance(value, str | Refused):
        return value
    return _failed(f"expected a name, None or a Refused, found {value!r:.80}")


def verdict_raised(error: BaseException) -> Refused:
    """Return the refusal of a request whose verifier raised; its client does not learn what.

    Args:
        error: what it raised.
    """
    return _failed(f"it raised {error!r:.200}")


def _failed(why: str) -> Refused:
    return Refused(status=500, reason=f"verify: {why}")


class Verification:
    """Finding out who sent one request, to be run like a handler.

    Args:
        verifier: finds it out.
        head: the head of the request.
        decide: takes the verdict, and the time.
    """

    def __init__(
        self, verifier: MayWait, head: RequestHead, decide: Callable[[Verdict, float], None]
    ) -> None:
        self.name: Final = "verify"
        """What is run."""
        self.is_async: Final = verifier.is_async
        """Whether it is to be awaited."""
        self.blocks: Final = True
        """Whether it may wait."""
        self._function = verifier.function
        self._head = head
        self._decide = decide

    def call(self) -> JSON:
        """Begin; return the verdict, or what is to be awaited for it."""
        return self._function(self._head)

    def succeed(self, value: JSON, now: float, /) -> None:
        """Take in what was returned."""
        self._decide(verdict_of(value), now)

    def raised(self, error: BaseException, now: float, /) -> None:
        """Take in what was raised."""
        self._decide(verdict_raised(error), now)

    def cancel(self) -> None:
        """Do nothing: who does not wait for it any more takes no verdict."""
