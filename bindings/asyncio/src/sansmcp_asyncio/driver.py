"""The pump: it runs the links of any endpoint over byte streams. It knows neither lines nor JSON.

One timer serves the endpoint and all of its links, and nothing wakes up while nothing happens.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine
from typing import Generic, TypeVar

from sansmcp.session import DEFAULT_PATIENCE, Dial, Endpoint, EndpointAction, Errand, Link, Patience, Schedule
from sansmcp.values import JSON
from sansmcp_asyncio.carried import Carried, tell_end
from sansmcp_asyncio.flows import Stream, flow_of

SessionT = TypeVar("SessionT")
EventT = TypeVar("EventT")


class Driver(Generic[SessionT, EventT]):
    """Runs the links of one endpoint; make it where a loop runs.

    Args:
        endpoint: the endpoint.
        handle: takes each event, with its session; it may give commands. What it raises ends every link.
        dial: opens the stream that a `Dial` asks for; raises OSError with words of why it cannot.
        perform: takes every other errand, in order; it must not wait.
        patience: how long to wait for a peer that is slow to read.
    """

    def __init__(
        self,
        endpoint: Endpoint[SessionT, EventT],
        handle: Callable[[SessionT, EventT], None],
        dial: Callable[[JSON], Awaitable[Stream]] | None = None,
        perform: Callable[[Errand], None] | None = None,
        *,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._endpoint = endpoint
        self._handle = handle
        self._dial = dial
        self._perform = perform
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._schedule = Schedule(endpoint)
        self._carried: dict[Link, Carried] = {}
        self._dialling: dict[Link, asyncio.Task[None]] = {}
        self._orphans: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._settling = False
        self._soon: asyncio.Handle | None = None
        self._is_put_off = False
        # What a handler leads to is not part of it: its variables are for it alone.
        self._outside = contextvars.copy_context()
        self._fault: Exception | None = None

    def now(self) -> float:
        """Return the time that links are told."""
        return self._loop.time()

    def settle(self) -> None:
        """Hand out events, open streams, wake writers and arm the timer: call it after every command."""
        if self._settling:
            return
        self._settling = True
        self._is_put_off = False
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        try:
            self._drain()
        finally:
            self._settling = False
        self._arm()

    def settle_soon(self) -> None:
        """Settle in the next turn of the loop, once for all that happens in this one."""
        if self._soon is None:
            self._soon = self._loop.call_soon(self.settle, context=self._outside)

    def put_off(self) -> None:
        """Let what came in settle with what a handler says that begins in the next turn of the loop."""
        self._is_put_off = True
        if self._soon is None:
            # After the handlers, however many begin in that turn.
            self._soon = self._loop.call_soon(self._go_on, context=self._outside)

    def carry(self, link: Link, stream: Stream) -> asyncio.Task[None]:
        """Run a link over a stream until the link is done, in a task; then the stream is closed.

        Args:
            link: the link.
            stream: the stream.

        Returns:
            The task; cancelling it ends the link at once. It raises what the stream or the taker of events
            raised beyond an OSError.
        """
        carried = Carried(link, flow_of(stream), self._take_in, self.settle, self._patience)
        self._carried[link] = carried
        task = self._start(self._carry(carried), "sansmcp link")
        # A task that is cancelled before it begins does nothing at all, not even its end.
        task.add_done_callback(lambda _: self._end_once(carried))
        return task

    async def wait_done(self) -> None:
        """Wait until every link that is carried is done and its stream closed.

        Raises:
            Exception: what a stream that was dialled, or the taker of events, raised beyond an OSError; once.
        """
        while running := self._tasks | self._endings:
            await asyncio.wait(running)
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    async def cancel(self) -> None:
        """End every link at once, and the timer.

        Raises:
            Exception: what `wait_done` raises.
        """
        for task in tuple(self._tasks):
            task.cancel()
        try:
            await self.wait_done()
        finally:
            self._disarm()

    # Events and wake-ups

    def _go_on(self) -> None:
        self._soon = None
        self.settle_soon()

    def _take_in(self) -> None:
        """Hand out events; then settle, unless one has started a handler that may answer soon."""
        if self._settling:
            return
        self._settling = True
        try:
            self._hand_out()
        finally:
            self._settling = False
        if not self._is_put_off:
            self.settle()

    def _hand_out(self) -> bool:
        """Hand out events; say whether there were any."""
        moved = False
        while (found := self._endpoint.next_event()) is not None:
            try:
                self._handle(*found)
            except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
                self._fail(fault)
            moved = True
        return moved

    def _drain(self) -> None:
        endpoint = self._endpoint
        while True:
            moved = self._hand_out()
            for action in endpoint.actions():
                self._do(action)
                moved = True
            for link in endpoint.ready():
                self._wake(link)
                moved = True
            if not moved:
                return

    def _do(self, action: EndpointAction) -> None:
        if isinstance(action, Dial):
            self._open(action)
        elif self._perform is None:
            raise AssertionError("unreachable: an endpoint with errands was given to a driver without")
        else:
            self._perform(action)

    def _wake(self, link: Link) -> None:
        if link.done:
            self._schedule.forget(link)
            if (dialling := self._dialling.get(link)) is not None:
                dialling.cancel()
        else:
            self._schedule.note(link)
        if (carried := self._carried.get(link)) is not None:
            carried.wake()
        elif link in self._orphans:
            # Its stream is gone; what it still says reaches nobody.
            link.data_to_send()
            if link.done:
                self._orphans.discard(link)

    def _fail(self, fault: Exception) -> None:
        if not self._carried:
            self._fault = self._fault or fault
        for carried in self._carried.values():
            carried.break_off(fault)

    # Streams

    def _start(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _open(self, dial: Dial) -> None:
        task = self._start(self._carry_dialled(dial), "sansmcp dial")
        # Where tasks are eager, it has begun, and its stream may be there.
        if dial.link not in self._carried:
            self._dialling[dial.link] = task
        # However it came to an end, whoever waits for an answer must hear of it.
        task.add_done_callback(lambda _: self._give_up(dial.link, None))

    def _give_up(self, link: Link, reason: str | None) -> None:
        self._dialling.pop(link, None)
        if not link.done:
            tell_end(link, reason, self.now())
            self.settle()

    async def _carry_dialled(self, dial: Dial) -> None:
        if self._dial is None:
            raise AssertionError("unreachable: an endpoint that dials was given to a driver that cannot")
        try:
            stream = await self._dial(dial.address)
            self._dialling.pop(dial.link, None)
            await self.carry(dial.link, stream)
        except OSError as error:
            self._give_up(dial.link, str(error))
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._fault = self._fault or fault

    async def _carry(self, carried: Carried) -> None:
        self._schedule.note(carried.link)
        self._arm()
        try:
            await carried.run()
        finally:
            # A second cancellation must not leave the stream open.
            await asyncio.wait({self._end_once(carried)})
        if carried.fault is not None:
            raise carried.fault

    def _end_once(self, carried: Carried) -> asyncio.Task[None]:
        if carried.ending is None:
            carried.ending = self._loop.create_task(self._end(carried), name="sansmcp end")
            self._endings.add(carried.ending)
            carried.ending.add_done_callback(self._endings.discard)
        return carried.ending

    async def _end(self, carried: Carried) -> None:
        await carried.stop()
        del self._carried[carried.link]
        # However it came to an end, whoever waits for an answer must hear of it.
        if not carried.link.done:
            self._orphans.add(carried.link)
            tell_end(carried.link, None, self.now())
            self.settle()
        await carried.close()

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
        try:
            # A clock that fires early must not spin.
            self._schedule.handle_timeout(max(at, self.now()))
            self.settle()
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._fail(fault)
