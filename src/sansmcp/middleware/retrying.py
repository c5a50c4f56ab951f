"""Retrying: what failed is done again, after a while."""

from collections.abc import Collection
from typing import Final

from sansmcp.errors import LocalProtocolError
from sansmcp.session import Delay, IncomingRequest, Middleware, OutgoingRequest, Proceed, Steps

SAFE_METHODS: Final = frozenset(
    {
        "completion/complete",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "tools/list",
    }
)
"""The methods that change nothing, so that it does no harm to do them twice."""


def retry(
    *on: type[Exception],
    attempts: int = 3,
    delay: float = 0.5,
    factor: float = 2.0,
    most_delay: float = 30.0,
    methods: Collection[str] = SAFE_METHODS,
) -> Middleware:
    """Return middleware that does a request again when it fails.

    Args:
        on: what is tried again: around what a client sends `RequestTimedOut` or `RequestLost`, around what a
            server receives whatever its handlers raise when that may pass.
        attempts: how often it is done at most.
        delay: seconds before the second time.
        factor: how much longer each delay is than the one before.
        most_delay: seconds that no delay exceeds.
        methods: what may be done again. Name `tools/call` only where every tool bears to be called twice.

    Raises:
        LocalProtocolError: nothing is to be tried again, or the number of attempts is not positive.
    """
    if not on or attempts < 1:
        raise LocalProtocolError(
            f"retry({on!r:.80}, attempts={attempts!r}): expected exceptions and 1 attempt or more"
        )

    def retry_request(message: IncomingRequest | OutgoingRequest, proceed: Proceed) -> Steps:
        is_request = isinstance(message, IncomingRequest | OutgoingRequest)
        left = attempts if is_request and message.method in methods else 1
        seconds = min(delay, most_delay)
        while True:
            left -= 1
            try:
                return (yield from proceed(message))
            except on:
                if left == 0:
                    raise
            yield Delay(seconds)
            seconds = min(seconds * factor, most_delay)

    return retry_request
