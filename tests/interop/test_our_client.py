"""Our client drives the servers of the Python peers over stdio, on each runtime, in each revision they speak.

The tools of the servers are the same (see `peers`); what differs between them is in `Ways`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.interop.matrix import cells
from tests.interop.runtimes import GiveUp, Together, hold
from tests.interop.watching import ended_by_itself, watched

from sansmcp import RequestFailed, RequestTimedOut, schema
from sansmcp.client import (
    accept,
    call_tool,
    get_prompt,
    list_prompts,
    list_resource_templates,
    list_resources,
    list_tools,
    ping,
    read_resource,
    set_log_level,
)
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS, TextContent

MODERN = "2026-07-28"
NOTE = "note://greeting"

ROOTS = (schema.Root(uri="file:///project", name="project"),)
SAID = schema.CreateMessageResult(
    role="assistant", content=TextContent(text="hello"), model="fixed", stop_reason="endTurn"
)
WEATHER = {"city": "Rome", "degrees": 21.5, "tags": ["sunny", "dry"]}


@dataclass(frozen=True, kw_only=True)
class Ways:
    """What a peer does in its own way."""

    newest: str = MODERN
    """The revision that the probe leads to."""
    no_resource: int = -32602
    """How it says that there is no such resource; 0 is no code of JSON-RPC."""
    declares_logging: bool = True
    """Whether it says that it logs; it does either way."""
    fails_with: str = "because"
    """What it shows of a tool's error."""
    says: Callable[[str], Any] = str
    """What a text becomes in a log record."""
    asks_unasked: bool = False
    """Whether it sends a form to a client that did not say that it has any."""
    answers_the_cancelled: bool = False
    """Whether it answers a call that was cancelled, which it should not."""

    def breaches(self, revision: str) -> list[str]:
        """Return the events that tell of them, in order; there are two cancelled calls."""
        asks = self.asks_unasked and revision < "2025-06-18"
        return ["ProtocolViolated"] * asks + ["MessageDropped"] * 2 * self.answers_the_cancelled


WAYS = {
    "mcp": Ways(fails_with="Error executing tool fails: because"),
    "mcp_legacy": Ways(
        newest="2025-11-25",
        no_resource=0,
        declares_logging=False,
        asks_unasked=True,
        answers_the_cancelled=True,
        fails_with="Error executing tool fails: because",
    ),
    "fastmcp": Ways(says=lambda text: {"msg": text, "extra": None}, asks_unasked=True),
}


PEERS_AND_REVISIONS = (
    *(("mcp", revision) for revision in ("probe", *REVISIONS)),
    *(("mcp_legacy", revision) for revision in ("probe", *LEGACY_REVISIONS)),
    *(("fastmcp", revision) for revision in ("probe", *REVISIONS)),
)


def text(result):
    return "".join(block.text for block in result.content if isinstance(block, TextContent))


def lists_and_reads(client, ways):
    assert {"add", "waits"} <= {tool.name for tool in (yield list_tools()).tools}
    assert NOTE in {resource.uri for resource in (yield list_resources()).resources}
    templates = yield list_resource_templates()
    assert [item.uri_template for item in templates.resource_templates] == ["note://by-name/{name}"]
    assert [prompt.name for prompt in (yield list_prompts()).prompts] == ["greet"]
    assert (yield read_resource(NOTE)).contents[0].text == "Good morning"
    assert (yield read_resource("note://by-name/Ada")).contents[0].text == "Good morning, Ada"
    prompt = yield get_prompt("greet", {"name": "Ada"})
    assert prompt.messages[0].content.text == "Greet Ada in a kind tone."
    with pytest.raises(RequestFailed) as caught:
        yield read_resource("note://nothing")
    assert caught.value.code == ways.no_resource
    if client.revision != MODERN:
        yield ping()


