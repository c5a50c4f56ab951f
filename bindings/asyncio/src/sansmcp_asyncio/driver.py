"""The pump: it runs the links of any endpoint over byte streams. It knows neither lines nor JSON.

The reader of a link only ever feeds it; its writer alone takes bytes, and only when it is about to write
them; nothing waits for anything else, so two peers with full pipes cannot block each other. One timer
serves the endpoint and all of its links.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Final, Generic, TypeVar

import attrs

from sansmcp.session import Dial, Endpoint, Link, Schedule
from sansmcp.values import JSON
from sansmcp_asyncio.flows import Flow, Stream, flow_of

SessionT = TypeVar("SessionT")
EventT = TypeVar("EventT")

# No server of note bounds it; a peer that reads nothing for so long reads nothing any more.
WRITE_STALL: Final = 30.0
"""Seconds that one write may take."""

# End of input leaves running requests half a second, and the process is to be gone within one.
FLUSH: Final = 0.4
"""Seconds that the last bytes may take once a link is done."""


@attrs.define(eq=False)
class _Carried:
    """A link on its stream."""

    link: Link
    flow: Flow
    wake: asyncio.Event = attrs.field(factory=asyncio.Event)
    is_writing: bool = True
    fault: Exception | None = None
    writing: asyncio.Task[None] | None = None
    ending: asyncio.Task[None] | None = None
    flush: asyncio.TimerHandle | None = None


class Driver(Generic[SessionT, EventT]):
    """Runs the links of one endpoint; make it where a loop runs.

    Args:
        endpoint: the endpoint.
        handle: takes each event, with its session; it may give commands.
        dial: opens the stream that a `Dial` asks for; raises OSError with words of why it cannot.
    """

    def __init__(
        self,
        endpoint: Endpoint[SessionT, EventT],
        handle: Callable[[SessionT, EventT], None],
        dial: Callable[[JSON], Awaitable[Stream]] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._handle = handle
        self._dial = dial
        self._loop = asyncio.get_running_loop()
        self._schedule = Schedule(endpoint)
        self._carried: dict[Link, _Carried] = {}
        self._orphans: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._settling = False
        self._fault: Exception | None = None

    def now(self) -> float:
        """Return the time that links are told."""
        return self._loop.time()

    def settle(self) -> None:
        """Hand out events, open streams, wake writers and arm the timer: call it after every command."""
        if self._settling:
            return
        self._settling = True
        try:
            self._drain()
        finally:
            self._settling = False
        self._arm()

    def carry(self, link: Link, stream: Stream) -> asyncio.Task[None]:
        """Run a link over a stream until the link is done, in a task; then the stream is closed.

        Args:
            link: the link.
            stream: the stream.

        Returns:
            The task; cancelling it ends the link at once. It raises what the stream or the taker of events
            raised beyond an OSError.
        """
        carried = _Carried(link, flow_of(stream))
        self._carried[link] = carried
        task = self._start(self._carry(carried), "sansmcp link")
        # A task that is cancelled before it begins does nothing at all, not even its end.
        task.add_done_callback(lambda _: self._end_once(carried))
        return task

    async def wait_done(self) -> None:
        """Wait until every link that is carried is done and its stream closed.

        Raises:
            Exception: what a stream that was dialled, or the taker of its events, raised beyond an OSError.
        """
        while running := self._tasks | self._endings:
            await asyncio.wait(running)
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    async def cancel(self) -> None:
        """End every link at once, and the timer."""
        for task in tuple(self._tasks):
            task.cancel()
        await self.wait_done()
        self._disarm()

    # Events and wake-ups

    def _drain(self) -> None:
        endpoint = self._endpoint
        while True:
            moved = False
            while (found := endpoint.next_event()) is not None:
                self._handle(*found)
                moved = True
            for action in endpoint.actions():
                self._start(self._open(action), "sansmcp dial")
                moved = True
            for link in endpoint.ready():
                self._wake(link)
                moved = True
            if not moved:
                return

    def _wake(self, link: Link) -> None:
        if link.done:
            self._schedule.forget(link)
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
        if not carried.is_writing and carried.flow.is_free:
            data = link.data_to_send()
            if data:
                carried.flow.write_now(data)
            if carried.flow.is_free and not link.done:
                return
        carried.wake.set()
        if link.done and carried.flush is None and carried.writing is not None:
            carried.flush = self._loop.call_later(FLUSH, carried.writing.cancel)

    # Streams

    def _start(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _open(self, dial: Dial) -> None:
        if self._dial is None:
            raise AssertionError("unreachable: an endpoint that dials was given to a driver that cannot")
        try:
            stream = await self._dial(dial.address)
        except OSError as error:
            self._receive_eof(dial.link, str(error))
            return
        try:
            await self.carry(dial.link, stream)
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._fault = self._fault or fault

    async def _carry(self, carried: _Carried) -> None:
        carried.writing = writing = self._loop.create_task(self._write(carried), name="sansmcp writer")
        carried.flow.start(partial(self._receive, carried), partial(self._receive_end, carried))
        self._schedule.note(carried.link)
        self._arm()
        try:
            await asyncio.wait({writing})
        finally:
            # A second cancellation must not leave the stream open.
            await asyncio.shield(self._end_once(carried))

    def _end_once(self, carried: _Carried) -> asyncio.Task[None]:
        if carried.ending is None:
            carried.ending = self._loop.create_task(self._end(carried), name="sansmcp end")
            self._endings.add(carried.ending)
            carried.ending.add_done_callback(self._endings.discard)
        return carried.ending

    async def _end(self, carried: _Carried) -> None:
        if carried.writing is not None:
            carried.writing.cancel()
            await asyncio.wait({carried.writing})
        if carried.flush is not None:
            carried.flush.cancel()
        del self._carried[carried.link]
        try:
            # However it came to an end, whoever waits for an answer must hear of it.
            if not carried.link.done:
                self._orphans.add(carried.link)
                self._receive_eof(carried.link, None)
        finally:
            await carried.flow.close()
        if carried.fault is not None:
            raise carried.fault

    def _receive(self, carried: _Carried, data: bytes) -> None:
        try:
            carried.link.receive_data(data, self.now())
            self.settle()
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._break_off(carried, fault)

    def _receive_end(self, carried: _Carried, error: Exception | None) -> None:
        if carried.link.done:
            return
        if error is None or isinstance(error, OSError):
            self._receive_eof(carried.link, str(error) if error else None)
        else:
            self._break_off(carried, error)

    def _break_off(self, carried: _Carried, fault: Exception) -> None:
        """End a link that nothing can end well any more, so that nobody waits for it."""
        carried.fault = fault
        if carried.writing is not None:
            carried.writing.cancel()

    def _receive_eof(self, link: Link, reason: str | None) -> None:
        if reason is None:
            link.receive_eof(self.now())
        else:
            link.receive_eof(self.now(), reason)
        self.settle()

    async def _write(self, carried: _Carried) -> None:
        link, flow, wake = carried.link, carried.flow, carried.wake
        while True:
            # The wake-up is cleared before bytes are taken, so none is lost.
            wake.clear()
            if not flow.is_free:
                try:
                    async with asyncio.timeout(WRITE_STALL):
                        await flow.flush()
                except OSError:
                    await self._discard(carried)
                    return
            data = link.data_to_send()
            if data:
                flow.write_now(data)
            elif link.done:
                return
            else:
                carried.is_writing = False
                await wake.wait()
                carried.is_writing = True

    async def _discard(self, carried: _Carried) -> None:
        """Let the link come to its end though nobody reads what it says."""
        self._receive_eof(carried.link, None)
        while not carried.link.done:
            await carried.wake.wait()
            carried.wake.clear()
            carried.link.data_to_send()

    # The timer

    def _arm(self) -> None:
        at = self._schedule.next_deadline()
        timer = self._timer
        # One that fires too early does no harm and is cheaper than a new one.
        if timer is not None and at is not None and timer.when() <= at:
            return
        self._disarm()
        if at is not None:
            self._timer = self._loop.call_at(at, self._due, at)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self, at: float) -> None:
        self._timer = None
        # A clock that fires early must not spin.
        self._schedule.handle_timeout(max(at, self.now()))
        self.settle()
