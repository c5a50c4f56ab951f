"""After any input or command, whatever has something to do has said so; found by walks that chance takes.

The check is in `Exchanging.settle`, so every test here makes it.
"""

import random
from collections.abc import Callable

import pytest
from tests.http.server.exchanging import Exchanging, LegacyClient, Reply, meta
from tests.http.server.offered import served

from sansmcp.http import HttpLimits, MemoryEventStore
from sansmcp.session import Change, ChangeKind
from sansmcp.values import JSON

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25")


class Elsewhere(MemoryEventStore):
    """A store that the endpoint does not call in place."""


class Walk:
    """Clients that do what chance says, and a server."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = Exchanging(
            served(),
            event_store=self.chance.choice((MemoryEventStore(), Elsewhere(), None)),
            responses=self.chance.choice(("auto", "auto", "stream", "json")),
            sessions=self.chance.random() < 0.9,
            http_limits=HttpLimits(outbox_messages=8, backlog=4, idle=100.0),
        )
        self.world.holds_errands = True
        self.clients = [
            self.world.handshake(self.chance.choice(REVISIONS), capabilities={"elicitation": {}})
            for _ in range(2)
        ]
        self.world.do_errands()
        self.replies: list[Reply] = []
        self.numbers = iter(range(100, 10_000))

    @property
    def client(self) -> LegacyClient:
        return self.chance.choice(self.clients)

    def pick(self) -> Reply | None:
        return self.chance.choice(self.replies) if self.replies else None

    def take(self) -> None:
        """Do one thing or another."""
        acts: list[Callable[[], JSON]] = [
            *(self.call, self.modern, self.listen, self.subscribe, self.resume, self.drop, self.stall),
            *(self.change, self.hold, self.world.go_on, self.world.do_errands),
            lambda: self.world.wait(self.chance.choice((0.01, 1.0, 15.0, 40.0))),
            lambda: self.client.notify("notifications/cancelled", {"requestId": next(self.numbers) - 2}),
        ]
        self.chance.choice(acts)()

    def call(self) -> None:
        tools = (
            ("echo", {"x": "hi"}),
            ("talk", {"times": 3}),
            ("rests", {}),
            ("asks", {}),
            ("count", {"times": 5}),
        )
        tool, arguments = self.chance.choice(tools)
        number, token = next(self.numbers), next(self.numbers)
        self.replies.append(self.client.call(tool, arguments, call_id=number, token=token))

    def modern(self) -> None:
        self.replies.append(self.world.call("talk", {"times": 2}, call_id=next(self.numbers)))

    def listen(self) -> None:
        self.replies.append(self.client.listen())

    def subscribe(self) -> None:
        params = {"notifications": {"toolsListChanged": True}, "_meta": meta()}
        number = next(self.numbers)
        self.replies.append(self.world.modern("subscriptions/listen", params, call_id=number))

    def resume(self) -> None:
        reply = self.pick()
        known = [] if reply is None else [event.event_id for event in reply.events if event.event_id]
        if known:
            self.replies.append(self.client.listen(self.chance.choice(known)))

    def drop(self) -> None:
        reply = self.pick()
        if reply is not None:
            self.world.drop(reply)

    def stall(self) -> None:
        reply = self.pick()
        if reply is not None:
            reply.is_read = not reply.is_read
            if reply.is_read:
                reply.actions += reply.exchange.actions()
                self.world.settle()

    def change(self) -> None:
        for session in {session for session, _ in self.world.events[-50:]}:
            session.publish(Change(kind=ChangeKind.TOOLS), self.world.now)
        self.world.settle()

    def hold(self) -> None:
        self.world.holds = not self.world.holds

    def end(self) -> None:
        """Let everything come to its end."""
        self.world.endpoint.close(self.world.now)
        self.world.settle()
        self.world.holds_errands = False
        self.world.do_errands()
        for reply in self.replies:
            if not reply.is_read:
                reply.is_read = True
                reply.actions += reply.exchange.actions()
        self.world.settle()
        self.world.wait(10.0)
        self.world.go_on()


@pytest.mark.parametrize("seed", range(30))
def test_whatever_has_something_to_do_has_said_so(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(51):
        walk.take()
    walk.client.delete()
    for _ in range(9):
        walk.take()
    walk.end()
    assert walk.world.endpoint.sessions == 0
    assert walk.world.endpoint.stats.alone == 0
    assert all(reply.exchange.done for reply in walk.replies)
