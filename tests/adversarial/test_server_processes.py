"""The cases of the corpus for stdio, as raw bytes against our server as a process on each runtime.

Each key of an expectation is checked, and each sentence in it. Limits are those of the process: its CPU time
and its memory beyond those of a server that has shaken hands.
"""

import sys

import pytest
from tests.adversarial.attacking import attack_with_bytes, end_of_input, flood, flood_with_others
from tests.adversarial.conftest import FULL
from tests.adversarial.corpus import read_cases, stimuli_of
from tests.adversarial.running import alternatives
from tests.adversarial.served import RUNTIMES
from tests.reliability.processes import SLACK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process costs is read from /proc")

MIB = 1024 * 1024

CASES = [
    case
    for case in read_cases()
    if case.transport == "stdio" and case.role == "server" and case.kind != "transcript"
]
STIMULI = [stimulus for case in CASES for stimulus in stimuli_of(case)]


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    """A runtime."""
    return request.param


def attacks_of(runtime, stimulus, folder):
    """Give an input to a server process in every variation."""
    if stimulus.case.id == "stdio-eof-drain":
        ways = [way["in_flight"] for way in alternatives(stimulus.input)]
        return [end_of_input(runtime, stimulus, folder, in_flight) for in_flight in ways]
    if stimulus.case.id == "stdio-request-flood":
        return [flood(runtime, stimulus, folder)]
    return attack_with_bytes(runtime, stimulus, folder, is_full=FULL)


@pytest.mark.parametrize("stimulus", STIMULI, ids=str)
def test_a_server_process_stands_the_case(runtime, stimulus, tmp_path):
    for attack in attacks_of(runtime, stimulus, tmp_path):
        for key, expected in stimulus.expected.items():
            if key != "text":
                try:
                    CHECKS[key](attack, expected)
                except AssertionError as error:
                    raise AssertionError(f"{key}, {attack.way}: {error}") from error
        in_words(stimulus)(attack)
        # Whatever came, it ends in good order when its input does.
        assert attack.end.code == 0, attack.end


@pytest.mark.parametrize("revision", CASES[0].spec)
def test_a_flood_keeps_nothing_else_from_being_processed(runtime, revision, tmp_path):
    (stimulus,) = (
        stimulus
        for stimulus in STIMULI
        if stimulus.case.id == "stdio-request-flood" and stimulus.revision == revision
    )
    attack = flood_with_others(runtime, stimulus, tmp_path)
    answered = [message["id"] for message in attack.messages if "method" not in message]
    others = [] if stimulus.modern else ["ping", "looks"]
    # The call that ran and the one that waited were both given up: nobody answers them.
    expected = [number for number in range(2500) if number not in {5, 1500}]
    assert sorted(answered, key=str) == sorted([*expected, *others], key=str)
    refused = [message["id"] for message in attack.errors]
    # A thousand ran and a thousand waited; the call that asks the client is one of those that run.
    assert sorted(refused) == list(range(2000 - len(others[1:]), 2500))
    for message in attack.results:
        if message["id"] == "looks":
            assert message["result"]["content"][0]["text"] == "file:///corpus"


def test_each_key_of_each_expectation_has_a_check():
    keys = {key for stimulus in STIMULI for key in stimulus.expected}
    assert keys == {*CHECKS, "text"}


def test_each_sentence_has_a_check_and_each_check_a_sentence():
    said = {place for stimulus in STIMULI for place in places_of(stimulus)}
    assert {stimulus.case.id for stimulus in STIMULI} == {case for case, _ in said}
    assert set(WORDS) - said == set()
    assert all(in_words(stimulus) for stimulus in STIMULI)


# Checks of keys


def check_rpc_error(attack, expected):
    """The server decided on this code, in a reply or in an event, and on no other."""
    assert attack.codes
    assert attack.codes <= set(one_or_more(expected)), attack.codes


def check_replies(attack, expected):
    """So many messages were written."""
    assert len(attack.messages) == expected, attack.messages[:3]


