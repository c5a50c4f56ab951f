"""Every scenario of the published suite, for each runtime, kind of stream and revision."""

import importlib
from pathlib import Path

import pytest
from tests.suite.in_memory import HttpMemoryHarness, MemoryHarness
from tests.suite.real import DIFFERENCES, FULL, RealHarness
from tests.suite.traces import GOLDEN, TRACED, differences, golden_of

from sansmcp.schema import LEGACY_REVISIONS, REVISIONS, Side
from sansmcp.testing import (
    OVER_HTTP,
    OVER_WSGI_WITHOUT_THREADS,
    SCENARIOS,
    Ability,
    Call,
    Echo,
    Listen,
    ProgressWas,
    Reached,
    Seen,
    Updated,
    byte_by_byte,
    left_out,
    missing_lines,
    play,
)
from sansmcp.testing.feature_scenarios import FEATURES

OF_PROCESSES = {
    "a_break_loses_each_call_in_flight_once",
    "a_client_connects_calls_and_closes",
    "a_client_may_be_closed_from_elsewhere_and_again",
    "a_flood_in_both_directions_arrives_whole",
    "a_peer_that_is_gone_at_once_is_no_connection",
    "a_peer_that_is_gone_during_the_handshake_is_no_connection",
    "a_thousand_calls_in_flight_get_each_its_own_answer",
    "closing_loses_each_call_in_flight_once",
    "what_a_tool_prints_does_not_reach_the_conversation",
}
"""What is played with a process by default: what depends on there being one."""

RUNTIMES = {
    "asyncio": ("tests.suite.on_asyncio", "AsyncioHarness"),
    "threads": ("tests.suite.on_threads", "ThreadsHarness"),
    "trio": ("tests.suite.on_trio", "TrioHarness"),
}


def harness_of(runtime) -> type[RealHarness]:
    module, name = RUNTIMES[runtime]
    return getattr(importlib.import_module(module), name)


def revisions_of(kind, scenario, place):
    """Return all revisions that a scenario can be played in, or the one whose turn it is."""
    differing = DIFFERENCES.get(kind, ())
    revisions = [each for each in scenario.revisions if scenario.name not in left_out(differing, each)]
    if FULL or (kind == "memory" and scenario.traced):
        return revisions
    return [revisions[-1 - place % len(revisions)]] if revisions else []


def is_played(harness, kind, scenario):
    """Say whether a scenario is played by a runtime over a kind of stream."""
    if not scenario.needs <= harness.abilities_with(kind):
        return False
    if FULL:
        return True
    match kind:
        case "process":
            return scenario.name in OF_PROCESSES
        case "unix":
            # What is offered and asked does not depend on which kind of socket carries it.
            return scenario not in FEATURES
        case "wsgi-single":
            # What is large or many takes as long as it takes: one request comes after the other.
            return not any(isinstance(step, Echo) for step in scenario.steps)
        case _:
            return True


def matrix():
    """Choose what is played where."""
    for runtime in RUNTIMES:
        harness = harness_of(runtime)
        for kind_place, kind in enumerate(harness.kinds()):
            for place, scenario in enumerate(SCENARIOS):
                if is_played(harness, kind, scenario):
                    for revision in revisions_of(kind, scenario, place + kind_place):
                        identity = f"{runtime}-{kind}-{scenario.name}-{revision}"
                        yield pytest.param(harness, kind, scenario, revision, id=identity)


@pytest.mark.parametrize(("harness", "kind", "scenario", "revision"), list(matrix()))
def test_every_binding_gets_through_the_scenario(harness, kind, scenario, revision, tmp_path):
    missing = missing_lines(DIFFERENCES.get(kind, ()), revision)
    played = play(scenario, harness(kind, tmp_path), revision)
    assert differences(scenario, revision, played, missing) == []


