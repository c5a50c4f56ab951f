"""The suite notices what a binding does wrong, and says which scenario, which step and what."""

import pytest
from tests.suite.in_memory import MemoryHarness
from tests.testing import planted

from sansmcp import LocalProtocolError
from sansmcp.client import call_tool, list_resources, read_resource
from sansmcp.testing import SCENARIOS, Scenario, play, scenario_named
from sansmcp.testing.expectations import GivenUp, Refused, Shows
from sansmcp.testing.steps import Ask, Await, Call, Change, Close, Echo, Listen, Open, Pages, Updated

LATEST = "2026-07-28"

TWO_ECHOES = Scenario(
    name="two_echoes", steps=(Open(), Echo("a", 10), Echo("b", 10), Await("a"), Await("b"), Close())
)


@pytest.mark.parametrize(
    ("harness", "scenario", "said"),
    [
        (planted.SwapsAnswers, TWO_ECHOES, r"step 3, Await\(label='a'.*the answer 'a a a a a '; found"),
        (planted.LosesAnAnswer, TWO_ECHOES, "did not end within"),
        (planted.LeavesAThread, TWO_ECHOES, "at the end: expected nothing left behind; found thread 'left'"),
        (
            planted.RaisesAGroup,
            "a_break_loses_each_call_in_flight_once",
            "one exception for one fault; found a group",
        ),
        (
            planted.RaisesSomethingElse,
            "a_break_loses_each_call_in_flight_once",
            "RequestLost; found ConnectionReset",
        ),
        (
            planted.RaisesWithoutWords,
            "a_break_loses_each_call_in_flight_once",
            "that name 'tools/call'; found ''",
        ),
        (planted.NamesNoMethod, "a_break_loses_each_call_in_flight_once", "; found 'something went wrong'"),
        (planted.AnswersWhatWasLost, "a_break_loses_each_call_in_flight_once", "RequestLost; found Returned"),
        (
            planted.LosesWhatWasGivenUp,
            "a_call_that_is_given_up_is_cancelled_on_the_server",
            "own word for cancellation; found Raised",
        ),
        (planted.ClosesWithAGroup, TWO_ECHOES, "closing raises nothing; found ExceptionGroup"),
        (
            planted.ConnectsInAnotherRevision,
            TWO_ECHOES,
            "connection in 2026-07-28; found a connection in 1999",
        ),
        (planted.ConnectsNot, TWO_ECHOES, "expected a connection; found NotConnected"),
        (
            planted.ConnectsToNobody,
            "a_peer_that_is_gone_at_once_is_no_connection",
            "NotConnected; found a connection",
        ),
        (planted.RefusesByAGroup, "a_peer_that_is_gone_at_once_is_no_connection", "found a group"),
        (planted.HidesFailures, "a_tool_that_fails_costs_its_call_alone", "a result that is an error; found"),
        (planted.FailsWhatWorks, TWO_ECHOES, "the answer 'a a a a a '; found"),
        (planted.TellsAnOutcomeTwice, TWO_ECHOES, "of the client one outcome for each call; found another"),
        (planted.TellsProgressLate, TWO_ECHOES, "of the client progress before the outcome"),
        (planted.TellsNoEnd, TWO_ECHOES, "of the client Disconnected once"),
        (planted.TellsTwoEnds, TWO_ECHOES, "of the client Disconnected once"),
        (
            planted.ForgetsNotifications,
            "notifications_are_handled_in_the_order_they_were_sent",
            r"'0 1 2 3 4.*in the end; found Returned",
        ),
        (
            planted.ReportsFallingProgress,
            "a_client_connects_calls_and_closes",
            r"progress that rises; found \[2, 1, 3\]",
        ),
        (planted.ReportsNoProgress, "a_client_connects_calls_and_closes", r"progress up to 3; found \[\]"),
    ],
)
def test_a_wrong_binding_is_found_out(harness, scenario, said):
    chosen = scenario_named(scenario) if isinstance(scenario, str) else scenario
    with pytest.raises(AssertionError, match=said):
        play(chosen, harness(), LATEST)


@pytest.mark.parametrize(
    "scenario", [scenario for scenario in SCENARIOS if scenario.needs <= MemoryHarness.abilities]
)
def test_a_binding_that_is_right_gets_through(scenario):
    played = play(scenario, MemoryHarness(), scenario.revisions[-1])
    assert played.client[-1] == played.server[-1] == "Disconnected"


