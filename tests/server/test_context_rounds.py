"""Handlers that ask: several questions, and running again with the answers."""

import datetime as dt

import pytest
from tests.server.conversation import EVERYTHING, MODERN
from tests.server.talking import DEBUG, TOKEN, answer, ask, notifications, talk

from sansmcp import schema
from sansmcp.errors import InputNeeded, LocalProtocolError
from sansmcp.schema import REVISIONS
from sansmcp.server import Context
from sansmcp.session import HandlerFailed, SessionLimits

# Several questions, and running again


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", MODERN])
def test_a_handler_runs_again_from_the_top_and_keeps_every_answer(revision):
    runs = []

    def tool(ctx: Context) -> str:
        runs.append(ctx)
        first = ctx.elicit("first", "First?", str)
        second = ctx.elicit("second", f"After {first.value}?", str)
        return f"{first.value}{second.value}"

    peer = talk(tool, revision)
    assert ask(peer)["message"] == "First?"
    (message,) = answer(peer, {"action": "accept", "content": {"value": "a"}})
    if revision == MODERN:
        peer.state = message["result"]["requestState"]
        assert list(message["result"]["inputRequests"]) == ["second"]
        peer.key = "second"
    else:
        peer.question = message["id"]
        assert message["params"]["message"] == "After a?"
    (message,) = answer(peer, {"action": "accept", "content": {"value": "b"}})
    assert message["result"]["content"][0]["text"] == "ab"
    assert len(runs) == 3


def test_a_question_that_changed_is_asked_again():
    names = iter("ab")

    def tool(ctx: Context) -> str:
        return ctx.elicit("key", next(names), str).value

    peer = talk(tool)
    assert ask(peer)["message"] == "a"
    (message,) = answer(peer, {"action": "accept", "content": {"value": "x"}})
    assert message["result"]["inputRequests"]["key"]["params"]["message"] == "b"


def test_a_missing_answer_is_asked_for_again():
    def tool(ctx: Context) -> str:
        return ctx.elicit("key", "Who?", str).value

    peer = talk(tool)
    ask(peer)
    (message,) = peer.request("tools/call", name="tool", arguments={}, requestState=peer.state)
    assert list(message["result"]["inputRequests"]) == ["key"]


def test_answers_that_came_before_anybody_asked_are_taken_where_no_state_came_with_them():
    def tool(ctx: Context) -> str:
        first = ctx.elicit("first", "Who?", str)
        return f"{first.value} {ctx.elicit('second', 'Where?', str).value}"

    peer = talk(tool)
    brought = {"first": {"action": "accept", "content": {"value": "Ada"}}, "other": {"action": "decline"}}
    (message,) = peer.request("tools/call", name="tool", inputResponses=brought)
    assert list(message["result"]["inputRequests"]) == ["second"]
    answers = {"second": {"action": "accept", "content": {"value": "here"}}, "first": {"action": "decline"}}
    (message,) = peer.request(
        "tools/call", name="tool", inputResponses=answers, requestState=message["result"]["requestState"]
    )
    assert message["result"]["content"][0]["text"] == "Ada here"


def test_an_answer_that_nobody_asked_for_must_fit_and_be_one_that_the_client_declared():
    def tool(ctx: Context) -> str:
        return ctx.elicit("key", "Who?", str).value

    brought = {"key": {"action": "accept", "content": {"value": 7}}}
    assert talk(tool).error("tools/call", name="tool", inputResponses=brought)["code"] == -32602
    unable = talk(tool, capabilities={})
    assert unable.error("tools/call", name="tool", inputResponses=brought)["code"] == -32021


def test_that_a_page_was_visited_is_not_said_before_anybody_asked():
    def tool(ctx: Context) -> str:
        return ctx.elicit_url("key", "Go there.", "https://example.com/").value

    peer = talk(tool, capabilities={"elicitation": {"url": {}}})
    result = peer.result("tools/call", name="tool", inputResponses={"key": {"action": "accept"}})
    assert list(result["inputRequests"]) == ["key"]


def test_two_questions_of_one_key_are_refused():
    def tool(ctx: Context) -> None:
        with pytest.raises(InputNeeded):
            ctx.elicit("key", "Who?", str)
        with pytest.raises(LocalProtocolError, match="two different questions have this key"):
            ctx.elicit("key", "What?", str)
        ctx.elicit("key", "Who?", str)

    assert ask(talk(tool))["message"] == "Who?"


