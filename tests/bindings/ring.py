"""An endpoint that knows neither lines nor JSON: links that share one session.

Whatever comes on one link goes out on the next one. The endpoint names whom to wake, and counts what it is
asked.
"""

import collections

import attrs

from sansmcp.session import EndpointAction, Errand


@attrs.frozen
class Heard:
    """Something came."""

    data: bytes


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Remember(Errand):
    """Keep a word, and say with `Ring.remembered` that it is kept."""

    word: bytes


@attrs.define(eq=False)
class Ring:
    """An endpoint: what a link is told, the next one says."""

    links: list["RingLink"] = attrs.field(factory=list)
    events: collections.deque[Heard] = attrs.field(factory=collections.deque)
    woken: dict["RingLink", None] = attrs.field(factory=dict)
    deeds: list[EndpointAction] = attrs.field(factory=list)
    alarm: float | None = None
    alarms: list[float] = attrs.field(factory=list)
    asked: int = 0

    def accept(self, _now: float = 0) -> "RingLink":
        self.links.append(RingLink(self))
        return self.links[-1]

    def next_event(self) -> tuple["Ring", Heard] | None:
        self.asked += 1
        return (self, self.events.popleft()) if self.events else None

    def actions(self) -> list[EndpointAction]:
        deeds, self.deeds = self.deeds, []
        return deeds

    def ready(self) -> list["RingLink"]:
        woken, self.woken = self.woken, {}
        return list(woken)

    def next_deadline(self) -> float | None:
        self.asked += 1
        return self.alarm

    def handle_timeout(self, now: float) -> None:
        if self.alarm is not None and now >= self.alarm:
            self.alarms.append(now)
            self.alarm = None

    def tell_next(self, link: "RingLink", data: bytes) -> None:
        self.events.append(Heard(data))
        others = self.links[self.links.index(link) + 1 :] + self.links
        others[0].say(data)

    def remembered(self, word: bytes) -> None:
        self.events.append(Heard(word))

    def end(self) -> None:
        for link in self.links:
            link.done = True
            self.woken[link] = None


@attrs.define(eq=False)
class RingLink:
    """A link of the ring."""

    ring: Ring
    outgoing: bytes = b""
    done: bool = False
    alarm: float | None = None
    alarms: list[float] = attrs.field(factory=list)
    ends: list[str] = attrs.field(factory=list)

    def say(self, data: bytes) -> None:
        self.outgoing += data
        self.ring.woken[self] = None

    def receive_data(self, data: bytes, _now: float) -> None:
        self.ring.tell_next(self, data)

    def receive_eof(self, _now: float, reason: str = "it ended") -> None:
        self.ends.append(reason)
        self.done = True
        self.ring.woken[self] = None

    def data_to_send(self) -> bytes:
        self.ring.asked += 1
        data, self.outgoing = self.outgoing, b""
        return data

    def next_deadline(self) -> float | None:
        return self.alarm

    def handle_timeout(self, now: float) -> None:
        if self.alarm is not None and now >= self.alarm:
            self.alarms.append(now)
            self.alarm = None

    def wake_at(self, at: float | None) -> None:
        self.alarm = at
        self.ring.woken[self] = None
