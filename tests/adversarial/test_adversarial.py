"""Every case of the corpus that bytes, a script and the virtual clock suffice for, in each of its revisions.

Source: the corpus beside this file. Each key of an expectation is checked, and each sentence in it.
"""

import pytest
from tests.adversarial.checks import CHECKS, IN_WORDS, MIB
from tests.adversarial.corpus import http_cases, is_http, is_plain, plain_cases, read_cases, stimuli_of
from tests.adversarial.matching import run_uris
from tests.adversarial.running import peak_of, runs_of
from tests.adversarial.schemas import peak_of_schemas, run_schemas
from tests.adversarial.states import mints_state, run_states
from tests.adversarial.words import WORDS
from tests.effort import PROFILE
from tests.requirements.deferred import deferred_cases

STIMULI = [stimulus for case in plain_cases() for stimulus in stimuli_of(case)]

# To follow the memory of a script takes seconds.
HEAVY = [
    stimulus
    for stimulus in STIMULI
    if "rss_mib" in stimulus.expected.get("limits", {})
    and (stimulus.input["kind"] == "bytes" or PROFILE != "dev")
]


def words_for(stimulus):
    """Return the checks in words that hold of an input, with the place of each."""
    era = "modern" if stimulus.modern else "legacy"
    places = [(), (stimulus.number,), (era,), (stimulus.revision,)]
    found = [(stimulus.case.id, *place, key) for place in places for key in IN_WORDS]
    return [place for place in found if place in WORDS]


def words_in(case):
    """Return the places of all sentences of a case."""
    inputs = case.input.get("inputs", [])
    tables = [((), case.expected)]
    tables += [((number,), each.get("expected", {})) for number, each in enumerate(inputs)]
    tables += [((name,), table) for name, table in case.expected.get("by_revision", {}).items()]
    return {(case.id, *place, key) for place, table in tables for key in IN_WORDS if key in table}


@pytest.mark.parametrize("stimulus", STIMULI, ids=str)
def test_a_case_of_the_corpus_holds(stimulus):
    ways = {
        "schema": run_schemas,
        "schema_validate": run_schemas,
        "transcript": lambda _: [],
        "uri_match": run_uris,
    }
    runs = ways.get(stimulus.case.kind, run_states if mints_state(stimulus) else runs_of)(stimulus)
    for run in runs:
        for key, expected in stimulus.expected.items():
            if key in CHECKS:
                try:
                    CHECKS[key](run, expected)
                except AssertionError as error:
                    raise AssertionError(f"{key}, {run.way}: {error}") from error
    for place in words_for(stimulus):
        WORDS[place](runs, stimulus)


@pytest.mark.parametrize("stimulus", HEAVY, ids=str)
def test_a_large_input_takes_little_memory(stimulus):
    peak = (peak_of_schemas if stimulus.input["kind"] == "schema_validate" else peak_of)(stimulus)
    assert peak <= stimulus.expected["limits"]["rss_mib"] * MIB, f"{peak / MIB:.1f} MiB"


def test_each_key_of_each_expectation_has_a_check():
    keys = {key for stimulus in STIMULI for key in stimulus.expected}
    assert keys <= set(CHECKS) | set(IN_WORDS)


def test_each_sentence_of_each_expectation_has_a_check_and_each_check_a_sentence():
    sentences = set().union(*(words_in(case) for case in plain_cases()))
    assert sentences - set(WORDS) == set()
    assert set(WORDS) - sentences == set()


def test_each_sentence_is_reached_by_some_input():
    reached = {place for stimulus in STIMULI for place in words_for(stimulus)}
    assert reached == set(WORDS)


def test_each_case_is_run_or_stands_in_the_list_of_what_waits():
    cases = read_cases()
    run = {case.id for case in (*plain_cases(), *http_cases())}
    waiting = {case.id for case in cases if is_plain(case) or is_http(case)} - run
    assert len(cases) == 77
    assert waiting == set(deferred_cases())
    assert {case.id for case in cases if case.transport == "core"} <= run | set(deferred_cases())
    assert {stimulus.case.id for stimulus in STIMULI} == {case.id for case in plain_cases()}
