"""One link on its stream.

What comes is fed to the link at once; bytes are taken from it only when they are about to be written;
neither waits for the other, so two peers with full pipes cannot block each other.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from sansmcp.session import Link, Patience
from sansmcp_asyncio.flows import Flow

# A process is asked twice, for two seconds each, before it is killed.
CLOSE: Final = 5.0
"""Seconds that a stream may take to close."""

# A server that exits is often found by a write; how it exited comes with the end of its output.
LAST_WORDS: Final = 1.0
"""Seconds that the end of the input may take once nothing can be written."""


class Carried:
    """A link on its stream.

    Args:
        link: the link.
        flow: the stream.
        take_in: lets the driver see what came.
        settle: lets the driver see whatever else the link was told.
        patience: how long to wait for a peer that is slow to read.
    """

    def __init__(
        self,
        link: Link,
        flow: Flow,
        take_in: Callable[[], None],
        settle: Callable[[], None],
        patience: Patience,
    ) -> None:
        self.link = link
        self.fault: Exception | None = None
        """What the stream or the link raised, but for the news that the peer is gone."""
        self.ending: asyncio.Task[None] | None = None
        """What brings it to its end, once that has begun."""
        self._flow = flow
        self._take_in = take_in
        self._settle = settle
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._is_waiting = False
        self._broken: OSError | None = None
        self._writing: asyncio.Task[None] | None = None
        self._flush: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Feed the link and write what it says until it is done; faults are kept."""
        if self.fault is not None:
            return
        self._writing = self._loop.create_task(self._write(), name="sansmcp writer")
        if self.link.done:
            self._limit_flush(self._writing)
        try:
            self._flow.start(self._receive, self._receive_end)
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self.break_off(fault)
        await asyncio.wait({self._writing})

    def wake(self) -> None:
        """Write what the link says: at once, or as soon as what waits has left."""
        if self._is_waiting and self._flow.is_free:
            if data := self.link.data_to_send():
                self._write_now(data)
            if self._flow.is_free and self._broken is None and not self.link.done:
                return
        self._changed.set()
        if self.link.done and self._writing is not None:
            self._limit_flush(self._writing)

    def break_off(self, fault: Exception) -> None:
        """End it at once, since nothing can end it well any more; the first fault is kept."""
        self.fault = self.fault or fault
        if self._writing is not None:
            self._writing.cancel()

    async def stop(self) -> None:
        """Stop writing."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait({self._writing})
        if self._flush is not None:
            self._flush.cancel()

    async def close(self) -> None:
        """Close the stream; faults are kept."""
        try:
            async with asyncio.timeout(CLOSE):
                await self._flow.close()
        except OSError:
            # It is closed all the same; how the other side went is of no interest any more.
            return
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self.fault = self.fault or fault

    # What comes

    def _receive(self, data: bytes) -> None:
        try:
            self.link.receive_data(data, self._loop.time())
            self._take_in()
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self.break_off(fault)

    def _receive_end(self, error: Exception | None) -> None:
        if self.link.done:
            return
        if error is None or isinstance(error, OSError):
            self._tell_end(str(error) if error else None)
        else:
            self.break_off(error)

    def _tell_end(self, reason: str | None) -> None:
        tell_end(self.link, reason, self._loop.time())
        self._settle()

    # What leaves

    def _limit_flush(self, writing: asyncio.Task[None]) -> None:
        if self._flush is None and self._patience.flush is not None:
            self._flush = self._loop.call_later(self._patience.flush, writing.cancel)

    def _write_now(self, data: bytes) -> None:
        try:
            self._flow.write_now(data)
        except OSError as error:
            self._broken = error
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self.break_off(fault)

    async def _write(self) -> None:
        try:
            try:
                await self._write_all()
            except TimeoutError as stalled:
                await self._discard(str(stalled))
            except OSError:
                await self._discard(None)
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self.fault = self.fault or fault

    async def _write_all(self) -> None:
        while True:
            # The wake-up is cleared before bytes are taken, so none is lost.
            self._changed.clear()
            if self._broken is not None:
                raise self._broken
            if not self._flow.is_free:
                await self._flow.flush(self._patience.write_stall)
            if data := self.link.data_to_send():
                self._write_now(data)
                # Requests may have waited for it.
                self._settle()
            elif self.link.done:
                return
            else:
                self._is_waiting = True
                await self._changed.wait()
                self._is_waiting = False

    async def _discard(self, reason: str | None) -> None:
        """Let the link come to its end though nobody reads what it says."""
        giving_up = self._loop.call_later(LAST_WORDS, self._tell_end, reason)
        try:
            while not self.link.done:
                self._changed.clear()
                if self.link.data_to_send():
                    # Requests may have waited for it.
                    self._settle()
                else:
                    await self._changed.wait()
        finally:
            giving_up.cancel()


def tell_end(link: Link, reason: str | None, now: float) -> None:
    """Tell a link that nothing more comes.

    Args:
        link: the link.
        reason: why, as far as that is known.
        now: the time.
    """
    if reason:
        link.receive_eof(now, reason)
    else:
        link.receive_eof(now)
