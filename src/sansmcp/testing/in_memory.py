"""A client and a server of this process, joined by hand: no I/O, no runtime, no thread, a virtual clock.

    with connect(server) as client:
        assert client.call_tool("add", {"a": 1, "b": 2}).content[0].text == "3"

What they say to each other passes through real bytes. Time passes only while somebody waits, and then it
jumps to the next deadline. Handlers run at once, in the order of their requests; an `async def` may await
`Pause`, `Context.drain()` and whatever is done already, since there is no loop here that anything else could
wait for. In a `def`, `Context.drain()` does not wait: nothing would be written meanwhile.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, Unpack

import attrs

from sansmcp.client import BlockingClient, Call, ClientConnection, ClientOptions, ClientSettings, Pending
from sansmcp.schema import Side
from sansmcp.server import Server, ServerConnections, ServeSettings, When
from sansmcp.session import (
    ClientEndpoint,
    ClientEvent,
    ClientSession,
    Dial,
    Endpoint,
    Finish,
    Link,
    Outcome,
    Report,
    Runnable,
    Schedule,
    ServerEndpoint,
    ServerEvent,
    ServerSession,
    Stop,
    outcome_of,
)
from sansmcp.testing.environment import SeededEnvironment
from sansmcp.testing.living import stepped
from sansmcp.testing.streams import Cut, Stream, StreamState, whole
from sansmcp.values import JSON

T = TypeVar("T")

# Far more than two ends need to come to rest, and few enough to fail at once.
_MOST_ROUNDS: Final = 10_000


class WorkCancelled(BaseException):
    """A handler's request, or a call, was given up; no Exception, like the word of any runtime for it."""


@attrs.frozen
class Pause:
    """Awaited in an `async def` handler, it ends after some seconds of the virtual clock."""

    seconds: float
    """How long."""

    def __await__(self) -> Generator[float, None, None]:
        yield float(self.seconds)


@attrs.define(eq=False)
class Waiting(Generic[T]):
    """A call that was begun."""

    call: Call[T]
    """The call."""
    pending: Pending | None = None
    """Where it stands with the connection."""
    value: T | None = None
    """What it returned."""
    error: BaseException | None = None
    """What it raised."""
    is_done: bool = False
    """Whether it has ended."""

    def done(self) -> bool:
        """Say whether it has ended."""
        return self.is_done

    def set_result(self, value: JSON, /) -> None:
        """Take the value."""
        self.value, self.is_done = value, True

    def set_exception(self, error: BaseException, /) -> None:
        """Take the exception."""
        self.error, self.is_done = error, True


@attrs.define(eq=False)
class _Happening:
    """Awaited in an `async def` handler, it ends once something has happened."""

    has_happened: bool = False

    def happen(self) -> None:
        self.has_happened = True

    def __await__(self) -> Generator["_Happening", None, None]:
        while not self.has_happened:
            yield self


@attrs.define(eq=False)
class _Handling:
    """An `async def` handler on its way."""

    work: Runnable
    finish: Finish
    coroutine: Coroutine[JSON, None, JSON]
    at: float = 0.0
    waits_for: "_Happening | None" = None
    is_over: bool = False


@attrs.define(eq=False)
class _Way:
    """One direction: from a link, on a stream, to the other link."""

    to: Side
    source: Link
    target: Link
    stream: Stream
    is_held: bool = False

    @property
    def is_over(self) -> bool:
        return self.source.done and self.stream.state is StreamState.ENDED