def test_the_list_of_differences_over_http_is_whole():
    left_out = {
        scenario.name: scenario.needs
        for scenario in SCENARIOS
        if not scenario.needs <= harness_of("asyncio").abilities_with("http") | {Ability.SHOUTS}
    }
    listed = {name: one for one in OVER_HTTP for name in one.scenarios}
    assert left_out.keys() == listed.keys()
    assert all(one.ability in left_out[name] for name, one in listed.items())
    # What does not come there comes elsewhere; that it does not come there is what traces are compared for.
    for one in OVER_HTTP:
        golden = [golden_of(TRACED[0], revision).read_text() for revision in one.revisions]
        assert one.line is None or all(one.line in text.splitlines() for text in golden)
    assert_each_reason_is_in_the_docs(OVER_HTTP)


def assert_each_reason_is_in_the_docs(listed):
    page = " ".join(Path("docs/runtimes.md").read_text(encoding="utf-8").split())
    assert [one.reason for one in listed if one.reason not in page] == []


def hears_more_than_answers(scenario, revision):
    """Say whether its client hears of something that comes in no answer."""
    heard = {step.event for step in scenario.steps if isinstance(step, Seen) and step.side is Side.CLIENT}
    if scenario.traced:
        lines = golden_of(scenario, revision).read_text(encoding="utf-8").splitlines()
        heard |= {line.split()[1] for line in lines if line.startswith("client: ")}
    more = {"ChangeReceived", "LogReceived", "ProgressReceived"}
    if revision in LEGACY_REVISIONS:
        more.add("InputRequested")
    return bool(heard & more) or any(
        isinstance(step, Listen | ProgressWas | Reached | Updated) for step in scenario.steps
    )


def is_out_of_reach(scenario, revision):
    """Say whether an application of WSGI whose server has one thread cannot get through a scenario."""
    if Ability.PEERS in scenario.needs:
        return False
    # A call that is given up goes on, since nobody hears of it.
    given_up = any(isinstance(step, Call) and step.timeout is not None for step in scenario.steps)
    return revision == "2024-11-05" or given_up or hears_more_than_answers(scenario, revision)


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_list_of_differences_under_wsgi_without_threads_is_whole(revision):
    spoken = [scenario for scenario in SCENARIOS if revision in scenario.revisions]
    listed = left_out(OVER_WSGI_WITHOUT_THREADS, revision).intersection(one.name for one in spoken)
    expected = {scenario.name for scenario in spoken if is_out_of_reach(scenario, revision)}
    assert listed == expected | (left_out(OVER_HTTP, revision) & {one.name for one in spoken})
    assert_each_reason_is_in_the_docs(OVER_WSGI_WITHOUT_THREADS)


@pytest.mark.parametrize(
    ("scenario", "revision"),
    [
        pytest.param(scenario, revision, id=f"{scenario.name}-{revision}")
        for scenario in SCENARIOS
        if scenario.needs <= MemoryHarness.abilities
        for revision in scenario.revisions
    ],
)
def test_nothing_but_memory_gets_through_the_scenario(scenario, revision):
    assert differences(scenario, revision, play(scenario, MemoryHarness(), revision)) == []


@pytest.mark.parametrize(
    ("scenario", "revision"),
    [
        pytest.param(scenario, revision, id=f"{scenario.name}-{revision}")
        for scenario in SCENARIOS
        if scenario.needs <= HttpMemoryHarness.abilities
        for revision in scenario.revisions
    ],
)
def test_http_in_memory_gets_through_the_scenario(scenario, revision):
    played = play(scenario, HttpMemoryHarness(), revision)
    assert differences(scenario, revision, played, missing_lines(OVER_HTTP, revision)) == []


@pytest.mark.parametrize(
    ("scenario", "revision"),
    [
        pytest.param(scenario, revision, id=f"{scenario.name}-{revision}")
        for scenario in TRACED
        for revision in scenario.revisions
    ],
)
def test_the_trace_is_the_same_however_bytes_are_cut(scenario, revision):
    assert differences(scenario, revision, play(scenario, MemoryHarness(byte_by_byte), revision)) == []


def test_every_trace_belongs_to_a_scenario():
    expected = {golden_of(scenario, revision) for scenario in TRACED for revision in scenario.revisions}
    assert set(GOLDEN.rglob("*.txt")) == expected
