"""Middleware that adds up times."""

import pytest
from tests.middleware.played import Played
from tests.middleware.taped import every_revision

from sansmcp import (
    RequestFailed,
)
from sansmcp.middleware import (
    Timing,
    Timings,
)


@every_revision
def test_the_times_of_each_name_add_up(revision):
    timings = Timings()
    with Played(timings).connect(revisions=[revision]) as client:
        client.call_tool("slow", {"seconds": 1.0})
        client.call_tool("slow", {"seconds": 3.0})
        client.call_tool("fail")
        client.list_tools()
    assert timings.by_name == {
        "tools/call slow": Timing(count=2, total=4.0, longest=3.0),
        "tools/call fail": Timing(count=1, failures=1),
        "tools/list": Timing(count=1),
    }


@pytest.mark.parametrize("names", [3, 4, 300])
def test_names_past_the_limit_are_counted_together(names):
    timings = Timings(most_names=3)
    with Played(timings).connect() as client:
        for number in range(names):
            with pytest.raises(RequestFailed):
                client.call_tool(f"none {number}")
    assert len(timings.by_name) == min(names, 4)
    assert sum(timing.count for timing in timings.by_name.values()) == names
    assert timings.by_name.get("others", Timing()).count == max(0, names - 3)
