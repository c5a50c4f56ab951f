"""What a request costs does not grow with what else there is: counted in lines of ours that run."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from tests.http.server.exchanging import Exchanging, Reply

from sansmcp.schema import Revision
from sansmcp.server import Server

LEGACY, MODERN = "2025-11-25", "2026-07-28"


def lines_of(work: Callable[[], object]) -> int:
    """Return how many lines of the core run."""
    count = 0

    def trace(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal count
        if not frame.f_globals.get("__name__", "").startswith("sansmcp."):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def world_with(tools: int = 1) -> Exchanging:
    server = Server("large", version="1")

    def add(a: int, b: int) -> int:
        return a + b

    for number in range(tools):
        server.add_tool(add, name=f"add-{number}", blocks=False)

    @server.prompt
    def greet() -> str:
        return "Say hello."

    return Exchanging(server)


def call(world: Exchanging, revision: Revision) -> Callable[[], object]:
    sums = {"a": 1, "b": 2}
    if revision == MODERN:
        return lambda: world.call("add-0", sums)
    client = world.handshake(revision)
    return lambda: client.call("add-0", sums)


@pytest.mark.parametrize("revision", [LEGACY, MODERN])
def test_a_call_costs_the_same_however_many_tools_there_are(revision: Revision) -> None:
    found = []
    for tools in (1, 1000):
        work = call(world_with(tools), revision)
        work()
        found.append(lines_of(work))
    assert found[0] == found[1] > 500


@pytest.mark.parametrize("revision", [LEGACY, MODERN])
def test_a_call_costs_the_same_however_many_sessions_there_are(revision: Revision) -> None:
    found = []
    for sessions in (0, 200):
        world = world_with()
        for _ in range(sessions):
            world.handshake(LEGACY)
            world.overlook()
        work = call(world, revision)
        work()
        found.append(lines_of(work))
    # The heap of deadlines is a little deeper.
    assert 500 < found[0] <= found[1] < 1.05 * found[0]


def test_a_change_costs_what_they_take_who_want_to_hear_of_it() -> None:
    found = []
    for listeners, others in ((1, 0), (1, 200), (11, 0)):
        world = world_with()
        for number in range(others):
            quiet = listen(world, "promptsListChanged", number)
            (acknowledged,) = quiet.messages
            assert acknowledged["params"]["notifications"] == {"promptsListChanged": True}
            world.overlook()
        told = [listen(world, "toolsListChanged", others + number) for number in range(listeners)]
        found.append(lines_of(lambda world=world: change(world)))
        assert [len(reply.messages) for reply in told] == [2] * listeners
    assert found[1] < 1.05 * found[0]
    assert 2 * found[0] < found[2] < 15 * found[0]


def listen(world: Exchanging, wanted: str, call_id: int) -> Reply:
    return world.modern("subscriptions/listen", {"notifications": {wanted: True}}, call_id=call_id)


def change(world: Exchanging) -> None:
    world.server.add_tool(lambda: "", name="new", description="nothing")
    world.settle()
    # Changes that come one after the other are told as one.
    world.wait(1.0)
