"""The words of the published suite: what a scenario does and what it expects, as data.

A step does one thing and is over when that is done. `play` carries steps out on a `Harness`.
"""

import enum
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeAlias

import attrs

from sansmcp import client
from sansmcp.schema import REVISIONS, Revision, Side
from sansmcp.testing.expectations import Echoed, Expected
from sansmcp.values import JSON, Value


class Ability(enum.Enum):
    """What not every harness can do with its kind of stream; a scenario says what it needs."""

    PEERS = "peers"
    """Connect to a peer that goes away before or during the handshake."""
    BREAK = "break"
    """Break the stream in both directions, or kill the peer."""
    HALF_CLOSE = "half-close"
    """End the client's output while its input goes on."""
    CANCEL = "cancel"
    """Cancel what waits for a call by the runtime's own means; a thread that waits cannot be cancelled."""
    STOP_READING = "stop reading"
    """Let one side stop reading, so that the pipes to it fill up."""
    SHOUTS = "shouts"
    """Serve from a process that speaks over standard output, with one more tool, `shout`: it prints, writes
    to descriptor 1, lets a child process write there, and answers "shouted"."""
    CONNECTED = "connected"
    """Keep one connection whose end both sides hear of; over HTTP there are many, and between requests none
    that counts."""
    SEES_SERVER = "sees server"
    """Tell the events of the server, which runs in this process."""


class Peer(enum.Enum):
    """What the client meets."""

    SERVER = "server"
    """The server of the suite."""
    GONE_AT_ONCE = "gone at once"
    """A peer that takes the connection and ends it without a byte."""
    GONE_ON_FIRST_BYTES = "gone on first bytes"
    """A peer that ends the connection when it has read something, without an answer."""


class Asked(enum.Enum):
    """What the client's user does when the server asks."""

    ACCEPTS = "accepts"
    """Says "Texas"."""
    DECLINES = "declines"
    """Says no."""
    WAITS = "waits"
    """Says nothing until the question is withdrawn."""


# Steps


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Open(Value):
    """Serve, and connect."""

    peer: Peer = Peer.SERVER
    """What the client meets."""
    asked: Asked = Asked.ACCEPTS
    """What the client's user does when the server asks."""
    grace: float = 0.1
    """Seconds that requests get when the server's input has ended."""
    raises: type[Exception] | None = None
    """What connecting raises; None if it succeeds."""
    hears_changes: bool = False
    """Whether the client wants to be told when lists change."""
    wrapped: bool = False
    """Whether both sides have middleware in both directions; see `suite_middleware`."""

    @property
    def needs(self) -> frozenset[Ability]:
        """What the harness must be able to do."""
        return frozenset(() if self.peer is Peer.SERVER else {Ability.PEERS})


@attrs.frozen
class Call:
    """Begin a call of a tool; progress is asked for."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    label: str
    """Names the call in later steps."""
    tool: str
    """The tool; see `suite_server`."""
    arguments: Mapping[str, JSON] = attrs.field(factory=dict)
    """Its arguments."""
    timeout: float | None = None
    """Seconds without an answer; None for those of the session."""


@attrs.frozen
class Echo:
    """Begin a call that sends a text of its own and gets it back."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    label: str
    """Names the call in later steps; the text follows from it."""
    size: int
    """Bytes of the text."""


@attrs.frozen
class Ask:
    """Begin any other call, such as `read_resource(...)` of `sansmcp.client`."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    label: str
    """Names the call in later steps."""
    call: client.Call[JSON] = attrs.field(repr=lambda call: f"<{call.method}>")
    """The call."""


@attrs.frozen
class Pages:
    """Walk over the pages of a list, and check how many there are and what is on them."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    ask: Callable[[str | None], client.Call[JSON]]
    """Makes the call for the page at a cursor, such as `list_resources` of `sansmcp.client`."""
    field: str
    """What has the items in a page."""
    count: int
    """How many pages there are."""
    names: tuple[str, ...] = attrs.field(repr=lambda names: f"<{len(names)} names>")
    """The names of all items, in order."""


