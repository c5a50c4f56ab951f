"""Signals interrupt the main thread between any two steps: nothing may stay halfway for it."""

import sys
from types import FrameType

from tests.bindings.threads.counting import nothing_left

from sansmcp import Server
from sansmcp_threads import Client, connect

PATIENCE = 20


def interrupted_at(step: int, client: Client) -> bool:
    """Make a call and interrupt it at a step of this thread; say whether it had so many."""
    left = step

    def trace(_frame: FrameType, _event: str, _argument: object):
        nonlocal left
        left -= 1
        if left == 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        client.call_tool("add", {"a": 1, "b": 2}, timeout=PATIENCE)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


def test_a_call_may_be_interrupted_at_every_step_and_the_next_one_is_answered() -> None:
    server = Server("adder", version="1")

    @server.tool
    def add(a: int, b: int) -> int:
        return a + b

    with nothing_left(), connect(server) as client:
        step = 1
        while interrupted_at(step, client):
            result = client.call_tool("add", {"a": step, "b": 2}, timeout=PATIENCE)
            assert result.structured_content == step + 2
            step += 1
        assert client.perform(lambda _now: client.session.stats()).calls_in_flight == 0
        assert step > 50
