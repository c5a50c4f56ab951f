"""Our client, on each runtime, drives the reference server of the protocol's authors, on Node.js."""

import pytest
from tests.interop.matrix import cells
from tests.interop.runtimes import GiveUp, Together, hold
from tests.interop.watching import ended_by_itself, watched

from sansmcp import RequestFailed, RequestTimedOut, schema
from sansmcp.client import (
    accept,
    call_tool,
    complete,
    get_prompt,
    list_prompts,
    list_resource_templates,
    list_resources,
    list_tools,
    ping,
    read_resource,
    set_log_level,
)
from sansmcp.schema import LEGACY_REVISIONS, ImageContent, ResourceLink, TextContent

ROOTS = (schema.Root(uri="file:///project", name="project"),)
SAID = schema.CreateMessageResult(
    role="assistant", content=TextContent(text="hello"), model="fixed", stop_reason="endTurn"
)
# It fills in the defaults of its form by itself.
FORM = {"name": "Ada", "check": True, "integer": 7}

# It sends what the revision that was agreed on does not have yet.
BREACHES = {
    "2024-11-05": ("found 'resource_link'", "found 'resource_link'"),
    "2025-03-26": ("found 'resource_link'", "found 'resource_link'"),
    "2025-06-18": ("requestedSchema.properties.untitledMultipleSelectEnum.type",),
}


def text(result):
    assert not result.is_error, result
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def lists(client):
    assert {"echo", "get-sum", "get-roots-list"} <= {tool.name for tool in (yield list_tools()).tools}
    resources = (yield list_resources()).resources
    assert all(resource.uri.startswith("demo://resource/static/") for resource in resources)
    templates = (yield list_resource_templates()).resource_templates
    assert "demo://resource/dynamic/text/{resourceId}" in {item.uri_template for item in templates}
    assert {"simple-prompt", "args-prompt"} <= {prompt.name for prompt in (yield list_prompts()).prompts}
    assert (yield read_resource(resources[0].uri)).contents[0].text
    (blob,) = (yield read_resource("demo://resource/dynamic/blob/1")).contents
    assert blob.blob
    with pytest.raises(RequestFailed) as caught:
        yield read_resource("demo://resource/nothing")
    assert caught.value.is_resource_not_found
    prompt = yield get_prompt("args-prompt", {"city": "Rome"})
    assert "Rome" in prompt.messages[0].content.text
    with pytest.raises(RequestFailed) as caught:
        yield get_prompt("args-prompt")
    assert caught.value.code == -32602
    reference = schema.PromptReference(name="completable-prompt")
    completed = yield complete(reference, "department", "E")
    assert completed.completion.values == ("Engineering",)
    yield ping()
    assert client.disconnected is None


def calls(client):
    assert text((yield call_tool("echo", {"message": "grüß dich\u2028"}))) == "Echo: grüß dich\u2028"
    assert text((yield call_tool("get-sum", {"a": 1, "b": 2}))) == "The sum of 1 and 2 is 3."
    weather = yield call_tool("get-structured-content", {"location": "Chicago"})
    if client.revision >= "2025-06-18":
        assert weather.structured_content["temperature"] == 36
    image = yield call_tool("get-tiny-image")
    assert any(isinstance(block, ImageContent) for block in image.content)
    links = yield call_tool("get-resource-links", {"count": 2})
    if client.revision >= "2025-06-18":
        assert [type(block) for block in links.content].count(ResourceLink) == 2
    assert (yield call_tool("get-sum", {"a": "one", "b": 2})).is_error
    assert (yield call_tool("no-such-tool")).is_error
    seen = []
    long = yield call_tool(
        "trigger-long-running-operation",
        {"duration": 0.03, "steps": 3},
        on_progress=lambda event: seen.append((event.progress, event.total)),
    )
    assert "completed" in text(long)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def calls_at_once():
    together = Together([call_tool("get-sum", {"a": number, "b": number}) for number in range(20)])
    assert [text(result) for result in (yield together)] == [
        f"The sum of {number} and {number} is {2 * number}." for number in range(20)
    ]


def answers(client, asked):
    assert "file:///project" in text((yield call_tool("get-roots-list")))
    assert "hello" in text((yield call_tool("trigger-sampling-request", {"prompt": "Say hello"})))
    if client.revision >= "2025-11-25":
        assert "Name: Ada" in text((yield call_tool("trigger-elicitation-request")))
        assert asked == ["Please provide inputs for the following fields:"]
    else:
        # Its form has fields of the revision after this one; before 2025-06-18 there are no forms at all, and
        # it does not offer the tool.
        assert (yield call_tool("trigger-elicitation-request")).is_error
        assert asked == []


def hears(heard):
    yield set_log_level("debug")
    before = len(heard)
    assert "Started" in text((yield call_tool("toggle-simulated-logging")))
    # It logs once at once, and then every five seconds.
    assert "Stopped" in text((yield call_tool("toggle-simulated-logging")))
    assert len(heard) == before + 1
    assert "message" in heard[-1].data


def gives_up():
    # It does not stop what was cancelled, and does not exit before that has come to its end.
    long = {"duration": 0.5, "steps": 50}
    assert (yield GiveUp(call_tool("trigger-long-running-operation", long)))
    with pytest.raises(RequestTimedOut):
        yield call_tool("trigger-long-running-operation", {"duration": 0.5, "steps": 1}, timeout=0.2)
    assert text((yield call_tool("echo", {"message": "still here"}))) == "Echo: still here"


@pytest.mark.parametrize(("runtime", "revision"), cells(*((item,) for item in ("probe", *LEGACY_REVISIONS))))
def test_the_reference_server_does_all_that_our_client_asks(tmp_path, node, node_packages, runtime, revision):
    program = node_packages / "@modelcontextprotocol" / "server-everything" / "dist" / "index.js"
    asked, heard, wrong = [], [], []

    def answer(request):
        asked.append(request.message)
        return accept(FORM)

    def conversation(client):
        assert client.revision == ("2025-11-25" if revision == "probe" else revision)
        assert client.server_info.name == "mcp-servers/everything"
        assert client.instructions
        yield from lists(client)
        yield from calls(client)
        yield from calls_at_once()
        yield from answers(client, asked)
        yield from hears(heard)
        yield from gives_up()

    settings = {} if revision == "probe" else {"revisions": [revision]}
    hold(
        runtime,
        watched([node, str(program)], tmp_path),
        conversation,
        elicitation=answer,
        sampling=lambda _request: SAID,
        roots=ROOTS,
        on_log=heard.append,
        on_violation=wrong.append,
        **settings,
    )
    breaches = [event.reason for event in wrong if "progress for the unknown token" not in event.reason]
    expected = BREACHES.get(revision, ())
    assert len(breaches) == len(expected), breaches
    assert all(words in reason for words, reason in zip(expected, breaches, strict=True)), breaches
    assert ended_by_itself(tmp_path)
