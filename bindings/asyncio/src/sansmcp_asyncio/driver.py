"""The pump: bytes into a link, bytes out of it, one timer. It knows neither lines nor JSON.

The reader only ever feeds the link; the writer alone takes bytes, and only when it is about to write
them; nothing waits for anything else, so two peers with full pipes cannot block each other.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from sansmcp.session import Link
from sansmcp_asyncio.streams import ByteStream

# No server of note bounds it; a peer that reads nothing for so long reads nothing any more.
WRITE_STALL: Final = 30.0
"""Seconds that one write may take."""

# End of input leaves running requests half a second, and the process is to be gone within one.
FLUSH: Final = 0.4
"""Seconds that the last bytes may take once the link is done."""


class Driver:
    """Runs one link over one stream.

    Args:
        link: the link.
        stream: the stream.
        deliver: takes the events that are there; called after everything that may have made some.
    """

    def __init__(self, link: Link, stream: ByteStream, deliver: Callable[[], None]) -> None:
        self._link = link
        self._stream = stream
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_at: float | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._settling = False

    def now(self) -> float:
        """Return the time that the link is told."""
        return self._loop.time()

    def settle(self) -> None:
        """Hand out events, wake the writer and arm the timer: call it after every command."""
        if self._settling:
            return
        self._settling = True
        try:
            self._deliver()
        finally:
            self._settling = False
        self._wake.set()
        self._arm()
        if self._link.done and self._flush_timer is None and self._writing is not None:
            self._flush_timer = self._loop.call_later(FLUSH, self._writing.cancel)

    async def run(self) -> None:
        """Pump until the link is done, then close the stream. Cancelling it ends the link at once.

        Raises:
            Exception: what the stream or the taker of events raised; the link has ended all the same.
        """
        self._arm()
        reading = self._loop.create_task(self._read(), name="sansmcp reader")
        reading.add_done_callback(self._reader_ended)
        self._writing = writing = self._loop.create_task(self._write(), name="sansmcp writer")
        try:
            await asyncio.wait({writing})
        finally:
            reading.cancel()
            writing.cancel()
            faults = await asyncio.gather(reading, writing, return_exceptions=True)
            await self._end()
        for fault in faults:
            if isinstance(fault, Exception):
                raise fault

    def _reader_ended(self, reading: asyncio.Task[None]) -> None:
        # Without a reader nothing can end well any more, and nobody must wait for it.
        if self._writing is not None and not reading.cancelled() and reading.exception() is not None:
            self._writing.cancel()

    async def _end(self) -> None:
        for timer in (self._timer, self._flush_timer):
            if timer is not None:
                timer.cancel()
        try:
            # However it came to an end, whoever waits for an answer must hear of it.
            self._link.receive_eof(self.now())
            self.settle()
        finally:
            await self._stream.close()

    async def _read(self) -> None:
        while True:
            try:
                data = await self._stream.read()
            except OSError:
                # A connection that breaks has ended; there is nothing else to be said about it.
                data = b""
            if not data:
                break
            self._link.receive_data(data, self.now())
            self.settle()
        self._link.receive_eof(self.now())
        self.settle()

    async def _write(self) -> None:
        while True:
            # The wake-up is cleared before bytes are taken, so none is lost.
            self._wake.clear()
            data = self._link.data_to_send()
            if data:
                try:
                    async with asyncio.timeout(WRITE_STALL):
                        await self._stream.write(data)
                except OSError:
                    await self._discard()
                    return
            elif self._link.done:
                return
            else:
                await self._wake.wait()

    async def _discard(self) -> None:
        """Let the link come to its end though nobody reads what it says."""
        self._link.receive_eof(self.now())
        self.settle()
        while not self._link.done:
            await self._wake.wait()
            self._wake.clear()
            self._link.data_to_send()

    def _arm(self) -> None:
        at = self._link.next_deadline()
        if at == self._armed_at and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed_at = at
        self._timer = None if at is None else self._loop.call_at(at, self._due, at)

    def _due(self, at: float) -> None:
        self._timer = None
        # A clock that fires early must not spin.
        self._link.handle_timeout(max(at, self.now()))
        self.settle()