def test_a_peer_that_is_gone_is_told_as_the_harness_says():
    gone = scenario_named("a_peer_that_is_gone_at_once_is_no_connection")
    assert play(gone, planted.ConnectsToNobodyAndSaysSo(), LATEST).server == ()


def test_what_a_harness_raises_by_itself_is_told_with_the_step():
    with pytest.raises(AssertionError, match="did not end within") as caught:
        play(TWO_ECHOES, planted.LosesAnAnswer(), LATEST)
    (note,) = caught.value.__notes__
    assert note.startswith("in two_echoes in 2026-07-28, step 4, Await(label='b'")


def test_a_scenario_that_forgets_a_call_is_found_out():
    forgetful = Scenario(name="forgetful", steps=(Open(), Echo("a", 1), Close()))
    with pytest.raises(AssertionError, match=r"no Await for \['a'\]"):
        play(forgetful, MemoryHarness(), LATEST)


def test_an_answer_where_giving_up_is_expected_is_found_out():
    scenario = Scenario(name="s", steps=(Open(), Echo("a", 1), Await("a", GivenUp()), Close()))
    with pytest.raises(AssertionError, match="own word for cancellation; found Returned"):
        play(scenario, MemoryHarness(), LATEST)


def test_an_echo_is_compared_with_what_was_sent_and_another_call_is_no_echo():
    scenario = Scenario(name="s", steps=(Open(), Call("a", "add", {"a": 1, "b": 2}), Await("a"), Close()))
    with pytest.raises(AssertionError, match="the answer None; found Returned"):
        play(scenario, MemoryHarness(), LATEST)


ROME = read_resource("place://Rome")
NOWHERE = read_resource("place://nowhere")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([Ask("a", NOWHERE), Await("a", Shows())], "expected a value; found Raised"),
        (
            [Ask("a", ROME), Await("a", Shows({"contents.1.text": ""}))],
            "something at contents.1.text; found",
        ),
        (
            [Ask("a", ROME), Await("a", Shows({"contents.0.no": ""}))],
            "something at contents.0.no; found",
        ),
        (
            [Ask("a", ROME), Await("a", Shows({"contents.0.text": "x"}))],
            "'x' at contents.0.text; found 'Ro",
        ),
        ([Ask("a", ROME), Await("a", Refused((-32602,)))], r"a code of \(-32602,\); found Returned"),
        ([Ask("a", NOWHERE), Await("a", Refused((1, 2)))], r"a code of \(1, 2\); found -32602"),
        ([Pages(list_resources, "resources", 1, ())], r"1 pages with \(\); found 3 pages with \['item 0', "),
        ([Pages(lambda _: list_resources("no cursor"), "resources", 1, ())], "a page; found Raised"),
        (
            [Listen("place://Paris"), Change("update a resource"), Updated("place://Rome")],
            "an update of place://Rome; found 'place://Paris'",
        ),
    ],
)
def test_what_a_call_gives_is_compared_with_what_is_expected(steps, said):
    with pytest.raises(AssertionError, match=said):
        play(Scenario(name="s", steps=(Open(), *steps, Close())), MemoryHarness(), LATEST)


def test_values_are_found_by_names_of_fields_keys_and_places():
    shown = Shows({"structured_content.tags.0": "old", "structured_content.name": "Rome"})
    steps = (Open(), Ask("a", call_tool("town", {"name": "Rome"})), Await("a", shown), Close())
    assert play(Scenario(name="s", steps=steps), MemoryHarness(), LATEST).client


@pytest.mark.parametrize(
    ("name", "revision"),
    [
        ("a_peer_that_is_gone_at_once_is_no_connection", LATEST),
        ("a_question_reaches_the_user_and_its_answer_the_tool", "2024-11-05"),
    ],
)
def test_a_scenario_that_does_not_fit_is_refused_before_it_begins(name, revision):
    with pytest.raises(LocalProtocolError, match="does not fit"):
        play(scenario_named(name), MemoryHarness(), revision)


def test_names_are_unique_and_each_scenario_is_found_by_its_own():
    assert [scenario_named(scenario.name) for scenario in SCENARIOS] == list(SCENARIOS)
    with pytest.raises(KeyError):
        scenario_named("no such scenario")
