"""A link and an endpoint that a user wrote get through the suite, run by the drivers as they are."""

import pytest
from tests.suite.on_asyncio import AsyncioHarness
from tests.suite.on_threads import ThreadsHarness
from tests.suite.on_trio import TrioHarness
from tests.suite.prefixed import PrefixedOptions, PrefixedServer
from tests.suite.real import FULL
from tests.suite.traces import differences

import sansmcp_asyncio
import sansmcp_asyncio.openers
import sansmcp_threads
import sansmcp_threads.openers
import sansmcp_trio
import sansmcp_trio.client
import sansmcp_trio.openers
from sansmcp.testing import SCENARIOS, play

NOTHING_SAID = {"env": None, "cwd": None, "stderr": None, "ssl": None, "headers": None}


class OwnOnAsyncio(AsyncioHarness):
    server_kind = PrefixedServer

    async def opening(self, target, setup):
        opener = sansmcp_asyncio.openers.opener_of(target, **NOTHING_SAID)
        client = sansmcp_asyncio.Client(PrefixedOptions.of(setup.client), opener)
        await client.open()
        return client


class OwnOnTrio(TrioHarness):
    server_kind = PrefixedServer

    def connecting(self, target, setup):
        opener = sansmcp_trio.openers.opener_of(target, **NOTHING_SAID)
        return sansmcp_trio.client.Connecting(PrefixedOptions.of(setup.client), opener)


class OwnOnThreads(ThreadsHarness):
    server_kind = PrefixedServer

    def opened(self, target, setup):
        opener = sansmcp_threads.openers.opener_of(target, **NOTHING_SAID, async_runner=None)
        client = sansmcp_threads.Client(PrefixedOptions.of(setup.client), opener, async_runner=None)
        client.open()
        return client


def cases():
    for harness in (OwnOnAsyncio, OwnOnThreads, OwnOnTrio):
        for kind in ("memory", "tcp", "unix") if FULL else ("tcp",):
            for place, scenario in enumerate(SCENARIOS):
                if scenario.needs <= harness.abilities_with(kind):
                    revision = scenario.revisions[-1 - place % len(scenario.revisions)]
                    identity = f"{harness.runtime}-{kind}-{scenario.name}-{revision}"
                    yield pytest.param(harness, kind, scenario, revision, id=identity)


@pytest.mark.parametrize(("harness", "kind", "scenario", "revision"), list(cases()))
def test_an_endpoint_of_a_users_own_gets_through_the_scenario(harness, kind, scenario, revision, tmp_path):
    assert differences(scenario, revision, play(scenario, harness(kind, tmp_path), revision)) == []
