"""The pump: it runs the links of any endpoint over byte streams. It knows neither lines nor JSON.

The reader of a link only ever feeds it; its writer alone takes bytes, and only when it is about to write
them; nothing waits for anything else, so two peers with full pipes cannot block each other. One task with
one deadline serves the endpoint and all of its links, and no task wakes up while nothing happens.

Tasks are protected from the keys that interrupt, which would leave sessions half changed: the main task
hears of them, and ends the others in order.
"""

import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Generic, TypeVar

import attrs
import trio
from trio.lowlevel import enable_ki_protection

from sansmcp.session import Dial, Endpoint, Link, Schedule
from sansmcp.values import JSON
from sansmcp_trio.tasks import Tasks

SessionT = TypeVar("SessionT")
EventT = TypeVar("EventT")

# No server of note bounds it; a peer that reads nothing for so long reads nothing any more.
WRITE_STALL: Final = 30.0
"""Seconds that one write may take."""

# End of input leaves running requests half a second, and the process is to be gone within one.
FLUSH: Final = 0.4
"""Seconds that the last bytes may take once a link is done."""

# A process is asked twice, for two seconds each, before it is killed.
CLOSE: Final = 5.0
"""Seconds that a stream may take to close; after that it is closed by force."""

BROKEN: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)
"""How streams say that the peer is gone."""


@attrs.define(eq=False)
class _Carried:
    """A link on its stream."""

    link: Link
    stream: trio.abc.Stream
    wake: trio.Event = attrs.field(factory=trio.Event)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    writing: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    ended: trio.Event = attrs.field(factory=trio.Event)
    fault: Exception | None = None

    def end(self, fault: Exception) -> None:
        """End it at once, for a fault."""
        self.fault = self.fault or fault
        self.scope.cancel()


