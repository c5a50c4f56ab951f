"""What only HTTP has, with peers: ends that are told, responses that go on later, servers that start anew."""

import json
import sys

import pytest
from tests.interop.conftest import PINS, python_program
from tests.interop.matrix import cells
from tests.interop.raw import Program
from tests.interop.runtimes import hold
from tests.interop.scenario import run_client
from tests.interop.serving import started
from tests.interop.test_our_client import text

from sansmcp import RequestLost
from sansmcp.client import call_tool
from sansmcp.schema import LATEST_LEGACY


def ours(runtime):
    return [sys.executable, "-m", "tests.interop.our_server", runtime, "http"]


@pytest.mark.parametrize(("runtime", "mode"), cells(("modern",)))
def test_a_client_of_the_sdk_sees_that_our_server_ended_its_subscription(mcp_client, runtime, mode):
    with started(ours(runtime)) as served:
        command = [*mcp_client, "--only", "sees_the_end", mode, served.url]
        with Program(command) as program:
            program.receive_until(lambda said: said["step"] == "listening")
            assert served.stop() == 0
            assert program.receive() == {"step": "sees_the_end", "end": "graceful"}
            assert program.finish().code == 0


@pytest.mark.parametrize(("runtime", "mode"), cells((LATEST_LEGACY,), ("modern",)))
def test_a_client_of_the_sdk_comes_back_for_the_rest_of_a_response(mcp_client, runtime, mode):
    with started(ours(runtime)) as served:
        report = run_client(mcp_client, mode, [served.url], only=["comes_back"])
        assert served.stop() == 0
    assert report.failed == {}, report.errors
    assert report.steps["comes_back"]["texts"] == ["back"]
    assert report.steps["comes_back"]["progress"] == [1, 2]
    assert served.errors == ""


@pytest.mark.parametrize(("runtime", "revision"), cells((LATEST_LEGACY,)))
def test_our_client_comes_back_for_the_rest_of_a_response_of_the_sdk(runtime, revision):
    progress = []

    def conversation(_client):
        call = call_tool("comes_back", on_progress=lambda event: progress.append(event.progress))
        assert text((yield call)) == "back"

    with started([*python_program(PINS["mcp"], "mcp_server.py"), "full", "stored"]) as served:
        hold(runtime, served.url, conversation, revisions=[revision], on_violation=pytest.fail)
    assert progress == [1, 2]


@pytest.mark.parametrize(("runtime", "peer"), cells(("mcp",), ("mcp_legacy",)))
def test_our_client_goes_on_with_a_server_of_a_peer_that_was_started_anew(runtime, peer):
    program = [*python_program(PINS[peer], f"{peer}_server.py"), *(["full"] if peer == "mcp" else []), "http"]

    def conversation(client):
        assert text((yield call_tool("add", {"a": 1, "b": 2}))) == "3"
        first.kill()
        with started([*program, first.port]):
            reasons = []
            while len(reasons) < 3:
                try:
                    assert text((yield call_tool("add", {"a": 2, "b": 2}))) == "4"
                    break
                except RequestLost as error:
                    reasons.append(str(error))
            # The connection that was kept is lost, then the session, and then there is another.
            assert len(reasons) <= 2, reasons
            assert "404" in reasons[-1]
            assert client.disconnected is None

    with started(program) as first:
        hold(runtime, first.url, conversation, revisions=[LATEST_LEGACY])


@pytest.mark.parametrize(
    ("runtime", "mode", "revision"), cells(("legacy", LATEST_LEGACY), ("auto", "2026-07-28"))
)
def test_the_client_of_the_typescript_sdk_takes_every_step(node, node_packages, runtime, mode, revision):
    program = __file__.replace("test_http_lives.py", "peers/node_client.mjs")
    with started(ours(runtime)) as served:
        with Program([node, program, str(node_packages), mode, served.url]) as client:
            outcome = client.finish()
        assert served.stop() == 0
    said = [json.loads(line) for line in outcome.rest]
    seen = {step["step"]: step for step in said}
    assert [step for step in said if "failed" in step] == []
    # In the legacy era it comes back for the rest of the response to what it cancelled.
    faults = [step["text"] for step in said if step["step"] == "fault"]
    assert [fault for fault in faults if "it was given up" not in fault] == []
    assert (outcome.code, outcome.errors, served.errors) == (0, "", "")
    assert seen["connect"]["revision"] == revision
    assert {"add", "waits"} <= set(seen["tools"]["names"])
    assert seen["resources"]["uris"] == ["note://greeting"]
    assert seen["reads"]["contents"][0]["text"] == "Good morning"
    # It gives out the newer code in either era.
    assert seen["reads_nothing"]["code"] == -32602
    assert seen["prompt"]["texts"] == ["Greet Ada in a kind tone."]
    assert seen["completes"]["values"] == ["kind", "knowing"]
    assert seen["add"]["texts"] == ["3"]
    assert seen["weather"]["structured"] == {"city": "Rome", "degrees": 21.5, "tags": ["sunny", "dry"]}
    assert (seen["fails"]["texts"], seen["fails"]["is_error"]) == (["because"], True)
    assert seen["unknown"]["code"] == -32602
    assert seen["slow"]["progress"][-1] == 3
    assert (seen["asks"]["texts"], seen["asks"]["questions"][0]) == (["Hello, Ada"], "What is your name?")
    assert seen["asks_twice"]["texts"] == ["Ada: fixed"]
    assert seen["samples"]["texts"] == ["fixed: hello"]
    assert seen["lists_roots"]["texts"] == ["file:///project"]
    assert (seen["logs"]["level"], seen["logs"]["data"]) == ("warning", "loud x")
    assert (seen["cancels"]["cancelled"], seen["cancels"]["texts"]) == (True, ["1"])
    assert seen["listens"]["uri"] == "note://greeting"
    assert seen["listens"]["end"] == ("local" if mode == "auto" else None)
    assert "close" in seen