def calls(client, ways):
    assert text((yield call_tool("add", {"a": 1, "b": 2}))) == "3"
    weather = yield call_tool("weather", {"city": "Rome"})
    assert "Rome" in text(weather)
    if client.revision >= "2025-06-18":
        assert weather.structured_content == WEATHER
    failed = yield call_tool("fails", {"reason": "because"})
    assert failed.is_error
    assert text(failed) == ways.fails_with
    assert (yield call_tool("add", {"a": "one"})).is_error
    seen = []
    slow = yield call_tool("slow", {"steps": 3}, on_progress=lambda event: seen.append(event.progress))
    assert text(slow) == "3 steps"
    assert seen == [1, 2, 3]


def calls_at_once():
    together = Together([call_tool("add", {"a": number, "b": number}) for number in range(20)])
    assert [text(result) for result in (yield together)] == [str(2 * number) for number in range(20)]


def answers(client, asked):
    if client.revision >= "2025-06-18":
        assert text((yield call_tool("asks"))) == "Hello, Ada"
        assert asked == ["What is your name?"]
    else:
        # There are no forms yet, and the client did not say that it has any.
        try:
            refused = (yield call_tool("asks")).is_error
        except RequestFailed as error:
            refused = error.code == -32021
        assert refused
        assert asked == []
    assert text((yield call_tool("samples"))) == "fixed: hello"
    assert text((yield call_tool("lists_roots"))) == "file:///project"


def hears(heard, ways):
    if ways.declares_logging:
        yield set_log_level("warning")
    assert text((yield call_tool("logs", {"text": "x"}))) == "logged"
    # What was sent before an answer is here before it, so one more answer is enough for what came after.
    yield list_tools()
    assert ("warning", ways.says("loud x")) in [(event.level, event.data) for event in heard]


def gives_up():
    assert (yield GiveUp(call_tool("waits")))
    # Over HTTP the question may overtake the news.
    cancelled = "0"
    while cancelled == "0":
        cancelled = text((yield call_tool("cancelled_calls")))
    assert cancelled == "1"
    begun = []
    with pytest.raises(RequestTimedOut):
        yield call_tool("waits", timeout=0.2, on_progress=begun.append)
    # A server that is slow to begin has nothing to cancel.
    cancelled = text((yield call_tool("cancelled_calls")))
    while begun and cancelled == "1":
        cancelled = text((yield call_tool("cancelled_calls")))
    assert cancelled == "2" or (cancelled == "1" and not begun)


@pytest.mark.parametrize(("runtime", "peer", "revision"), cells(*PEERS_AND_REVISIONS))
def test_a_server_of_a_peer_does_all_that_our_client_asks(tmp_path, server_command, runtime, peer, revision):
    ways = WAYS[peer]
    spoken = ways.newest if revision == "probe" else revision
    asked, heard, wrong = [], [], []

    def answer(request):
        asked.append(request.message)
        return accept({"name": "Ada"})

    def conversation(client):
        assert client.revision == spoken
        assert client.server_info.name == "peer-server"
        assert client.instructions == "For interop tests."
        yield from lists_and_reads(client, ways)
        yield from calls(client, ways)
        yield from calls_at_once()
        yield from answers(client, asked)
        yield from hears(heard, ways)
        yield from gives_up()
        assert client.disconnected is None

    settings = {} if revision == "probe" else {"revisions": [revision]}
    hold(
        runtime,
        watched(server_command, tmp_path),
        conversation,
        elicitation=answer,
        sampling=lambda _request: SAID,
        roots=ROOTS,
        on_log=heard.append,
        on_violation=wrong.append,
        **settings,
    )
    assert [type(event).__name__ for event in wrong] == ways.breaches(spoken), wrong
    assert ended_by_itself(tmp_path)


@pytest.mark.parametrize(("runtime", "peer"), cells(("mcp",), ("mcp_legacy",), ("fastmcp",)))
def test_what_the_probe_found_saves_the_next_connection_the_probe(tmp_path, server_command, runtime, peer):
    findings = []

    def conversation(client):
        assert client.revision == WAYS[peer].newest
        findings.append(client.finding)
        assert text((yield call_tool("add", {"a": 1, "b": 2}))) == "3"

    hold(runtime, watched(server_command, tmp_path), conversation)
    hold(runtime, watched(server_command, tmp_path), conversation, finding=findings[0])
    assert findings[0] is not None
    assert findings[1] == findings[0]
    assert ended_by_itself(tmp_path)
