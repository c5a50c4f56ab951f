"""The official SDK's client drives our server over stdio, in every revision that it can offer."""

import sys

import pytest
from tests.interop.scenario import run_client

OURS = (sys.executable, "-m", "tests.interop.our_server")

MODES = [
    ("2024-11-05", "2024-11-05"),
    ("2025-03-26", "2025-03-26"),
    ("2025-06-18", "2025-06-18"),
    ("legacy", "2025-11-25"),
    ("modern", "2026-07-28"),
    ("auto", "2026-07-28"),
]

STEPS = (
    "tools",
    "resources",
    "reads",
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
    "samples",
    "lists_roots",
    "logs",
    "cancels",
    "times_out",
)


@pytest.mark.parametrize(("mode", "revision"), MODES)
def test_the_sdk_client_takes_every_step_with_our_server(mcp_client, mode, revision):
    report = run_client(mcp_client, mode, OURS, only=STEPS)
    steps = report.steps
    assert report.failed == {}, report.errors
    assert report.code == 0, report.errors
    assert steps["connect"]["revision"] == revision
    assert "add" in steps["tools"]["names"]
    assert steps["resources"] == {"uris": ["note://greeting"], "templates": []}
    assert steps["reads"]["contents"][0]["text"] == "Good morning"
    assert steps["reads_nothing"]["code"] == (-32602 if revision == "2026-07-28" else -32002)
    assert steps["prompts"]["names"] == ["greet"]
    assert steps["prompt"]["texts"] == ["Greet Ada in a kind tone."]
    assert steps["add"]["texts"] == ["3"]
    assert steps["fails"]["texts"] == ["because"]
    assert steps["fails"]["is_error"]
    assert [item["progress"] for item in steps["slow"]["progress"]][-1] == 3
    assert steps["slow"]["texts"] == ["3 steps"]
    assert steps["samples"]["texts"] == ["fixed: hello"]
    assert steps["lists_roots"]["texts"] == ["file:///project"]
    assert [record["level"] for record in steps["logs"]["logs"]] == ["warning"]
    assert steps["cancels"]["texts"] == ["1"]
    assert steps["close"] == {"killed": False, "faults": []}


@pytest.mark.parametrize(("mode", "revision"), MODES)
def test_the_sdk_client_answers_our_question_where_the_revision_has_them(mcp_client, mode, revision):
    steps = run_client(mcp_client, mode, OURS, only=["asks", "asks_twice"]).steps
    asked = steps["asks"]
    if revision < "2025-06-18":
        # There are no forms yet: the tool says what is missing.
        assert asked["questions"] == []
        assert "elicitation" in str(asked)
    else:
        assert asked["texts"] == ["Hello, Ada"]
        assert asked["questions"][0]["message"] == "What is your name?"
        assert steps["asks_twice"]["texts"] == ["Ada: fixed"]


@pytest.mark.parametrize(("mode", "revision"), MODES)
def test_structured_output_reaches_the_sdk_client_where_the_revision_has_it(mcp_client, mode, revision):
    seen = run_client(mcp_client, mode, OURS, only=["tools", "weather"]).steps["weather"]
    expected = {"city": "Rome", "degrees": 21.5, "tags": ["sunny", "dry"]}
    assert seen["structured"] == (expected if revision >= "2025-06-18" else None)
    assert "Rome" in seen["texts"][0]
