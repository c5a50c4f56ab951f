"""The cases of the corpus for stdio whose subject is a client, against a child that misbehaves.

The client, on each runtime, is in a process of its own, and limits are those of that process.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.adversarial.corpus import read_cases, stimuli_of
from tests.adversarial.served import RUNTIMES
from tests.adversarial.test_server_processes import CASES
from tests.reliability.processes import PATIENCE, python

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process costs is read from /proc")

MIB = 1024 * 1024
CHILD = Path(__file__).parent / "child.py"
STIMULI = {
    case.id: [stimulus for stimulus in stimuli_of(case) if stimulus.role == "client" or case.role == "server"]
    for case in read_cases()
    if case.transport == "stdio"
}
ANSWER = {"text": '{"jsonrpc":"2.0","id":$ID,"result":{"resultType":"complete","tools":[]}}\n'}


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    """A runtime."""
    return request.param


RUN = {"stdio-byte-by-byte": "test_cut_processes"}
"""The cases that are run with a client, each with the module where."""


def of(case):
    """Run a test for a case in each of its revisions."""
    RUN[case] = "here"
    return pytest.mark.parametrize("stimulus", STIMULI[case], ids=str)


def child(stimulus, **more):
    """Return the command of the child that does what a stimulus says."""
    parts = stimulus.input.get("parts", [ANSWER])
    pending = len(stimulus.input.get("pending", "1"))
    wanted = {"revision": stimulus.revision, "pending": pending, "parts": parts, **more}
    return [sys.executable, str(CHILD), json.dumps(wanted)]


def use(runtime, stimulus, target, **more):
    """Use the client in a process; return what it told."""
    words = {"runtime": runtime, "revision": stimulus.revision, "target": target, **more}
    done = subprocess.run(
        python("tests.reliability.calling", json.dumps(words)),
        stdout=subprocess.PIPE,
        timeout=2 * PATIENCE,
        check=True,
    )
    return json.loads(done.stdout)


def events(told, name):
    """Return the events of a name."""
    return [event for event in told["events"] if event["event"] == name]


def assert_nothing_left(told):
    """No process, no descriptor and no thread of the connection is left."""
    left = {name: told[name] for name in ("processes_left", "descriptors_left", "threads_left")}
    assert left == dict.fromkeys(left, 0)


@of("stdio-garbage-lines")
def test_garbage_costs_an_event_a_line_and_no_call(runtime, stimulus, tmp_path):
    report = tmp_path / "written-back"
    told = use(runtime, stimulus, child(stimulus, report=str(report)), calls=1)
    assert told["outcomes"] == ["result"]
    excerpts = [event["excerpt"] for event in events(told, "ProtocolViolated")]
    assert excerpts == ["Starting server...", "\\xff\\xfe", '{"not":"json-rpc"}']
    assert report.read_bytes() == b"", "a client writes nothing back"
    (end,) = events(told, "Disconnected")
    assert end["reason"] == "this side closed the connection", "it was open until then"
    assert_nothing_left(told)


@of("stdio-eof-mid-frame")
def test_an_end_within_a_message_ends_every_call_once(runtime, stimulus):
    told = use(runtime, stimulus, child(stimulus, then=stimulus.input["then"]), calls=3)
    assert told["outcomes"] == ["RequestLost"] * 3
    assert len(events(told, "RequestLost")) == 3
    assert len(events(told, "Disconnected")) == 1
    assert events(told, "ResponseReceived") == []
    # All three hear of it before anything else happens.
    kinds = [event["event"] for event in told["events"]]
    first = kinds.index("RequestLost")
    assert kinds[first : first + 3] == ["RequestLost"] * 3
    assert_nothing_left(told)


# The sentence of this case says that a client does the same.
@of("stdio-line-bomb")
def test_a_line_without_end_costs_a_client_one_event_too(runtime, stimulus, tmp_path):
    report = tmp_path / "written-back"
    bomb = [part for part in stimulus.input["parts"] if "jsonrpc" not in part.get("text", "")]
    target = child(stimulus, parts=[*bomb, ANSWER], report=str(report))
    told = use(runtime, stimulus, target, calls=1, warm=child(stimulus, parts=[ANSWER]))
    assert told["outcomes"] == ["result"]
    assert len(events(told, "ProtocolViolated")) == 1
    assert report.read_bytes() == b""
    limits = stimulus.expected["limits"]
    assert told["cpu"] * 1000 <= limits["cpu_ms"], told["cpu"]
    assert told["memory"] <= limits["rss_mib"] * MIB, f"{told['memory'] / MIB:.1f} MiB"


@pytest.mark.parametrize("stderr", ["inherited", "drained"])
@of("stdio-stderr-flood")
def test_a_flood_of_standard_error_before_the_first_answer_is_no_deadlock(
    runtime, stimulus, stderr, tmp_path
):
    _, option, program = stimulus.input["argv"]
    # What the case says to run after the flood: an honest server.
    (tmp_path / "server.py").write_text(CHILD.read_text(encoding="utf-8"), encoding="utf-8")
    *_, honest = child(stimulus)
    target = [sys.executable, option, program.replace("server.py", str(tmp_path / "server.py")), honest]
    told = use(runtime, stimulus, target, calls=1, stderr=stderr, warm=child(stimulus))
    assert told["outcomes"] == ["result"]
    limits = stimulus.expected["limits"]
    assert told["connected"] <= limits["wall_s"]
    assert told["memory"] <= limits["rss_mib"] * MIB, f"{told['memory'] / MIB:.1f} MiB"
    assert_nothing_left(told)


@of("stdio-child-ignores-everything")
def test_a_child_that_ignores_everything_is_ended_with_all_it_started(runtime, stimulus):
    _, *words = stimulus.input["argv"]
    # It says nothing, so the client gives it up, and closes what it had opened.
    told = use(runtime, stimulus, [sys.executable, *words], patience=1.0)
    assert told["outcomes"] == ["NotConnected"]
    # A second of patience, and the rest is the close.
    assert told["total"] - 1.0 <= stimulus.expected["limits"]["wall_s"], told["total"]
    assert_nothing_left(told)


def test_every_case_is_run_against_a_process_of_each_side_that_it_names():
    servers = {case.id for case in CASES}
    assert {case.id for case in read_cases() if case.transport == "stdio"} == servers | set(RUN)
    assert {case.id for case in read_cases() if case.transport == "stdio" and case.role == "client"} <= set(
        RUN
    )
