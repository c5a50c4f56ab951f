"""HTTP/1.1 that a user wrote gets through the suite: in memory, and run by the drivers as they are (T1)."""

from itertools import cycle

import attrs
import pytest
from tests.suite.in_memory import HttpMemoryHarness
from tests.suite.plain_http import PlainServer, PlainServerEndpoint, plain_client
from tests.suite.real import FULL
from tests.suite.test_own_endpoint import OwnOnAsyncio, OwnOnThreads, OwnOnTrio
from tests.suite.traces import TRACED, differences

from sansmcp.client import ClientOptions
from sansmcp.session import Restart
from sansmcp.testing import (
    OVER_HTTP,
    SCENARIOS,
    Ability,
    MemoryClient,
    byte_by_byte,
    missing_lines,
    play,
    whole,
)
from sansmcp.testing.feature_scenarios import FEATURES

THOUSAND = "a_thousand_calls_in_flight_get_each_its_own_answer"


class PlainMemoryClient(MemoryClient):
    """Both ends in memory, with HTTP/1.1 between them."""

    is_cut_off = False

    def server_endpoint(self, server, environment, serving):
        client = self

        class Vanishing(PlainServerEndpoint):
            def accept(self, now):
                link = super().accept(now)
                if client.is_cut_off:
                    link.receive_eof(now)
                return link

        self.far = Vanishing(server.http_endpoint(environment, {**serving, "http_sse": True}))
        return self.far

    def is_over(self):
        """Say whether the server has nothing left to wait for, either."""
        return super().is_over() and self.far.next_deadline() is None

    def cut_off(self):
        """Lose every connection, and let none be made any more."""
        self.is_cut_off = True
        self.break_off()


class PlainMemoryHarness(HttpMemoryHarness):
    """Plays the suite over HTTP/1.1, on nothing at all."""

    def connected(self, setup):
        options = ClientOptions.of({**setup.client, "own_endpoint": plain_client})
        client = PlainMemoryClient(self.server, options, setup.server, self._cut)
        try:
            client.open()
        except BaseException:
            client.close()
            raise
        return client


class OverSockets:
    """Says of a harness that what it opens is HTTP."""

    server_kind = PlainServer
    make_endpoint = staticmethod(plain_client)

    @classmethod
    def abilities_with(cls, kind):
        return super().abilities_with(kind) - {Ability.HALF_CLOSE, Ability.CONNECTED}

    def open(self, setup):
        # A server that is gone for good is not tried for long.
        return super().open(attrs.evolve(setup, client={**setup.client, "restart": Restart(attempts=1)}))


class PlainOnAsyncio(OverSockets, OwnOnAsyncio):
    """On asyncio."""


class PlainOnTrio(OverSockets, OwnOnTrio):
    """On trio."""


class PlainOnThreads(OverSockets, OwnOnThreads):
    """On threads."""


def revision_of(scenario, place):
    """Return the revision whose turn it is."""
    return scenario.revisions[-1 - place % len(scenario.revisions)]


def played_in_memory():
    for place, scenario in enumerate(SCENARIOS):
        if scenario.needs <= PlainMemoryHarness.abilities:
            revisions = scenario.revisions if FULL else [revision_of(scenario, place)]
            for revision in revisions:
                yield pytest.param(scenario, revision, id=f"{scenario.name}-{revision}")


@pytest.mark.parametrize(("scenario", "revision"), list(played_in_memory()))
def test_http_of_a_users_own_gets_through_the_scenario_in_memory(scenario, revision):
    # The traced ones are short: their bytes are cut as finely as can be.
    cut = byte_by_byte if scenario in TRACED else whole
    played = play(scenario, PlainMemoryHarness(cut), revision)
    assert differences(scenario, revision, played, missing_lines(OVER_HTTP, revision)) == []


def played_over_sockets():
    harnesses = cycle((PlainOnAsyncio, PlainOnThreads, PlainOnTrio))
    for place, scenario in enumerate(SCENARIOS):
        # What is offered and asked does not depend on what carries it, and a thousand connections take long.
        if not FULL and (scenario in FEATURES or scenario.name == THOUSAND):
            continue
        # Each on the runtime whose turn it is.
        for harness in (PlainOnAsyncio, PlainOnThreads, PlainOnTrio) if FULL else (next(harnesses),):
            if scenario.needs <= harness.abilities_with("tcp"):
                revision = revision_of(scenario, place)
                identity = f"{harness.runtime}-{scenario.name}-{revision}"
                yield pytest.param(harness, scenario, revision, id=identity)


@pytest.mark.parametrize(("harness", "scenario", "revision"), list(played_over_sockets()))
def test_http_of_a_users_own_gets_through_the_scenario_over_sockets(harness, scenario, revision, tmp_path):
    played = play(scenario, harness("tcp", tmp_path), revision)
    assert differences(scenario, revision, played, missing_lines(OVER_HTTP, revision)) == []