class Driver(Generic[SessionT, EventT]):
    """Runs the links of one endpoint.

    Args:
        endpoint: the endpoint.
        handle: takes each event, with its session; it may give commands. What it raises ends every link.
        tasks: where the driver's tasks run; they raise nothing there.
        dial: opens the stream that a `Dial` asks for; raises OSError with words of why it cannot.
    """

    def __init__(
        self,
        endpoint: Endpoint[SessionT, EventT],
        handle: Callable[[SessionT, EventT], None],
        tasks: Tasks,
        dial: Callable[[JSON], Awaitable[trio.abc.Stream]] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._handle = handle
        self._tasks = tasks
        self._dial = dial
        self._schedule = Schedule(endpoint)
        self._carried: dict[Link, _Carried] = {}
        self._dialling: dict[Link, trio.CancelScope] = {}
        self._dialled: dict[trio.Event, None] = {}
        self._orphans: set[Link] = set()
        self._timer = trio.CancelScope()
        self._settling = False
        self._fault: Exception | None = None
        tasks.start(self._keep_time, "sansmcp timer")

    def now(self) -> float:
        """Return the time that links are told."""
        return trio.current_time()

    def settle(self) -> None:
        """Hand out events, open streams, wake writers and move the deadline: call it after every command."""
        if self._settling:
            return
        self._settling = True
        try:
            self._drain()
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._fail(fault)
        finally:
            self._settling = False
        self._arm()

    async def carry(self, link: Link, stream: trio.abc.Stream) -> None:
        """Run a link over a stream until the link is done; then the stream is closed.

        Cancelling it ends the link at once.

        Args:
            link: the link.
            stream: the stream.

        Raises:
            Exception: what the stream or the taker of events raised, but for the news that the peer is gone.
        """
        carried = _Carried(link, stream)
        self._tasks.start(partial(self._carry, carried), "sansmcp link")
        try:
            await carried.ended.wait()
        finally:
            carried.scope.cancel()
            with trio.CancelScope(shield=True):
                await carried.ended.wait()
        if carried.fault is not None:
            raise carried.fault

    async def wait_done(self) -> None:
        """Wait until every stream that was dialled is closed.

        Raises:
            Exception: what one of them, or the taker of events, raised; once.
        """
        await trio.lowlevel.checkpoint()
        while self._dialled:
            await next(iter(self._dialled)).wait()
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    # Events and wake-ups

    def _drain(self) -> None:
        endpoint = self._endpoint
        while True:
            moved = False
            while (found := endpoint.next_event()) is not None:
                self._handle(*found)
                moved = True
            for action in endpoint.actions():
                self._open(action)
                moved = True
            for link in endpoint.ready():
                self._wake(link)
                moved = True
            if not moved:
                return

    def _wake(self, link: Link) -> None:
        if link.done:
            self._schedule.forget(link)
            if (dialling := self._dialling.get(link)) is not None:
                dialling.cancel()
        else:
            self._schedule.note(link)
        if link in self._orphans:
            # Its stream is gone; what it still says reaches nobody.
            link.data_to_send()
            if link.done:
                self._orphans.discard(link)
        carried = self._carried.get(link)
        if carried is None:
            return
        carried.wake.set()
        if link.done and carried.writing.deadline == math.inf:
            carried.writing.deadline = self.now() + FLUSH

    def _fail(self, fault: Exception) -> None:
        self._fault = self._fault or fault
        for carried in self._carried.values():
            carried.end(fault)

    # Streams

    def _open(self, dial: Dial) -> None:
        ended = trio.Event()
        self._dialled[ended] = None
        scope = self._dialling[dial.link] = trio.CancelScope()
        self._tasks.start(partial(self._run_dial, dial, scope, ended), "sansmcp dial")

    @enable_ki_protection
    async def _run_dial(self, dial: Dial, scope: trio.CancelScope, ended: trio.Event) -> None:
        if self._dial is None:
            raise AssertionError("unreachable: an endpoint that dials was given to a driver that cannot")
        stream: trio.abc.Stream | None = None
        try:
            with scope:
                stream = await self._dial(dial.address)
        except BROKEN as error:
            self._receive_eof(dial.link, str(error))
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._fault = self._fault or fault
            self._receive_eof(dial.link, None)
        finally:
            del self._dialling[dial.link]
            if stream is None:
                self._forget_dialled(ended)
        if stream is not None:
            carried = _Carried(dial.link, stream)
            try:
                await self._carry(carried)
            finally:
                self._fault = self._fault or carried.fault
                self._forget_dialled(ended)

    def _forget_dialled(self, ended: trio.Event) -> None:
        del self._dialled[ended]
        ended.set()

    @enable_ki_protection
    async def _carry(self, carried: _Carried) -> None:
        link = carried.link
        self._carried[link] = carried
        self._schedule.note(link)
        self._arm()
        try:
            with carried.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._guard, self._read, carried, name="sansmcp reader")
                    await self._guard(self._write, carried)
                    nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(deadline=trio.current_time() + CLOSE, shield=True):
                await self._guard(self._end, carried)
            carried.ended.set()

    @enable_ki_protection
    async def _guard(self, work: Callable[[_Carried], Awaitable[None]], carried: _Carried) -> None:
        try:
            await work(carried)
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            carried.end(fault)

    async def _end(self, carried: _Carried) -> None:
        del self._carried[carried.link]
        # However it came to an end, whoever waits for an answer must hear of it.
        if not carried.link.done:
            self._orphans.add(carried.link)
            self._receive_eof(carried.link, None)
        try:
            await carried.stream.aclose()
        except BROKEN:
            # It is closed all the same; how the other side went is of no interest any more.
            return

    async def _read(self, carried: _Carried) -> None:
        link, stream = carried.link, carried.stream
        reason: str | None = None
        while True:
            try:
                data = await stream.receive_some()
            except BROKEN as error:
                reason = str(error.__cause__ or error)
                break
            if not data:
                break
            link.receive_data(bytes(data), self.now())
            self.settle()
        self._receive_eof(link, reason)

    def _receive_eof(self, link: Link, reason: str | None) -> None:
        if reason:
            link.receive_eof(self.now(), reason)
        else:
            link.receive_eof(self.now())
        self.settle()

    async def _write(self, carried: _Carried) -> None:
        link = carried.link
        with carried.writing:
            while True:
                # The event is replaced before bytes are taken, so no wake-up is lost.
                carried.wake = wake = trio.Event()
                data = link.data_to_send()
                if data:
                    try:
                        with trio.fail_after(WRITE_STALL):
                            await carried.stream.send_all(data)
                    except (*BROKEN, trio.TooSlowError):
                        await self._discard(carried)
                        return
                elif link.done:
                    return
                else:
                    await wake.wait()

    async def _discard(self, carried: _Carried) -> None:
        """Let the link come to its end though nobody reads what it says."""
        self._receive_eof(carried.link, None)
        while not carried.link.done:
            carried.wake = wake = trio.Event()
            carried.link.data_to_send()
            await wake.wait()

    # The timer

    def _arm(self) -> None:
        at = self._schedule.next_deadline()
        deadline = math.inf if at is None else at
        if self._timer.deadline != deadline:
            self._timer.deadline = deadline

    @enable_ki_protection
    async def _keep_time(self) -> None:
        while True:
            with self._timer:
                await trio.sleep_forever()
            # A scope that has run out cannot be used again; settling moves the deadline of the new one.
            self._timer = trio.CancelScope()
            self._schedule.handle_timeout(self.now())
            self.settle()
