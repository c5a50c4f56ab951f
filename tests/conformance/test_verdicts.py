"""The suite's own verdicts forgive much; these show that ours do not."""

import json
from itertools import product

import pytest
from tests.conformance.choosing import chosen_legs
from tests.conformance.expectations import CLIENT_FLOORS, FLOORS, OWED
from tests.conformance.legs import Leg
from tests.conformance.scenarios import SCENARIOS
from tests.conformance.server import BINDINGS as SERVER_BINDINGS
from tests.conformance.suite import REVISIONS
from tests.conformance.verdicts import missing, recorded, verdict


def check(status, name="Any", **more):
    return {"id": "any", "name": name, "status": status, **more}


def judged(*statuses, scenario="tools_call", side="client", revision="2025-11-25"):
    return verdict(side, scenario, revision, [check(status) for status in statuses])


def test_enough_checks_that_succeeded_are_a_pass():
    found = judged("SUCCESS", "INFO", "SUCCESS", "SUCCESS")
    assert (found.faults, found.successes, found.mark) == ((), 3, "3")


def test_too_few_checks_that_succeeded_are_none():
    found = judged("SUCCESS", "INFO")
    assert found.faults == ("1 checks succeeded: expected 2 or more",)
    assert found.mark == "FAILED"


@pytest.mark.parametrize("status", ["FAILURE", "WARNING", "SKIPPED"])
def test_each_other_verdict_is_a_fault_however_many_succeeded(status):
    (fault,) = judged("SUCCESS", "SUCCESS", status).faults
    assert fault.startswith(f"{status} any")


def test_a_scenario_of_another_revision_should_not_have_run():
    three = ["SUCCESS"] * 3
    assert judged(*three, scenario="sse-retry").faults == ()
    (fault,) = judged(*three, scenario="sse-retry", revision="2026-07-28").faults
    assert "should not have run" in fault


def test_the_skips_that_cannot_be_avoided_are_forgiven_there_alone():
    nine = [check("SUCCESS")] * 9
    skip = check("SKIPPED", name="ClientMcpMethodHeader_initialize")
    assert verdict("client", "http-standard-headers", "2026-07-28", [*nine, skip]).faults == ()
    assert verdict("client", "http-standard-headers", "2026-07-28", [*nine, check("SKIPPED")]).faults != ()
    assert verdict("client", "http-custom-headers", "2026-07-28", [*nine, *nine, skip]).faults != ()


def test_what_a_binding_cannot_do_must_fail_there():
    one = [check("SUCCESS")]
    bound = verdict("server", "ping", "2025-11-25", one, is_bound=True)
    assert (bound.faults, bound.mark) == ((), "bound")
    stale = verdict("server", "ping", "2025-11-25", [*one, *one], is_bound=True)
    assert "take it off the list" in stale.faults[0]


def test_without_streams_nobody_looks_at_them():
    one, scenario = [check("SUCCESS")], "server-sse-multiple-streams"
    assert verdict("server", scenario, "2025-11-25", one, has_json=True).faults == ()
    assert verdict("server", scenario, "2025-11-25", one).faults != ()


def test_what_is_owed_is_not_judged():
    found = judged("FAILURE", scenario="auth/dpop")
    assert (found.owed, found.mark, found.faults) == (True, "later", ())


def test_a_scenario_that_did_not_run_is_a_fault():
    assert [each.scenario for each in missing("server", ["ping", "auth/dpop"], {})] == ["ping"]
    assert missing("server", ["ping"], {"ping": judged("SUCCESS")}) == []


def test_what_the_suite_wrote_down_is_found_by_scenario(tmp_path):
    for name in ("server-ping-2026-11-21T23-01-36-347Z", "auth/dpop-nonce-2026-11-21T23-01-36-347Z"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "checks.json").write_text(json.dumps([check("INFO")]))
    assert recorded(tmp_path) == {"ping": [check("INFO")], "auth/dpop-nonce": [check("INFO")]}


def test_nothing_is_both_expected_and_owed():
    assert not OWED.keys() & (FLOORS["server"].keys() | FLOORS["client"].keys())


def test_the_client_plays_each_scenario_that_is_expected_of_it():
    assert SCENARIOS.keys() == CLIENT_FLOORS.keys()


def test_by_turns_each_scenario_is_played_in_each_of_its_revisions():
    legs = [leg for leg in chosen_legs(is_long=False) if leg.side == "client"]
    played = sorted((name, leg.revision or "", leg.finds_out) for leg in legs for name in leg.wanted)
    each = [(name, revision, False) for name, revisions in CLIENT_FLOORS.items() for revision in revisions]
    each += [(name, "", finds_out) for name in CLIENT_FLOORS for finds_out in (False, True)]
    assert played == sorted(each)
    assert {leg.binding for leg in legs} == {"asyncio", "trio", "threads"}


def test_with_time_each_binding_gets_everything():
    legs = chosen_legs(is_long=True)
    servers = {(leg.binding, leg.responses) for leg in legs if leg.side == "server"}
    assert servers == {*product(SERVER_BINDINGS, ("stream", "auto"))} - {("wsgi-single", "stream")}
    assert len([leg for leg in legs if leg.side == "server"]) == len(servers) * 7
    for binding in ("asyncio", "trio", "threads"):
        client = [leg for leg in legs if (leg.side, leg.binding) == ("client", binding)]
        assert [leg.revision for leg in client] == [None, *REVISIONS[1:], None]
        assert {leg.scenarios for leg in client} == {()}


def test_a_leg_wants_what_its_revision_has():
    counts = {
        revision: len(Leg(side="server", binding="any", revision=revision).wanted) for revision in REVISIONS
    }
    assert counts == {"2025-03-26": 1, "2025-06-18": 27, "2025-11-25": 33, "2026-07-28": 40}
    assert Leg(side="server", binding="any").wire_of("tools-list") == "2025-11-25"
    assert Leg(side="server", binding="any").wire_of("caching") == "2026-07-28"
