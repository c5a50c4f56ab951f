"""What the published suite asks of a binding: a dozen plain calls that the binding's tests implement.

Each call blocks until it is done; the runtime goes on meanwhile. A call that is not done within a time of
the harness's own choice, long enough for a slow machine, raises AssertionError: that ends a test that
hangs, and measures nothing.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import attrs

from sansmcp import schema
from sansmcp.client import Call, ClientSettings
from sansmcp.schema import Revision, Side
from sansmcp.server import ServeSettings
from sansmcp.testing.steps import Ability, Peer
from sansmcp.values import JSON, Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Setup(Value):
    """How a connection is to be made."""

    revision: Revision
    """The revision that is to be spoken."""
    peer: Peer
    """What the client meets."""
    client: ClientSettings
    """The settings for `connect`."""
    server: ServeSettings
    """The settings for `serve_stream` and its kind; a server in another process needs `grace` alone."""
    grace: float
    """Seconds that requests get when the server's input has ended; it is in `server` too."""
    wrapped: bool = False
    """Whether to give the server to `wrap_suite_server` before it is served."""


@attrs.frozen
class Returned:
    """A call ended with a value."""

    value: JSON
    """The value."""


@attrs.frozen
class Raised:
    """A call raised something else than the runtime's own word for cancellation."""

    error: BaseException
    """What it raised."""


@attrs.frozen
class WasCancelled:
    """A call was cancelled as `Harness.cancel` asked, and its waiter was told so as its runtime does that."""


Ended: TypeAlias = Returned | Raised | WasCancelled
"""How a call ended."""


class Harness(Protocol):
    """One runtime with one kind of stream; a fresh one plays each scenario."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do beyond what all can."""
        ...

    def open(self, setup: Setup) -> Revision:
        """Serve `suite_server`, connect to it, and return the revision that is spoken.

        Raises:
            NotConnected: there is no connection; then nothing but `end` follows.
        """
        ...

    def never(self, request: schema.ElicitRequestParams, /) -> JSON:
        """Answer the client's user's question never: wait, in the binding's own colour, until cancelled.

        It is a handler for the setting `elicitation`, and may be an `async def`. What cannot be cancelled
        waits until `end`.
        """
        ...

    def begin(self, label: str, call: Call[JSON]) -> None:
        """Begin a call, in a task or a thread of its own, and return before it is answered."""

    def wait(self, label: str) -> Ended:
        """Wait until a call has ended, and return how; asked once for each call."""
        ...

    def cancel(self, label: str) -> None:
        """Cancel what waits for a call as the runtime does that."""

    def notify(self, method: str, params: JSON) -> None:
        """Send a notification to the server."""

    def subscribe(self, uri: str) -> None:
        """Enter `resource_updates(uri)` of the client, and return when the server agreed."""

    def next_update(self) -> str:
        """Wait until the iterator that `subscribe` entered gives something, and return it."""
        ...

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Let the runtime go on until something is so."""

    def close(self) -> None:
        """Close the client and wait until it is closed; raise what closing raises."""

    def begin_close(self) -> None:
        """Begin to close the client in a task or thread of its own, and do not wait."""

    def close_elsewhere(self, times: int) -> None:
        """Close the client from so many other tasks or threads at once, and wait; raise what one raises."""

    def break_off(self) -> None:
        """Break the stream in both directions, or kill the peer."""

    def end_output(self) -> None:
        """End the client's output after what it has sent; its input goes on."""

    def stop_reading(self, side: Side) -> None:
        """Let no more bytes come through to one side, as if it had stopped reading."""

    def go_on_reading(self) -> None:
        """Let bytes through to both sides again."""

    def end(self) -> Sequence[str]:
        """End what the harness runs itself, such as the server, and say what is left of the rest.

        Count threads, tasks, descriptors and child processes before `open` and here, give what is ending
        the time to end, and name what is left, as well as exceptions that nobody caught. It may be called
        when `open` was not, or has raised.
        """
        ...
