"""What is heard at both ends of a connection, on each runtime: what one sends is what the other receives."""

import json
from collections import Counter

import attrs
import pytest
from tests.suite.on_asyncio import AsyncioHarness
from tests.suite.on_threads import ThreadsHarness
from tests.suite.on_trio import TrioHarness
from tests.suite.real import DIFFERENCES
from tests.suite.traces import differences

from sansmcp.schema import REVISIONS
from sansmcp.testing import missing_lines, play, scenario_named
from sansmcp.trace import Direction, Tap

PLAIN = scenario_named("a_client_connects_calls_and_closes")


def bytes_of(heard, direction):
    return b"".join(passed.data for passed in heard if passed.direction is direction)


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("runtime", [AsyncioHarness, ThreadsHarness, TrioHarness])
def test_taps_hear_the_same_bytes_at_both_ends_and_change_nothing(runtime, revision, tmp_path):
    near, far = [], []

    class Tapped(runtime):
        def open(self, setup):
            client = {**setup.client, "wrap_link": lambda link: Tap(link, near.append)}
            server = {**setup.server, "wrap_link": lambda link: Tap(link, far.append)}
            return super().open(attrs.evolve(setup, client=client, server=server))

    assert differences(PLAIN, revision, play(PLAIN, Tapped("tcp", tmp_path), revision)) == []
    assert bytes_of(near, Direction.SENT) == bytes_of(far, Direction.RECEIVED)
    assert bytes_of(near, Direction.RECEIVED) == bytes_of(far, Direction.SENT)
    sent = [
        json.loads(passed.message) for passed in near if passed.direction is Direction.SENT and passed.size
    ]
    assert [message["params"]["name"] for message in sent if message["method"] == "tools/call"] == [
        "add",
        "count",
        "add",
    ]
    # The first of a client passes before the link has been told any time.
    times = [passed.at for passed in near if passed.at is not None]
    assert times == sorted(times)
    assert len(times) >= len(near) - 1


KINDS = [
    pytest.param(runtime, kind, revision, id=f"{runtime.runtime}-{kind}-{revision}")
    for runtime, revision in (
        (AsyncioHarness, "2026-07-28"),
        (ThreadsHarness, "2025-11-25"),
        (TrioHarness, "2025-06-18"),
    )
    for kind in runtime.kinds()
    if kind not in ("process", "unix", "wsgi-single")
]


@pytest.mark.parametrize(("runtime", "kind", "revision"), KINDS)
def test_both_ends_hear_each_message_as_bytes_over_everything(runtime, kind, revision, tmp_path):
    near, far = [], []

    class Hearing(runtime):
        def open(self, setup):
            client = {**setup.client, "on_message": near.append}
            server = {**setup.server, "on_message": far.append}
            return super().open(attrs.evolve(setup, client=client, server=server))

    played = play(PLAIN, Hearing(kind, tmp_path), revision)
    missing = missing_lines(DIFFERENCES.get(kind, ()), revision)
    assert differences(PLAIN, revision, played, missing) == []
    # Those of several exchanges pass each other.
    for one, other in ((Direction.SENT, Direction.RECEIVED), (Direction.RECEIVED, Direction.SENT)):
        assert Counter(messages_of(near, one)) == Counter(messages_of(far, other))
    sent = [json.loads(data) for data in messages_of(near, Direction.SENT)]
    called = [message["params"]["name"] for message in sent if message["method"] == "tools/call"]
    assert called == ["add", "count", "add"]


def messages_of(heard, direction):
    return [message.data for message in heard if message.direction is direction]
