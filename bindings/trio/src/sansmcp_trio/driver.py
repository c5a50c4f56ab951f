"""The pump: it runs the links of any endpoint over byte streams. It knows neither lines nor JSON.

One task with one deadline serves the endpoint and all of its links, and no task wakes up while nothing
happens.

Tasks are protected from the keys that interrupt, which would leave sessions half changed: the main task
hears of them, and ends the others in order.
"""

import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

import trio
from trio.lowlevel import enable_ki_protection

from sansmcp.session import DEFAULT_PATIENCE, Dial, Endpoint, EndpointAction, Errand, Link, Patience, Schedule
from sansmcp.values import JSON
from sansmcp_trio.carried import BROKEN, Carried
from sansmcp_trio.tasks import Tasks

SessionT = TypeVar("SessionT")
EventT = TypeVar("EventT")


class Driver(Generic[SessionT, EventT]):
    """Runs the links of one endpoint.

    Args:
        endpoint: the endpoint.
        handle: takes each event, with its session; it may give commands. What it raises ends every link.
        tasks: where the driver's tasks run; they raise nothing there.
        dial: opens the stream that a `Dial` asks for; raises OSError with words of why it cannot.
        perform: takes every other errand, in order; it must not wait.
        patience: how long to wait for a peer that is slow to read.
    """

    def __init__(
        self,
        endpoint: Endpoint[SessionT, EventT],
        handle: Callable[[SessionT, EventT], None],
        tasks: Tasks,
        dial: Callable[[JSON], Awaitable[trio.abc.Stream]] | None = None,
        perform: Callable[[Errand], None] | None = None,
        *,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._endpoint = endpoint
        self._handle = handle
        self._tasks = tasks
        self._dial = dial
        self._perform = perform
        self._patience = patience
        self._schedule = Schedule(endpoint)
        self._carried: dict[Link, Carried] = {}
        self._dialling: dict[Link, trio.CancelScope] = {}
        self._unfinished: dict[trio.Event, None] = {}
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
        carried = Carried(link, stream, self.settle, self._patience)
        ended = trio.Event()
        self._unfinished[ended] = None
        self._tasks.start(partial(self._carry, carried), "sansmcp link")
        try:
            await carried.wait_ended()
        finally:
            carried.cancel()
            with trio.CancelScope(shield=True):
                await carried.wait_ended()
            self._finish(ended)
        if carried.fault is not None:
            raise carried.fault

    async def wait_done(self) -> None:
        """Wait until every link that is carried is done and its stream closed.

        Raises:
            Exception: what a stream that was dialled, or the taker of events, raised; once.
        """
        await trio.lowlevel.checkpoint()
        while self._unfinished:
            await next(iter(self._unfinished)).wait()
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
        if link in self._orphans:
            # Its stream is gone; what it still says reaches nobody.
            link.data_to_send()
            if link.done:
                self._orphans.discard(link)
        if (carried := self._carried.get(link)) is not None:
            carried.wake()

    def _fail(self, fault: Exception) -> None:
        self._fault = self._fault or fault
        for carried in self._carried.values():
            carried.cancel(fault)

    # Streams

    def _open(self, dial: Dial) -> None:
        ended = trio.Event()
        self._unfinished[ended] = None
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
            dial.link.receive_eof(self.now(), str(error))
            self.settle()
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._fault = self._fault or fault
            dial.link.receive_eof(self.now())
            self.settle()
        finally:
            del self._dialling[dial.link]
            if stream is None:
                self._finish(ended)
        if stream is not None:
            carried = Carried(dial.link, stream, self.settle, self._patience)
            try:
                await self._carry(carried)
            finally:
                self._fault = self._fault or carried.fault
                self._finish(ended)

    def _finish(self, ended: trio.Event) -> None:
        del self._unfinished[ended]
        ended.set()

    @enable_ki_protection
    async def _carry(self, carried: Carried) -> None:
        link = carried.link
        self._carried[link] = carried
        # It may be done before it has a stream.
        self._wake(link)
        self._arm()
        try:
            await carried.run()
        finally:
            del self._carried[link]
            # However it came to an end, whoever waits for an answer must hear of it.
            if not link.done:
                self._orphans.add(link)
                carried.receive_eof(None)
            await carried.close()

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
