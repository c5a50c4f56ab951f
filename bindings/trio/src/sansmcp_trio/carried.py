"""One link on its stream.

The reader only ever feeds the link; the writer alone takes bytes, and only when it is about to write them;
neither waits for the other, so two peers with full pipes cannot block each other.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Final

import trio
from trio.lowlevel import enable_ki_protection

from sansmcp.session import Link, Patience
from sansmcp_trio.streams import PromptStream, prompt_of

# Some streams do not tell what has left until all of it has; what TLS holds in one record.
_PIECE: Final = 16 * 1024
"""How many bytes such a stream is given at once."""

# A process is asked twice, for two seconds each, before it is killed.
CLOSE: Final = 5.0
"""Seconds that a stream may take to close; after that it is closed by force."""

# A server that exits is often found by a write; how it exited comes with the end of its output.
LAST_WORDS: Final = 1.0
"""Seconds that the end of the input may take once nothing can be written."""

BROKEN: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)
"""How streams say that the peer is gone."""


class Carried:
    """A link on its stream.

    Args:
        link: the link.
        stream: the stream.
        settle: lets the driver see what the link was told; it does not raise.
        patience: how long to wait for a peer that is slow to read.
    """

    def __init__(
        self, link: Link, stream: trio.abc.Stream, settle: Callable[[], None], patience: Patience
    ) -> None:
        self.link = link
        self.fault: Exception | None = None
        """What the stream raised, but for the news that the peer is gone."""
        self._stream = prompt_of(stream)
        self._settle = settle
        self._patience = patience
        self._prompt = self._stream if isinstance(self._stream, PromptStream) else None
        self._rest = b""
        self._is_idle = False
        self._changed = trio.Event()
        self._scope = trio.CancelScope()
        self._writing = trio.CancelScope()
        self._ended = trio.Event()

    def wake(self) -> None:
        """Send what fits at once; else let the writer look for bytes, or for the end."""
        if self._is_idle and self._sends_all_at_once() and not self.link.done:
            return
        self._is_idle = False
        self._changed.set()
        flush = self._patience.flush
        if flush is not None and self.link.done and self._writing.deadline == math.inf:
            self._writing.deadline = trio.current_time() + flush

    def cancel(self, fault: Exception | None = None) -> None:
        """End it at once; the first fault is kept."""
        self.fault = self.fault or fault
        self._scope.cancel()

    async def wait_ended(self) -> None:
        """Wait until it has come to its end and its stream is closed."""
        await self._ended.wait()

    def receive_eof(self, reason: str | None) -> None:
        """Tell the link that nothing more comes."""
        if reason:
            self.link.receive_eof(trio.current_time(), reason)
        else:
            self.link.receive_eof(trio.current_time())
        self._settle()

    @enable_ki_protection
    async def run(self) -> None:
        """Read and write until the link is done; faults are kept."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._guard, self._read, name="sansmcp reader")
                await self._guard(self._write)
                nursery.cancel_scope.cancel()

    async def close(self) -> None:
        """Close the stream, whatever is cancelled; faults are kept."""
        with trio.CancelScope(deadline=trio.current_time() + CLOSE, shield=True):
            await self._guard(self._close)
        self._ended.set()

    @enable_ki_protection
    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as fault:  # noqa: BLE001  # it comes out where somebody waits for the end
            self.cancel(fault)

    async def _close(self) -> None:
        try:
            await self._stream.aclose()
        except BROKEN:
            # It is closed all the same; how the other side went is of no interest any more.
            return

    async def _read(self) -> None:
        reason: str | None = None
        while True:
            try:
                data = await self._stream.receive_some()
            except BROKEN as error:
                reason = str(error.__cause__ or error)
                break
            if not data:
                break
            self.link.receive_data(bytes(data), trio.current_time())
            self._settle()
        self.receive_eof(reason)

    async def _write(self) -> None:
        with self._writing:
            while True:
                # The event is replaced before bytes are taken, so no wake-up is lost.
                self._changed = changed = trio.Event()
                data, self._rest = self._rest or self.link.data_to_send(), b""
                if data:
                    # Requests may have waited until it was taken.
                    self._settle()
                    try:
                        await self._send_all(data)
                    except trio.TooSlowError:
                        self.receive_eof(f"the peer has read nothing for {self._patience.write_stall:g} s")
                        await self._discard()
                        return
                    except BROKEN:
                        await self._wait_for_last_words()
                        return
                elif self.link.done:
                    return
                else:
                    self._is_idle = True
                    await changed.wait()

    def _sends_all_at_once(self) -> bool:
        # Only while the writer waits, so bytes leave in the order in which they are taken.
        if self._prompt is None:
            return False
        if data := self.link.data_to_send():
            self._rest = data[self._prompt.send_now(data) :]
        return not self._rest

    async def _send_all(self, data: bytes) -> None:
        rest = memoryview(data)
        with trio.fail_after(self._patience.write_stall) as moving:
            while rest:
                await self._stream.wait_send_all_might_not_block()
                sent = self._prompt.send_now(rest) if self._prompt is not None else 0
                if not sent:
                    sent = len(rest[:_PIECE])
                    await self._stream.send_all(rest[:_PIECE])
                rest = rest[sent:]
                moving.deadline = trio.current_time() + self._patience.write_stall

    async def _wait_for_last_words(self) -> None:
        """Let the reader find the end and the reason for it; if it does not, end the link without."""
        with trio.move_on_after(LAST_WORDS):
            await self._discard()
        if not self.link.done:
            self.receive_eof(None)
            await self._discard()

    async def _discard(self) -> None:
        """Let the link come to its end though nobody reads what it says."""
        while not self.link.done:
            self._changed = changed = trio.Event()
            if self.link.data_to_send():
                # Requests may have waited for it.
                self._settle()
            else:
                await changed.wait()
