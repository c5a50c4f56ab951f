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
from typing import Final, Generic, TypeVar

import attrs

from sansmcp.session import Dial, Endpoint, Link, Schedule
from sansmcp.values import JSON
from sansmcp_threads.joining import Threads
from sansmcp_threads.streams import ByteStream
from sansmcp_threads.telling import Telling
from sansmcp_threads.timers import Timer

T = TypeVar("T")
SessionT = TypeVar("SessionT")
EventT = TypeVar("EventT")

Command = Callable[[float], object]
"""Does something to the endpoint, under its lock; it is told the time."""

# No server of note bounds it; a peer that reads nothing for so long reads nothing any more.
WRITE_STALL: Final = 30.0
"""Seconds for which a peer may read nothing."""

# End of input leaves running requests half a second, and the process is to be gone within one.
FLUSH: Final = 0.4
"""Seconds that the last bytes may take once a link is done."""


@attrs.define(eq=False)
class _Carried:
    """A link on its stream."""

    link: Link
    stream: ByteStream
    is_writing: bool = False
    """Somebody has taken bytes and writes them."""
    is_broken: bool = False
    """Nobody reads what it says any more."""
    reason: str | None = None
    done: threading.Event = attrs.field(factory=threading.Event)
    written: threading.Event = attrs.field(factory=threading.Event)


class Driver(Generic[SessionT, EventT]):
    """Runs the links of one endpoint.

    Args:
        endpoint: the endpoint.
        handle: takes each event, with its session, under the lock; it may give commands, but hands what is
            not its own to `tell`.
        dial: opens the stream that a `Dial` asks for; raises OSError with words of why it cannot.
    """

    def __init__(
        self,
        endpoint: Endpoint[SessionT, EventT],
        handle: Callable[[SessionT, EventT], None],
        dial: Callable[[JSON], ByteStream] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._handle = handle
        self._dial = dial
        self._lock = threading.Lock()
        self._posted: deque[Command] = deque()
        self._schedule = Schedule(endpoint)
        self._carried: dict[Link, _Carried] = {}
        self._outgoing: deque[tuple[_Carried, bytes]] = deque()
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
            self._follow_up()
            self._tell_elsewhere()

    def post(self, command: Command) -> None:
        """Run a command on the endpoint, now or as soon as whoever holds its lock comes to it; never wait.

        Args:
            command: what to do; it is told the time.
        """
        self._posted.append(command)
        self._follow_up()
        self._tell_elsewhere()

    def hand_over(self, command: Command) -> None:
        """Do the same on a thread that holds no lock of anybody's, and may tell what comes of it."""
        self._posted.append(command)
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
            for carried in self._carried.values():
                self._abandon(carried)
        self._follow_up()
        self._timer.stop()
        self.wait_done()

    # Under the lock

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
                self._dial_for(action)
                moved = True
            for link in endpoint.ready():
                self._note(link)
                moved = True
            if not moved:
                break
        self._timer.arm(self._schedule.next_deadline())

    def _dial_for(self, dial: Dial) -> None:
        if self._dial is None:
            raise AssertionError("unreachable: an endpoint that dials was given to a driver that cannot")
        self.open(dial.link, partial(self._dial, dial.address))

    def _note(self, link: Link) -> None:
        if link.done:
            self._schedule.forget(link)
        else:
            self._schedule.note(link)
        carried = self._carried.get(link)
        if carried is not None:
            # One thread at a time writes, so that bytes go out in the order in which they were taken.
            data = b"" if carried.is_writing else self._take(carried)
            if link.done:
                carried.done.set()
            if data or link.done:
                self._outgoing.append((carried, data))

    def _take(self, carried: _Carried) -> bytes:
        data = carried.link.data_to_send()
        if carried.is_broken:
            data = b""
        carried.is_writing = bool(data)
        if not data and carried.link.done:
            carried.written.set()
        return data

    def _begin(self, carried: _Carried, _now: float) -> None:
        self._carried[carried.link] = carried
        if self._is_cancelled:
            self._abandon(carried)
        else:
            self._note(carried.link)

    def _abandon(self, carried: _Carried) -> None:
        carried.is_broken = True
        carried.done.set()
        carried.written.set()
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
            self._write(carried, data)

    def _write(self, carried: _Carried, data: bytes) -> None:
        try:
            while data:
                if not carried.stream.write(data):
                    # The reader, a handler or a caller must not wait for a peer.
                    self._threads.start("sansmcp writer", partial(self._wait_and_write, carried))
                    return
                data = self._take_more(carried)
        except OSError as error:
            self._break(carried, error)
        if carried.done.is_set():
            carried.stream.end_input()

    def _wait_and_write(self, carried: _Carried) -> None:
        try:
            carried.stream.flush(WRITE_STALL)
            while data := self._take_more(carried):
                self._follow_up()
                if not carried.stream.write(data):
                    carried.stream.flush(WRITE_STALL)
        except OSError as error:
            self._break(carried, error)
        if carried.done.is_set():
            carried.stream.end_input()
        self._follow_up()

    def _take_more(self, carried: _Carried) -> bytes:
        with self._lock:
            return self._take(carried)

    def _break(self, carried: _Carried, error: OSError) -> None:
        """Take in that nobody reads any more: what is left is dropped, and the reader tells the link."""
        with self._lock:
            carried.is_broken = True
            carried.is_writing = False
            carried.reason = str(error)
            carried.written.set()
        carried.stream.end_input()

    def _do(self, command: Command) -> None:
        """Run a command on a thread of the driver's own, and tell what comes of it."""
        try:
            with self._lock:
                try:
                    command(self.now())
                finally:
                    self._settle()
        finally:
            self._follow_up()
            self._telling.tell()

    def _tell_elsewhere(self) -> None:
        # Whoever calls may hold locks of its own, which listeners may want.
        if self._telling and not self._telling.is_mine:
            self._threads.start("sansmcp listener", self._telling.tell)

    def _time_out(self) -> None:
        try:
            self._do(self._schedule.handle_timeout)
        except BaseException as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._fault = self._fault or fault

    # The thread of a link

    def _run(self, link: Link, opening: Callable[[], ByteStream]) -> None:
        try:
            stream = opening()
        except Exception as error:  # noqa: BLE001  # whatever it is, there is no stream
            if not isinstance(error, OSError):
                self._fault = self._fault or error
            self._end_input(link, str(error))
            return
        carried = _Carried(link, stream)
        try:
            self._do(partial(self._begin, carried))
            self._read(carried)
        except BaseException as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self._fault = self._fault or fault
            with self._lock:
                self._abandon(carried)
            self._end_input(link, None)
        carried.done.wait()
        carried.written.wait(FLUSH)
        with self._lock:
            del self._carried[link]
        self._follow_up()
        stream.close()

    def _read(self, carried: _Carried) -> None:
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
            self._do(partial(link.receive_data, data))
        self._end_input(link, reason or carried.reason)

    def _end_input(self, link: Link, reason: str | None) -> None:
        if reason is None:
            self._do(link.receive_eof)
        else:
            self._do(lambda now: link.receive_eof(now, reason))
