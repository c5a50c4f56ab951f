"""What goes differently over HTTP is said in a list, and a harness that keeps no connection is played so."""

import pytest
from tests.suite.in_memory import MemoryHarness

from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.testing import (
    OVER_HTTP,
    OVER_WSGI_WITHOUT_THREADS,
    Ability,
    left_out,
    missing_lines,
    play,
    scenario_named,
)


class KeepsNoConnection(MemoryHarness):
    """One that does, and does not say so."""

    abilities = MemoryHarness.abilities - {Ability.CONNECTED}


def test_a_modern_server_alone_does_not_hear_that_its_client_has_left():
    found = {revision: missing_lines(OVER_HTTP, revision) for revision in REVISIONS}
    modern = frozenset({"server: Disconnected"})
    assert found == {
        revision: frozenset() if revision in LEGACY_REVISIONS else modern for revision in REVISIONS
    }


@pytest.mark.parametrize("revision", REVISIONS)
def test_without_threads_no_user_is_asked_in_a_session(revision):
    name = "a_question_reaches_the_user_and_its_answer_the_tool"
    assert name not in left_out(OVER_HTTP, revision)
    assert (name in left_out(OVER_WSGI_WITHOUT_THREADS, revision)) is (revision in LEGACY_REVISIONS)


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    "name", ["a_client_connects_calls_and_closes", "a_break_loses_each_call_in_flight_once"]
)
def test_the_end_of_the_server_need_not_come_where_there_is_no_connection(name, revision):
    scenario = scenario_named(name)
    played = play(scenario, KeepsNoConnection(), revision)
    assert "Disconnected" in played.client