@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_what_was_said_before_is_not_said_again(revision):
    def tool(ctx: Context) -> str:
        ctx.progress(1)
        ctx.info("one")
        ctx.progress(2)
        answer = ctx.elicit("key", "Who?", str)
        ctx.info("two")
        ctx.progress(2.5)
        return answer.value

    peer = talk(tool, revision, meta={**TOKEN, **(DEBUG if revision == MODERN else {})})
    if revision != MODERN:
        peer.request("logging/setLevel", level="info")
    *said, message = peer.request("tools/call", name="tool")
    assert [p["progress"] for p in notifications(said, "notifications/progress")] == [1, 2]
    assert [p["data"] for p in notifications(said, "notifications/message")] == ["one"]
    accepted = {"action": "accept", "content": {"value": "x"}}
    if revision == MODERN:
        state = message["result"]["requestState"]
        said = peer.request("tools/call", name="tool", requestState=state, inputResponses={"key": accepted})
    else:
        said = peer.say({"id": message["id"], "result": accepted})
    assert [p["progress"] for p in notifications(said, "notifications/progress")] == [2.5]
    assert [p["data"] for p in notifications(said, "notifications/message")] == ["two"]


@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_a_value_is_made_once_however_often_the_handler_runs(revision):
    made = []

    def make():
        made.append(1)
        return {"day": dt.date(2026, 7, 28)}

    def tool(ctx: Context) -> str:
        value = ctx.once("key", make)
        value["changed"] = True
        assert ctx.once("key", make) == {"day": "2026-07-28"}
        ctx.elicit("name", "Who?", str)
        return f"{len(made)} {value['day']}"

    peer = talk(tool, revision)
    ask(peer)
    (message,) = answer(peer, {"action": "accept", "content": {"value": "x"}})
    assert message["result"]["content"][0]["text"] == "1 2026-07-28"


def test_a_value_that_json_cannot_say_is_not_kept():
    def tool(ctx: Context) -> None:
        with pytest.raises(LocalProtocolError, match="cannot be said in JSON"):
            ctx.once("key", object)

    assert talk(tool).text("tool") == ""


# The model and the roots


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_model_is_asked_in_every_revision(revision):
    params = schema.CreateMessageRequestParams(
        messages=(schema.SamplingMessage(role="user", content=schema.TextContent(text="Hi")),), max_tokens=5
    )

    def tool(ctx: Context) -> str:
        said = ctx.sample("key", params)
        return f"{said.model}: {said.content.text}"

    peer = talk(tool, revision)
    assert ask(peer)["maxTokens"] == 5
    said = {"role": "assistant", "content": {"type": "text", "text": "Ho"}, "model": "m"}
    (message,) = answer(peer, said)
    assert message["result"]["content"][0]["text"] == "m: Ho"


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_roots_are_asked_for_in_every_revision(revision):
    def tool(ctx: Context) -> str:
        return " ".join(root.uri for root in ctx.roots())

    peer = talk(tool, revision)
    if revision == MODERN:
        ask(peer)
    else:
        peer.asked = {}
        (message,) = peer.request("tools/call", name="tool")
        peer.question = message["id"]
        assert message["method"] == "roots/list"
    (message,) = answer(peer, {"roots": [{"uri": "file:///a"}, {"uri": "file:///b"}]})
    assert message["result"]["content"][0]["text"] == "file:///a file:///b"


@pytest.mark.parametrize("missing", ["sampling", "roots"])
def test_a_client_is_asked_only_what_it_declared(missing):
    params = schema.CreateMessageRequestParams(messages=(), max_tokens=5)

    def tool(ctx: Context) -> None:
        ctx.sample("key", params) if missing == "sampling" else ctx.roots()

    capabilities = {name: value for name, value in EVERYTHING.items() if name != missing}
    error = talk(tool, capabilities=capabilities).error("tools/call", name="tool")
    assert error["code"] == -32021
    assert error["data"] == {"requiredCapabilities": {missing: {}}}


# Rounds


@pytest.mark.parametrize("limits", [None, SessionLimits(input_rounds=1), SessionLimits(input_rounds=12)])
@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_a_handler_asks_in_as_many_rounds_as_the_session_lets_it(revision, limits):
    rounds = 10 if limits is None else limits.input_rounds

    def tool(ctx: Context) -> None:
        for number in range(rounds + 1):
            ctx.elicit(str(number), "?", str)

    peer = talk(tool, revision, limits=limits)
    ask(peer)
    accepted = {"action": "accept", "content": {"value": "x"}}
    for number in range(1, rounds):
        (message,) = answer(peer, accepted)
        if revision == MODERN:
            peer.state, peer.key = message["result"]["requestState"], str(number)
        else:
            peer.question = message["id"]
    (message,) = answer(peer, accepted)
    assert message["result"]["isError"] is True
    (failed,) = peer.events
    assert isinstance(failed, HandlerFailed)
    assert f"asked in {rounds} rounds" in str(failed.error)


@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_a_key_that_has_its_answer_names_no_other_question(revision):
    def tool(ctx: Context) -> str:
        return f"{ctx.elicit('key', 'name?', str)}{ctx.elicit('key', 'town?', str)}"

    peer = talk(tool, revision)
    assert ask(peer)["message"] == "name?"
    (message,) = answer(peer, {"action": "accept", "content": {"value": "x"}})
    assert message["result"]["isError"] is True
    (failed,) = peer.events
    assert "question 'key': two different questions have this key" in str(failed.error)