class MemoryClient(BlockingClient):
    """A client of a server in memory; make it with `connect`.

    Args:
        server: the server.
        options: how the client is set up.
        serving: how the server's session is set up.
        cut: how the bytes are cut on their way.
    """

    def __init__(self, server: Server, options: ClientOptions, serving: ServeSettings, cut: Cut) -> None:
        environment = SeededEnvironment()
        self.now = 0.0
        """The time, in seconds; it moves when somebody waits."""
        self.reports: list[Report] = []
        """What a binding would have written into its log."""
        self._cut = cut
        self._handling: list[_Handling] = []
        self._ways: list[_Way] = []
        self._held: set[Side] = set()
        self._opened: Waiting[JSON] = Waiting(Call(method="initialize", read=lambda value: value))
        self._server = self.server_endpoint(server, environment, serving)
        self._endpoint = self.client_endpoint(options, environment)
        self._schedules = (Schedule(self._server), Schedule(self._endpoint))
        self._life = ExitStack()
        self._connections = ServerConnections(
            server,
            start=self._start,
            outlet=self._outlet,
            tell=lambda told: told(),
            report=self.reports.append,
            settings=serving,
            deadlines=self._server.deadlines,
            wait=self._wait,
            lifespan=self._life.enter_context(stepped(server.living(), self._let_pass)),
        )
        self._connection = ClientConnection(
            options,
            self._endpoint,
            opened=self._opened,
            start=self._start,
            tell=lambda told: told(),
            post=self._post,
            report=self.reports.append,
        )

    def server_endpoint(
        self, server: Server, environment: SeededEnvironment, serving: ServeSettings
    ) -> ServerEndpoint[ServerSession, ServerEvent]:
        """Return the end of the server; one of another framing overrides it.

        Args:
            server: the server.
            environment: where randomness and calendar time come from.
            serving: how its sessions are set up.
        """
        return server.endpoint(environment, serving)

    def client_endpoint(
        self, options: ClientOptions, environment: SeededEnvironment
    ) -> ClientEndpoint[ClientSession, ClientEvent]:
        """Return the end of the client; one of another framing overrides it.

        Args:
            options: how the client is set up.
            environment: where randomness comes from.
        """
        return options.endpoint(None, environment.random)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def perform(self, command: Callable[[float], T]) -> T:
        """Run a command of yours on the endpoint or its session, and settle.

        Args:
            command: what to do; it is told the time.

        Returns:
            What the command returns.
        """
        try:
            return command(self.now)
        finally:
            self.settle()

    # Calls

    def open(self) -> None:
        """Find out what the server speaks, and agree on it.

        Raises:
            NotConnected: there is no common ground.
        """
        self._endpoint.connect(self.now)
        self.wait(self._opened)

    def call(self, call: Call[T]) -> T:
        """Make a call and return its value.

        Raises:
            CallEnded: as the outcome says.
            NotConnected: if the connection has ended.
            LocalProtocolError: if the call is not legal.
        """
        return self.wait(self.begin(call))

    def begin(self, call: Call[T]) -> Waiting[T]:
        """Begin a call; `wait` gives its value, `give_up` cancels it.

        Raises:
            NotConnected: if the connection has ended.
            LocalProtocolError: if the call is not legal.
        """
        waiting = Waiting(call)
        waiting.pending = self._connection.send(call, waiting, self.now)
        if waiting.pending is None:
            waiting.set_result(call.read(None))
        self.settle()
        return waiting

    def wait(self, waiting: Waiting[T]) -> T:
        """Let time pass until a call has ended, and return its value or raise what it raised."""
        self.run_until(waiting.done)
        if waiting.error is not None:
            raise waiting.error
        value: T = waiting.value  # type: ignore[assignment]  # it is done and did not raise
        return value

    def give_up(self, waiting: Waiting[T]) -> None:
        """Give a call up; it ends as WorkCancelled."""
        if waiting.pending is not None and not waiting.is_done:
            self._connection.give_up(waiting.pending, self.now)
            waiting.set_exception(WorkCancelled("the caller gave it up"))
            self.settle()

    def begin_close(self) -> None:
        """Begin to close the connection; it may be said again."""
        self._endpoint.close(self.now)
        self.settle()

    def close(self) -> None:
        """Close the connection in good order, and leave the lifespan of the server; it may be said again."""
        with self._life:
            self.begin_close()
            self.go_on_reading()
            self.run_until(self.is_over)
            self._connections.close()
            self.settle()

    def is_over(self) -> bool:
        """Say whether both ends are through with each other; one of another framing may know better."""
        return not self._ways

    # The bytes between the two

    def break_off(self) -> None:
        """Lose the connection: what is under way is lost, and both ends read the end."""
        for way in self._ways:
            way.stream.write(way.source.data_to_send())
            way.stream.break_off()
            way.is_held = False
        self.settle()

    def end_output(self) -> None:
        """End the stream to the server after what was sent; the other one goes on."""
        for way in self._ways_to(Side.SERVER):
            way.stream.write(way.source.data_to_send())
            way.stream.end()
        self.settle()

    def stop_reading(self, side: Side) -> None:
        """Hold back the bytes to one side."""
        self._held.add(side)
        for way in self._ways_to(side):
            way.is_held = True

    def go_on_reading(self) -> None:
        """Let bytes through again."""
        self._held.clear()
        for way in self._ways:
            way.is_held = False
        self.settle()

    # Moving

    def settle(self) -> None:
        """Move bytes and events until nothing moves; no time passes.

        Raises:
            AssertionError: it does not come to rest.
        """
        for _ in range(_MOST_ROUNDS):
            if not self._move():
                return
        raise AssertionError(f"at {self.now} the two ends do not come to rest")

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Let time pass, from deadline to deadline, until something is so.

        Raises:
            AssertionError: nothing is left that could make it so.
        """
        self.settle()
        while not condition():
            deadlines = [at for schedule in self._schedules if (at := schedule.next_deadline()) is not None]
            deadlines += [handling.at for handling in self._handling if handling.waits_for is None]
            if not deadlines:
                raise AssertionError(f"at {self.now} nothing more will happen, and it is not so")
            self.now = max(self.now, min(deadlines))
            for schedule in self._schedules:
                schedule.handle_timeout(self.now)
            self._go_on(lambda handling: handling.waits_for is None and handling.at <= self.now)
            self.settle()

    def _move(self) -> bool:
        moved = self._drain(self._server, self._connections.handle, self._schedules[0])
        moved |= self._drain(self._endpoint, self._connection.handle, self._schedules[1])
        # A client has no other errands.
        for dial in [action for action in self._endpoint.actions() if isinstance(action, Dial)]:
            far = self._server.accept(self.now)
            self._ways += [
                _Way(Side.SERVER, dial.link, far, Stream(self._cut), Side.SERVER in self._held),
                _Way(Side.CLIENT, far, dial.link, Stream(self._cut), Side.CLIENT in self._held),
            ]
            moved = True
        for way in tuple(self._ways):
            moved |= self._carry(way)
        self._ways = [way for way in self._ways if not way.is_over]
        has_happened = self._go_on(
            lambda handling: handling.waits_for is not None and handling.waits_for.has_happened
        )
        return moved or has_happened

    def _ways_to(self, side: Side) -> list[_Way]:
        return [way for way in self._ways if way.to is side]

    def _drain(
        self,
        endpoint: Endpoint[T, JSON],
        handle: Callable[[T, JSON], None],
        schedule: Schedule,
    ) -> bool:
        moved = False
        while (found := endpoint.next_event()) is not None:
            handle(*found)
            moved = True
        for link in endpoint.ready():
            if link.done:
                schedule.forget(link)
            else:
                schedule.note(link)
        return moved

    def _carry(self, way: _Way) -> bool:
        way.stream.write(way.source.data_to_send())
        if way.source.done:
            way.stream.end()
        if way.is_held:
            return False
        pieces = way.stream.take()
        for piece in pieces:
            way.target.receive_data(piece, self.now)
        if not way.stream.take_end():
            return bool(pieces)
        way.target.receive_eof(self.now)
        return True

    # Handlers

    def _let_pass(self, seconds: float) -> None:
        self.now += seconds

    def _outlet(self, command: Callable[[float], None]) -> None:
        command(self.now)

    def _post(self, command: Callable[[float], None]) -> None:
        self.perform(command)

    def _start(self, work: Runnable, finish: Finish) -> Stop | None:
        if not work.is_async:
            finish(outcome_of(work), self.now)
            return None
        handling = _Handling(work, finish, work.call())
        self._step(handling, None)
        return None if handling.is_over else partial(self._step, handling, WorkCancelled("it was cancelled"))

    def _wait(self, when: When, /, *, is_async: bool) -> Awaitable[None] | None:
        if not is_async:
            return None
        happening = _Happening()
        when(happening.happen)
        return happening

    def _go_on(self, may: Callable[[_Handling], bool]) -> bool:
        """Run the coroutines on that may go on, and say whether there were any."""
        found = [handling for handling in self._handling if may(handling)]
        for handling in found:
            self._step(handling, None)
        return bool(found)

    def _step(self, handling: _Handling, error: WorkCancelled | None) -> None:
        """Run a coroutine until it pauses or is over."""
        if handling in self._handling:
            self._handling.remove(handling)
        try:
            found = handling.coroutine.send(None) if error is None else handling.coroutine.throw(error)
        except StopIteration as end:
            outcome: Outcome = partial(handling.work.succeed, end.value)
        except BaseException as raised:  # noqa: BLE001  # whatever a handler raises is its request's outcome
            outcome = partial(handling.work.raised, raised)
        else:
            if isinstance(found, (float, _Happening)):
                handling.waits_for = found if isinstance(found, _Happening) else None
                handling.at = self.now if isinstance(found, _Happening) else self.now + found
                self._handling.append(handling)
                return
            handling.coroutine.close()
            foreign = TypeError(f"{handling.work.name} awaits {found!r:.80}; here is no loop that could wait")
            outcome = partial(handling.work.raised, foreign)
        handling.is_over = True
        handling.finish(outcome, self.now)


def connect(
    server: Server,
    *,
    serving: ServeSettings | None = None,
    cut: Cut = whole,
    **settings: Unpack[ClientSettings],
) -> MemoryClient:
    """Connect a client to a server of this process, in one call and without a runtime.

    Args:
        server: the server.
        serving: how its session is set up; see `ServeSettings`.
        cut: how the bytes are cut on their way; whole by default.
        settings: how the client is set up; see `ClientSettings`.

    Returns:
        The client, which is connected; `with` closes it.

    Raises:
        NotConnected: there is no common ground.
    """
    client = MemoryClient(server, ClientOptions.of(settings), serving or {}, cut)
    try:
        client.open()
    except BaseException:
        client.close()
        raise
    return client
