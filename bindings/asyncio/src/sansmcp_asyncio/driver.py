"""The pump: bytes into a link, bytes out of it, one timer. It knows neither lines nor JSON.

The reader only ever feeds the link; the writer alone takes bytes, and only when it is about to write
them; nothing waits for anything else, so two peers with full pipes cannot block each other.
"""

import asyncio
import contextlib
from collections.abc import Callable

from sansmcp.session import Link
from sansmcp_asyncio.streams import ByteStream


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

    async def run(self) -> None:
        """Pump until the link is done, then close the stream. Cancelling it ends the link at once."""
        self._arm()
        reading = asyncio.create_task(self._read(), name="sansmcp reader")
        try:
            await self._write()
        finally:
            reading.cancel()
            if self._timer is not None:
                self._timer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
            # However it came to an end, whoever waits for an answer must hear of it.
            self._link.receive_eof(self.now())
            self.settle()
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
