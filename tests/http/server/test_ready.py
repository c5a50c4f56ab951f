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


def walk(seed: int) -> None:
    chance = random.Random(seed)
    world = Exchanging(
        served(),
        event_store=chance.choice((MemoryEventStore(), Elsewhere(), None)),
        responses=chance.choice(("auto", "auto", "stream", "json")),
        sessions=chance.random() < 0.9,
        http_limits=HttpLimits(outbox_messages=8, backlog=4, idle=100.0),
    )
    world.holds_errands = True
    clients = [world.handshake(chance.choice(REVISIONS), capabilities={"elicitation": {}}) for _ in range(2)]
    world.do_errands()
    replies: list[Reply] = []
    numbers = iter(range(100, 10_000))

    def client() -> LegacyClient:
        return chance.choice(clients)

    def pick() -> Reply | None:
        return chance.choice(replies) if replies else None

    def call() -> None:
        tool, arguments = chance.choice(
            (
                ("echo", {"x": "hi"}),
                ("talk", {"times": 3}),
                ("rests", {}),
                ("asks", {}),
                ("count", {"times": 5}),
            )
        )
        replies.append(client().call(tool, arguments, call_id=next(numbers), token=next(numbers)))

    def modern() -> None:
        replies.append(world.call("talk", {"times": 2}, call_id=next(numbers)))

    def listen() -> None:
        replies.append(client().listen())

    def subscribe() -> None:
        params = {"notifications": {"toolsListChanged": True}, "_meta": meta()}
        replies.append(world.modern("subscriptions/listen", params, call_id=next(numbers)))

    def resume() -> None:
        reply = pick()
        known = [] if reply is None else [event.event_id for event in reply.events if event.event_id]
        if known:
            replies.append(client().listen(chance.choice(known)))

    def drop() -> None:
        reply = pick()
        if reply is not None:
            world.drop(reply)

    def stall() -> None:
        reply = pick()
        if reply is not None:
            reply.is_read = not reply.is_read
            if reply.is_read:
                reply.actions += reply.exchange.actions()
                world.settle()

    def change() -> None:
        for session in {session for session, _ in world.events[-50:]}:
            session.publish(Change(kind=ChangeKind.TOOLS), world.now)
        world.settle()

    def hold() -> None:
        world.holds = not world.holds

    def end() -> None:
        client().delete()

    acts: list[Callable[[], JSON]] = [
        *(call, modern, listen, subscribe, resume, drop, stall, change, hold),
        *(world.go_on, world.do_errands),
        lambda: world.wait(chance.choice((0.01, 1.0, 15.0, 40.0))),
        lambda: client().notify("notifications/cancelled", {"requestId": next(numbers) - 2}),
    ]
    for step in range(60):
        chance.choice(acts)()
        if step == 50:
            end()
    world.endpoint.close(world.now)
    world.settle()
    world.holds_errands = False
    world.do_errands()
    for reply in replies:
        if not reply.is_read:
            reply.is_read = True
            reply.actions += reply.exchange.actions()
    world.settle()
    world.wait(10.0)
    world.go_on()
    assert world.endpoint.sessions == 0
    assert world.endpoint.stats.alone == 0
    assert all(reply.exchange.done for reply in replies)


@pytest.mark.parametrize("seed", range(30))
def test_whatever_has_something_to_do_has_said_so(seed: int) -> None:
    walk(seed)
