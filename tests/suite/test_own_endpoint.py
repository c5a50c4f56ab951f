"""A link and an endpoint that a user wrote get through the suite, run by the drivers as they are."""

import attrs
import pytest
from tests.suite.on_asyncio import AsyncioHarness
from tests.suite.on_threads import ThreadsHarness
from tests.suite.on_trio import TrioHarness
from tests.suite.prefixed import PrefixedServer, prefixed_client
from tests.suite.real import FULL
from tests.suite.traces import differences

from sansmcp.testing import SCENARIOS, play


class Own:
    """Plays over a framing of a user's own."""

    server_kind = PrefixedServer
    make_endpoint = staticmethod(prefixed_client)

    def open(self, setup):
        client = {**setup.client, "own_endpoint": self.make_endpoint}
        return super().open(attrs.evolve(setup, client=client))


class OwnOnAsyncio(Own, AsyncioHarness):
    """On asyncio."""


class OwnOnTrio(Own, TrioHarness):
    """On trio."""


class OwnOnThreads(Own, ThreadsHarness):
    """On threads."""


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
