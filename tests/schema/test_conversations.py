"""Calls and results of tools in a conversation (2025-11-25, Sampling, Message Content Constraints)."""

import attrs
import pytest
from tests.client.test_handlers import InputHandlers, answer
from tests.client.toys import TEXT

from sansmcp import schema
from sansmcp.errors import RpcError
from sansmcp.schema import codec_for
from sansmcp.schema.conversations import imbalance, unbalanced_answer
from sansmcp.testing import connected_pair
from sansmcp.wire import Request


def user(*blocks):
    return schema.SamplingMessage(role="user", content=blocks)


def assistant(*blocks):
    return schema.SamplingMessage(role="assistant", content=blocks)


def calls(name):
    return schema.ToolUseContent(id=name, name="add", input={})


def result_of(name):
    return schema.ToolResultContent(tool_use_id=name, content=())


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (schema.SamplingMessage(role="user", content=TEXT),),
        (user(TEXT), assistant(TEXT, calls("1")), user(result_of("1"))),
        (
            user(TEXT),
            assistant(calls("1"), calls("2")),
            user(result_of("2"), result_of("1")),
            assistant(TEXT),
        ),
        (assistant(calls("1")), user(result_of("1")), assistant(calls("1")), user(result_of("1"))),
    ],
)
def test_a_conversation_with_a_result_for_each_call_is_in_balance(messages):
    assert imbalance(messages) is None


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        ((user(TEXT), assistant(calls("1"))), "messages: no results for 1"),
        ((assistant(calls("1")), user(TEXT)), "messages[1]: calls and results of tools do not match: 1"),
        (
            (assistant(calls("1")), user(result_of("2"))),
            "messages[1]: calls and results of tools do not match: 1, 2",
        ),
        (
            (assistant(calls("1"), calls("2")), user(result_of("1")), user(result_of("2"))),
            "messages[1]: calls and results of tools do not match: 2",
        ),
        ((user(result_of("1")),), "messages[0]: calls and results of tools do not match: 1"),
        (
            (assistant(calls("1")), user(result_of("1"), TEXT)),
            "messages[1]: results of tools stand alone in a message of the user",
        ),
        (
            (assistant(calls("1")), assistant(result_of("1"))),
            "messages[1]: results of tools stand alone in a message of the user",
        ),
    ],
)
def test_a_conversation_out_of_balance_is_named(messages, fault):
    assert imbalance(messages) == fault


@pytest.mark.parametrize("revision", ["2025-11-25"])
def test_a_conversation_out_of_balance_never_reaches_the_model(revision):
    asked = []
    handlers = InputHandlers(sampling=asked.append, sampling_tools=True)
    params = schema.CreateMessageRequestParams(messages=(user(TEXT), assistant(calls("1"))), max_tokens=1)
    pair = connected_pair(revision, client_capabilities=handlers.capabilities)
    # A server of ours refuses to send it.
    said = codec_for(revision).unstructure(params)
    pair.client.receive_message(Request(id=9, method="sampling/createMessage", params=said), pair.now)
    pair.settle()
    with pytest.raises(RpcError, match="messages: no results for 1") as refused:
        handlers.resolve(pair.take_client_events()[-1], pair.client).call()
    assert (refused.value.code, asked) == (-32602, [])


OFFERED = schema.CreateMessageRequestParams(
    messages=(user(TEXT),),
    max_tokens=1,
    tools=(schema.Tool(name="add", input_schema={"type": "object"}),),
)


def said(*blocks):
    return schema.CreateMessageResult(role="assistant", content=blocks, model="m")


@pytest.mark.parametrize(
    ("params", "content", "fault"),
    [
        (OFFERED, (TEXT,), None),
        (OFFERED, (calls("1"), calls("2")), None),
        (
            OFFERED,
            (result_of("1"),),
            "content: a model calls tools; their results come from whoever asked it",
        ),
        (
            OFFERED,
            (calls("1"), calls("1")),
            "content: two calls of tools have the same id; expected an id of its own for each",
        ),
        (
            attrs.evolve(OFFERED, tools=None),
            (calls("1"),),
            "content: calls of tools that were not offered: add",
        ),
    ],
)
def test_an_answer_of_a_model_may_call_the_tools_that_were_offered_each_with_its_own_id(
    params, content, fault
):
    assert unbalanced_answer(params, said(*content)) == fault


@pytest.mark.parametrize("revision", ["2025-11-25"])
def test_an_answer_out_of_balance_never_reaches_the_server(revision):
    handlers = InputHandlers(sampling=lambda _: said(result_of("1")), sampling_tools=True)
    question = schema.InputRequest(method="sampling/createMessage", params=OFFERED)
    refused, invocation = answer(handlers, question, revision)
    assert refused.message == "the client could not answer"
    assert "their results come from whoever asked it" in str(invocation.failure)