@attrs.frozen
class Await:
    """Wait until a call has ended, and check how; once for each call."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    label: str
    """The call."""
    expected: Expected = attrs.field(factory=Echoed)
    """How it ends."""


@attrs.frozen
class Reached:
    """Wait until a call has reported so much progress."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    label: str
    """The call."""
    progress: float
    """How much."""


@attrs.frozen
class ProgressWas:
    """Check which progress a call has reported until now; it rose, and ended with this."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    label: str
    """The call."""
    last: float
    """What was reported last."""


@attrs.frozen
class Cancel:
    """Give a call up as its runtime does that: cancel the task, leave the scope."""

    needs: ClassVar[frozenset[Ability]] = frozenset({Ability.CANCEL})

    label: str
    """The call."""


@attrs.frozen
class Notify:
    """Send a numbered notification; the server keeps the numbers in the order its handler gets them."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    number: int
    """The number."""


@attrs.frozen
class Change:
    """Tell the server, by a notification, to change what it offers; see `suite_server` for what it can do."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    what: str
    """The name of the change."""


@attrs.frozen
class Listen:
    """Ask to be told when a resource is updated, and wait until the server agreed."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    uri: str
    """The resource."""


@attrs.frozen
class Updated:
    """Wait until the iterator over updates of resources, which `Listen` opened, gives one."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    uri: str
    """The resource that it names."""


@attrs.frozen
class Settles:
    """Call a tool again and again until it answers with a text."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    tool: str
    """The tool."""
    text: str
    """The text."""


@attrs.frozen
class Seen:
    """Wait until one side has told so many events of a kind."""

    side: Side
    """The side."""
    event: str
    """The name of the event's class."""
    times: int = 1
    """How many."""

    @property
    def needs(self) -> frozenset[Ability]:
        """What the harness must be able to do."""
        return frozenset({Ability.SEES_SERVER} if self.side is Side.SERVER else ())


@attrs.frozen
class Break:
    """Break the stream, or kill the peer."""

    needs: ClassVar[frozenset[Ability]] = frozenset({Ability.BREAK})


@attrs.frozen
class HalfClose:
    """End the client's output after what it has sent; its input goes on."""

    needs: ClassVar[frozenset[Ability]] = frozenset({Ability.HALF_CLOSE})


@attrs.frozen
class StopReading:
    """Let one side stop reading."""

    needs: ClassVar[frozenset[Ability]] = frozenset({Ability.STOP_READING})

    side: Side
    """The side."""


@attrs.frozen
class GoOnReading:
    """Let both sides read again."""

    needs: ClassVar[frozenset[Ability]] = frozenset({Ability.STOP_READING})


@attrs.frozen
class Close:
    """Close the client where it was opened, and wait until it is closed."""

    needs: ClassVar[frozenset[Ability]] = frozenset()


@attrs.frozen
class CloseElsewhere:
    """Close the client from other tasks or threads, all at the same time."""

    needs: ClassVar[frozenset[Ability]] = frozenset()

    times: int = 2
    """How many of them."""


@attrs.frozen
class BeginClose:
    """Begin to close the client, and do not wait."""

    needs: ClassVar[frozenset[Ability]] = frozenset()


Step: TypeAlias = (
    Open
    | Call
    | Echo
    | Ask
    | Pages
    | Await
    | Reached
    | ProgressWas
    | Cancel
    | Notify
    | Change
    | Listen
    | Updated
    | Settles
    | Seen
    | Break
    | HalfClose
    | StopReading
    | GoOnReading
    | Close
    | CloseElsewhere
    | BeginClose
)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Scenario(Value):
    """One course of events that every binding must get through, with nothing left behind at its end."""

    name: str
    """A sentence, in words joined by underscores."""
    steps: tuple[Step, ...]
    """What happens, in order."""
    revisions: tuple[Revision, ...] = REVISIONS
    """The revisions that can say it."""
    also_needs: frozenset[Ability] = frozenset()
    """What a harness must be able to do beside what the steps say."""
    traced: bool = False
    """Whether it gives the same events in the same order wherever it is played."""

    @property
    def needs(self) -> frozenset[Ability]:
        """What a harness must be able to do to play it."""
        return self.also_needs.union(*(step.needs for step in self.steps))
