"""Deadlines: a heap of what is to happen when, with lazy deletion."""

import heapq
from collections.abc import Callable, Hashable

import attrs


@attrs.define(eq=False)
class Deadlines:
    """Absolute times by key; each key has at most one.

    A heap, because the least of a dict costs a scan of it for every message.
    """

    changed: Callable[[], None] | None = None
    """Told whenever the earliest deadline may be another one."""
    _heap: list[tuple[float, int, Hashable]] = attrs.field(factory=list)
    _armed: dict[Hashable, tuple[float, int, str, Callable[[], None]]] = attrs.field(factory=dict)
    _count: int = 0

    def arm(self, key: Hashable, at: float, reason: str, act: Callable[[], None]) -> None:
        """Set the deadline of a key, in place of the one it had.

        Args:
            key: what is due.
            at: when, in seconds on the caller's monotonic clock.
            reason: what is waited for, in words.
            act: what is to be done then; it comes back from `take_due`.
        """
        self._count += 1
        self._armed[key] = (at, self._count, reason, act)
        heapq.heappush(self._heap, (at, self._count, key))
        self._compact()
        self._tell()

    def disarm(self, key: Hashable) -> None:
        """Forget the deadline of a key, if it has one."""
        if self._armed.pop(key, None) is not None:
            self._compact()
            self._tell()

    def next_deadline(self) -> float | None:
        """Return the earliest deadline, or None."""
        heap, armed = self._heap, self._armed
        while heap:
            at, count, key = heap[0]
            known = armed.get(key)
            if known is not None and known[1] == count:
                return at
            heapq.heappop(heap)
        return None

    def reason(self) -> str | None:
        """Say what the earliest deadline is for, or None."""
        return None if self.next_deadline() is None else self._armed[self._heap[0][2]][2]

    def take_due(self, now: float) -> Callable[[], None] | None:
        """Remove the earliest deadline that has come and return what is to be done, or None."""
        # Asked with every message. What is armed no more may stand first, and is never later than the rest.
        if not self._heap or self._heap[0][0] > now:
            return None
        at = self.next_deadline()
        if at is None or at > now:
            return None
        key = heapq.heappop(self._heap)[2]
        self._tell()
        return self._armed.pop(key)[3]

    def clear(self) -> None:
        """Forget every deadline."""
        self._heap.clear()
        self._armed.clear()
        self._tell()

    def _compact(self) -> None:
        """Let go of keys that are armed no more, before they are the greater part."""
        if len(self._heap) > 64 and len(self._heap) > 2 * len(self._armed):
            self._heap = [(time, count, key) for key, (time, count, _, _) in self._armed.items()]
            heapq.heapify(self._heap)

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()
