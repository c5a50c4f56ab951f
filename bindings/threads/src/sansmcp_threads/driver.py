"""The pump: it runs the links of any endpoint over byte streams. It knows neither lines nor JSON.

One lock serves the endpoint and is never held while anything is read, written, told or run. Each link has a
thread that reads. Whoever made output writes it, as far as that goes without waiting; a thread that waits
exists only where a peer does not keep up. A thread with a timer exists from the first deadline on. What
listeners, waiters and the log are to be told is told in order, by one thread at a time, without the lock.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from sansmcp.session import DEFAULT_PATIENCE, Dial, Endpoint, EndpointAction, Errand, Link, Patience, Schedule
from sansmcp.values import JSON
from sansmcp_threads.carrying import Carried
from sansmcp_threads.descriptors import Wake
from sansmcp_threads.joining import Threads
from sansmcp_threads.streams import ByteStream
from sansmcp_threads.telling import Telling
from sansmcp_threads.timers import Timer

T = TypeVar("T")
SessionT = TypeVar("SessionT")
EventT = TypeVar("EventT")

Command = Callable[[float], object]
"""Does something to the endpoint, under its lock; it is told the time."""


class Driver(Generic[SessionT, EventT]):
    """Runs the links of one endpoint.

    Args:
        endpoint: the endpoint.
        handle: takes each event, with its session, under the lock; it may give commands, but hands what is
            not its own to `tell`.
        dial: opens the stream that a `Dial` asks for, unless the wake-up comes meanwhile; raises OSError with
            words of why it cannot.
        perform: takes every other errand, in order, under the lock; it must not wait.
        patience: how long to wait for a peer that is slow to read.
    """

    def __init__(
        self,
        endpoint: Endpoint[SessionT, EventT],
        handle: Callable[[SessionT, EventT], None],
        dial: Callable[[JSON, Wake], ByteStream] | None = None,
        perform: Callable[[Errand], None] | None = None,
        *,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._endpoint = endpoint
        self._handle = handle
        self._dial = dial
        self._errand = perform
        self._patience = patience
        self._lock = threading.Lock()
        self._posted: deque[Command] = deque()
        self._schedule = Schedule(endpoint)
        self._carried: dict[Link, Carried] = {}
        self._dialling: dict[Link, Wake] = {}
        self._outgoing: deque[tuple[Carried, bytes]] = deque()
        self._threads = Threads()
        self._telling = Telling()
        self._fault: BaseException | None = None
        self._timer = Timer(self._time_out)
        self._is_cancelled = False

    def now(self) -> float:
        """Return the time that links are told."""
        return time.monotonic()

    @property
    def is_telling(self) -> bool:
        """Whether this thread is in the middle of telling somebody: what it waits for never comes."""
        return self._telling.is_mine

    # Commands

    def perform(self, command: Callable[[float], T]) -> T:
        """Run a command on the endpoint, now; from any thread.

        Args:
            command: what to do; it is told the time.

        Returns:
            What the command returns; it may raise, too.
        """
        try:
            with self._lock:
                try:
                    return command(self.now())
                finally:
                    self._settle()
        finally:
            self._follow_up_elsewhere()

    def do(self, command: Command) -> None:
        """Run a command on the endpoint, now, and tell what comes of it; on a thread that holds no lock.

        Args:
            command: what to do; it is told the time.
        """
        try:
            with self._lock:
                try:
                    command(self.now())
                finally:
                    self._settle()
        finally:
            self._follow_up()
            self._telling.tell()

    def post(self, command: Command) -> None:
        """Run a command on the endpoint, now or as soon as whoever holds its lock comes to it; never wait.

        Args:
            command: what to do; it is told the time.
        """
        self.leave(command)
        self._follow_up_elsewhere()

    def leave(self, command: Command) -> None:
        """Have a command run on the endpoint; `settle` is called afterwards, by this thread or another one.

        Args:
            command: what to do; it is told the time.
        """
        self._posted.append(command)

    def settle(self) -> None:
        """Run what was left, and tell what comes of it; on a thread that holds no lock of anybody's."""
        self._follow_up()
        self._telling.tell()

    def tell(self, told: Callable[[], object]) -> None:
        """Have something told to somebody, in order and without the lock.

        Args:
            told: tells it.
        """
        self._telling.add(told)

    # Links

    def carry(self, link: Link, stream: ByteStream) -> None:
        """Run a link over a stream until the link is done, on a thread; then the stream is closed.

        Args:
            link: the link.
            stream: the stream.
        """
        self.open(link, lambda: stream)

    def open(self, link: Link, opening: Callable[[], ByteStream]) -> None:
        """Open a stream on a thread, and run a link over it; see `carry`.

        Args:
            link: the link.
            opening: opens the stream; raises OSError with words of why it cannot.
        """
        self._threads.start("sansmcp reader", partial(self._run, link, opening))

    def wait_done(self) -> None:
        """Wait until every link that is carried is done and its stream closed.

        Raises:
            BaseException: what a stream, or the taker of its events, raised beyond an OSError.
        """
        self._threads.join()
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def cancel(self) -> None:
        """End every link at once, and the timer; nothing can be carried any more."""
        with self._lock:
            self._is_cancelled = True
            self.abandon()
        self._follow_up()
        self._timer.stop()
        self.wait_done()

    # Under the lock

    def abandon(self) -> None:
        """Write nothing more to anybody; it is called by a command, or by what is due on the endpoint."""
        for carried in self._carried.values():
            self._abandon(carried)
        for dialling in self._dialling.values():
            dialling.set()

    def _settle(self) -> None:
        endpoint = self._endpoint
        while True:
            moved = False
            while (found := endpoint.next_event()) is not None:
                self._handle(*found)
                moved = True
            if self._posted:
                self._posted.popleft()(self.now())
                continue
            for action in endpoint.actions():
                self._act(action)
                moved = True
            for link in endpoint.ready():
                self._note(link)
                moved = True
            if not moved:
                break
        self._timer.arm(self._schedule.next_deadline())

    def _act(self, action: EndpointAction) -> None:
        if isinstance(action, Dial):
            self._dial_for(action)
        elif self._errand is None:
            raise AssertionError("unreachable: an endpoint with errands was given to a driver without")
        else:
            self._errand(action)

    def _dial_for(self, dial: Dial) -> None:
        if self._dial is None:
            raise AssertionError("unreachable: an endpoint that dials was given to a driver that cannot")
        try:
            stop = self._dialling[dial.link] = Wake()
            self.open(dial.link, partial(self._open_dialled, dial, partial(self._dial, dial.address, stop)))
        except (OSError, RuntimeError) as error:
            # No thread or no descriptor is to be had: that link has failed, and the next one may do better.
            self._forget_dialled(dial.link)
            reason = str(error)
            self._posted.append(lambda now: dial.link.receive_eof(now, reason))

    def _forget_dialled(self, link: Link) -> None:
        if (stop := self._dialling.pop(link, None)) is not None:
            stop.close()

    def _note(self, link: Link) -> None:
        if link.done:
            self._schedule.forget(link)
            if (dialling := self._dialling.get(link)) is not None:
                dialling.set()
        else:
            self._schedule.note(link)
        carried = self._carried.get(link)
        if carried is not None and (data := carried.take()) is not None:
            self._outgoing.append((carried, data))

    def _begin(self, carried: Carried, _now: float) -> None:
        self._carried[carried.link] = carried
        if self._is_cancelled:
            self._abandon(carried)
        else:
            self._note(carried.link)

    def _abandon(self, carried: Carried) -> None:
        carried.abandon()
        self._outgoing.append((carried, b""))

    # Without the lock

    def _follow_up(self) -> None:
        """Do what is left to whoever had the lock: call it each time after it was released."""
        while True:
            # Whoever posts while the lock is taken leaves the command to its holder, who looks again here.
            while self._posted and self._lock.acquire(blocking=False):
                try:
                    self._settle()
                finally:
                    self._lock.release()
            if not self._outgoing:
                return
            try:
                carried, data = self._outgoing.popleft()
            except IndexError:
                # Another thread was quicker.
                return
            carried.write(data)

    def _follow_up_elsewhere(self) -> None:
        self._follow_up()
        self._tell_elsewhere()

    def _tell_elsewhere(self) -> None:
        # Whoever calls may hold locks of its own, which listeners may want.
        if not self._telling.is_wanted:
            return
        try:
            self._threads.start("sansmcp listener", self._telling.tell)
        except RuntimeError:
            # No thread can be started: the timer's has to do it.
            self._timer.arm(self.now())

    def _keep(self, fault: BaseException | None) -> None:
        """Keep the first fault: it comes out where somebody waits for the end."""
        self._fault = self._fault or fault

    def _time_out(self) -> None:
        try:
            self.do(self._schedule.handle_timeout)
        except BaseException as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._keep(fault)

    # The thread of a link

    def _open_dialled(self, dial: Dial, opening: Callable[[], ByteStream]) -> ByteStream:
        try:
            return opening()
        finally:
            with self._lock:
                self._forget_dialled(dial.link)

    def _run(self, link: Link, opening: Callable[[], ByteStream]) -> None:
        try:
            stream = opening()
        except Exception as error:  # noqa: BLE001  # whatever it is, there is no stream
            self._keep(None if isinstance(error, OSError) else error)
            self._end_input(link, str(error))
            return
        carried = Carried(
            link,
            stream,
            lock=self._lock,
            settle=self._settle,
            released=self._follow_up_elsewhere,
            threads=self._threads,
            patience=self._patience,
        )
        try:
            self.do(partial(self._begin, carried))
            self._read(carried)
            carried.wait_written()
        except BaseException as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._keep(fault)
        finally:
            self._end(carried)

    def _read(self, carried: Carried) -> None:
        link, stream = carried.link, carried.stream
        reason = None
        while True:
            try:
                data = stream.read()
            except OSError as error:
                reason = str(error)
                break
            if not data:
                break
            self.do(partial(link.receive_data, data))
        if carried.fault is not None and not isinstance(carried.fault, OSError):
            self._keep(carried.fault)
        if reason is None and carried.fault is not None:
            reason = str(carried.fault)
        self._end_input(link, reason)

    def _end(self, carried: Carried) -> None:
        try:
            # However it came to an end, whoever waits for an answer must hear of it.
            if not carried.link.done:
                self._end_input(carried.link, None)
            with self._lock:
                self._carried.pop(carried.link, None)
                self._abandon(carried)
            # Others may have left commands meanwhile, and what comes of them is to be told.
            self.settle()
        except BaseException as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._keep(fault)
        finally:
            self._close(carried.stream)

    def _close(self, stream: ByteStream) -> None:
        try:
            stream.close()
        except OSError:
            # It is closed all the same; how the other side went is of no interest any more.
            return
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._keep(fault)

    def _end_input(self, link: Link, reason: str | None) -> None:
        if reason is None:
            self.do(link.receive_eof)
        else:
            self.do(lambda now: link.receive_eof(now, reason))
