"""Progress of many calls at once, through both ends: it rises, and none of it comes after the result."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansmcp import Context, LocalProtocolError, Server
from sansmcp.schema import REVISIONS
from sansmcp.session import ProgressReceived, ResponseReceived
from sansmcp.testing import Pause, connect

STEPS = st.tuples(
    st.integers(-3, 30) | st.floats(-3.0, 30.0, allow_nan=False), st.sampled_from([0.0, 0.001, 0.05, 2.0])
)
CALLS = st.lists(st.lists(STEPS, max_size=8), min_size=1, max_size=4)


def reporter() -> Server:
    """Return a server whose tool reports whatever it is told, and goes on where that is refused."""
    server = Server("reporter", version="1")

    @server.tool
    async def report(steps: list[tuple[float, float]], ctx: Context) -> list[float]:
        taken = []
        for value, seconds in steps:
            try:
                ctx.progress(value)
            except LocalProtocolError:
                continue
            taken.append(value)
            await Pause(seconds)
        return taken

    return server


@pytest.mark.parametrize("revision", REVISIONS)
@given(CALLS)
def test_progress_rises_and_ends_with_the_result(revision, calls):
    seen = {}
    over = set()

    def on_event(_session, event):
        match event:
            case ProgressReceived():
                assert event.handle not in over
                assert event.progress > seen.get(event.handle, float("-inf"))
                seen[event.handle] = event.progress
            case ResponseReceived(method="tools/call"):
                over.add(event.handle)

    with connect(reporter(), revisions=[revision], on_event=on_event) as client:
        running = [client.start_tool("report", {"steps": [list(step) for step in steps]}) for steps in calls]
        for call, steps in zip(running, calls, strict=True):
            with call:
                told = [progress.progress for progress in call]
                assert not call.result().is_error
            reported = [value for index, (value, _) in enumerate(steps) if rises(steps, index)]
            # What was overtaken before it left is left out; the last one never is.
            assert told == [value for value in reported if value in told]
            assert told[-1:] == reported[-1:]
    assert len(over) == len(calls)


def rises(steps, index):
    """Say whether a step is above all before it."""
    return all(value < steps[index][0] for value, _ in steps[:index])
