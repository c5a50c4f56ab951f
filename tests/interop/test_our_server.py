"""The clients of the Python peers drive our server over stdio, on each runtime, in each revision."""

import sys

import pytest
from tests.interop.matrix import cells
from tests.interop.scenario import run_client
from tests.interop.watching import ended_by_itself, watched

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"

STEPS = (
    "tools",
    "resources",
    "reads",
    "reads_by_name",
    "reads_nothing",
    "prompts",
    "prompt",
    "pings",
    "add",
    "weather",
    "fails",
    "unknown",
    "slow",
    "asks",
    "asks_twice",
    "samples",
    "lists_roots",
    "logs",
    "cancels",
    "times_out",
)


@pytest.mark.parametrize(
    ("runtime", "peer", "mode"),
    cells(
        *(("mcp", mode) for mode in (*LEGACY, "modern", "auto")),
        *(("mcp_legacy", mode) for mode in LEGACY),
        *(("fastmcp", mode) for mode in (*LEGACY, "modern", "auto")),
    ),
)
def test_a_client_of_a_peer_takes_every_step_with_our_server(tmp_path, client_command, runtime, peer, mode):
    ours = watched([sys.executable, "-m", "tests.interop.our_server", runtime], tmp_path)
    revision = mode if mode in LEGACY else MODERN
    # What may be typed the client of the SDK alone asks for.
    steps = (*STEPS, "completes") if peer == "mcp" else STEPS
    report = run_client(client_command, mode, ours, only=steps)
    assert report.failed == {}, report.errors
    assert report.code == 0
    # Neither side has anything to complain about.
    assert report.errors == ""
    assert list(report.steps) == ["connect", *steps, "close"]
    assert report.steps["connect"]["revision"] == revision
    assert_lists_and_reads(report.steps, revision)
    assert_calls(report.steps, revision)
    assert_questions_of_tools(report.steps, revision)
    assert [(record["level"], record["data"]) for record in report.steps["logs"]["logs"]] == [
        ("warning", "loud x")
    ]
    assert report.steps["cancels"]["cancelled"]
    assert report.steps["cancels"]["texts"] == ["1"]
    if "completes" in steps:
        assert report.steps["completes"]["values"] == ["kind", "knowing"]
    assert report.steps["close"] == {"faults": []}
    assert ended_by_itself(tmp_path)


def assert_lists_and_reads(steps, revision):
    assert {"add", "waits"} <= set(steps["tools"]["names"])
    assert steps["resources"] == {"uris": ["note://greeting"], "templates": ["note://by-name/{name}"]}
    assert steps["reads"]["contents"][0]["text"] == "Good morning"
    assert steps["reads_by_name"]["contents"][0]["text"] == "Good morning, Ada"
    assert steps["reads_nothing"]["code"] == (-32602 if revision == MODERN else -32002)
    assert steps["prompts"]["names"] == ["greet"]
    assert steps["prompt"]["texts"] == ["Greet Ada in a kind tone."]
    assert steps["pings"].get("code") == (-32601 if revision == MODERN else None)


def assert_calls(steps, revision):
    assert steps["add"]["texts"] == ["3"]
    expected = {"city": "Rome", "degrees": 21.5, "tags": ["sunny", "dry"]}
    assert steps["weather"]["structured"] == (expected if revision >= "2025-06-18" else None)
    assert "Rome" in steps["weather"]["texts"][0]
    assert steps["fails"]["texts"] == ["because"]
    assert steps["fails"]["is_error"]
    assert steps["unknown"]["code"] == -32602
    # Of what is reported before anybody reads, the last remains.
    assert [item["progress"] for item in steps["slow"]["progress"]][-1] == 3
    assert steps["slow"]["texts"] == ["3 steps"]


def assert_questions_of_tools(steps, revision):
    asked = steps["asks"]
    if revision < "2025-06-18":
        # There are no forms yet: the tool says what is missing.
        assert asked["questions"] == []
        assert "elicitation" in str(asked)
    else:
        assert asked["texts"] == ["Hello, Ada"]
        assert asked["questions"][0]["message"] == "What is your name?"
        assert steps["asks_twice"]["texts"] == ["Ada: fixed"]
    assert steps["samples"]["texts"] == ["fixed: hello"]
    assert steps["lists_roots"]["texts"] == ["file:///project"]