def check_handler_calls(attack, expected):
    """So many handlers were called."""
    assert len(attack.calls) == expected, attack.calls


def check_conn(attack, expected):
    """The connection is open: the process ran, and answered a request that came after the input."""
    assert expected == "open"
    assert attack.is_open


def check_event(attack, expected):
    """One of these events happened."""
    assert {event["event"] for event in attack.events} & set(one_or_more(expected)), attack.told


def check_limits(attack, expected):
    """The ceilings of the corpus."""
    assert set(expected) <= {"cpu_ms", "rss_mib", "wall_s"}
    if "cpu_ms" in expected:
        assert attack.cpu * 1000 <= expected["cpu_ms"], f"{attack.cpu:.3f} s"
    if "rss_mib" in expected:
        assert attack.memory <= expected["rss_mib"] * MIB, f"{attack.memory / MIB:.1f} MiB"
    if "wall_s" in expected:
        assert attack.end.own <= expected["wall_s"] * SLACK, attack.end


def one_or_more(value):
    """A list means any of its items."""
    return value if isinstance(value, list) else [value]


CHECKS = {
    "rpc_error": check_rpc_error,
    "replies": check_replies,
    "handler_calls": check_handler_calls,
    "conn": check_conn,
    "event": check_event,
    "limits": check_limits,
}

# Checks of sentences, by the id of the case and the number of the input, or None for all inputs


def the_request_is_answered(attack):
    assert [message["id"] for message in attack.results] == [1]
    assert attack.of("ProtocolViolated") == []


def the_line_is_refused(attack):
    assert attack.results == []
    assert [event["code"] for event in attack.of("ProtocolViolated")] == [-32700]


def the_first_is_answered_and_the_second_is_not(attack):
    assert [message["id"] for message in attack.results] == [1]
    assert [event["code"] for event in attack.of("ProtocolViolated")] == [-32700]


def the_handler_sees_the_three_characters(attack):
    (call,) = attack.calls
    assert call["x"] == "a\u2028\u2029\u0085b"
    (result,) = attack.results
    assert result["result"]["content"][0]["text"] == "a\u2028\u2029\u0085b"


def the_bomb_costs_one_message(attack):
    assert [event["code"] for event in attack.of("ProtocolViolated")] == [-32700]
    assert [message["id"] for message in attack.results] == [1]


def what_is_finished_is_flushed_and_the_rest_is_cancelled(attack):
    assert [message["id"] for message in attack.results] == [1]
    assert attack.errors == []
    assert attack.cancelled == [attack.in_flight]


def the_flood_is_bounded_and_each_is_answered_once(attack):
    assert len({message["id"] for message in attack.messages}) == 20_000
    assert len(attack.errors) == 18_000
    for error in attack.errors:
        assert error["error"]["code"] == -32603
        assert "1000" in error["error"]["message"]
    (most,) = (line["most_running"] for line in attack.told if "most_running" in line)
    assert 0 < most <= 1000


WORDS = {
    ("core-json-bom", 0): the_request_is_answered,
    ("core-json-bom", 1): the_line_is_refused,
    ("core-json-bom", 2): the_first_is_answered_and_the_second_is_not,
    ("core-json-bom", 3): the_line_is_refused,
    ("core-json-trailing", None): the_line_is_refused,
    ("stdio-unicode-separators", None): the_handler_sees_the_three_characters,
    ("stdio-line-bomb", None): the_bomb_costs_one_message,
    ("stdio-eof-drain", None): what_is_finished_is_flushed_and_the_rest_is_cancelled,
    ("stdio-request-flood", None): the_flood_is_bounded_and_each_is_answered_once,
}


def places_of(stimulus):
    """Return where the check of its sentence may stand."""
    return (stimulus.case.id, stimulus.number), (stimulus.case.id, None)


def in_words(stimulus):
    """Return the check of what its case says in words."""
    return next(WORDS[place] for place in places_of(stimulus) if place in WORDS)
