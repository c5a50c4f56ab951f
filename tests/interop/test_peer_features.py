"""Our client sees everything that a server of the official SDK offers, on each runtime, in each revision."""

import attrs
import pytest
from tests.interop.conftest import python_program
from tests.interop.environment import MCP
from tests.interop.matrix import FULL, cells
from tests.interop.runtimes import Hear, hold
from tests.interop.watching import ended_by_itself, watched

from sansmcp import RequestFailed, ResultInvalid, schema
from sansmcp.client import (
    accept,
    call_tool,
    complete,
    get_prompt,
    list_prompts,
    list_resource_templates,
    list_resources,
    list_tools,
    read_resource,
    set_log_level,
    walk,
)
from sansmcp.schema import REVISIONS, PromptReference, ResourceTemplateReference

MODERN = "2026-07-28"
BOARD = "board://main"
LATER = {"audio": "2025-03-26", "resource_link": "2025-06-18"}
"""Kinds of content, and the revision that brought them."""
META = {"example.org/kind": "interop"}


@attrs.frozen
class Day:
    """What `today` returns."""

    name: str
    degrees: float


def text(result):
    return result.content[0].text


def named(items, name):
    (found,) = (item for item in items if item.name == name)
    return found


def since(client, first, value):
    """Return what a definition has from a revision on."""
    return value if client.revision >= first else None


def all_pages(ask, field):
    """Walk over a list, and return how many pages it had and what was on them."""
    walking, count, items = walk(ask), 0, []
    page = None
    while True:
        try:
            call = walking.send(page)
        except StopIteration:
            return count, items
        page = yield call
        count += 1
        items += getattr(page, field)


def lists(client):
    count, items = yield from all_pages(list_resources, "resources")
    assert (count, [item.name for item in items]) == (3, [f"item {number}" for number in range(10)])
    tool = named((yield list_tools()).tools, "forecast")
    assert tool.title == since(client, "2025-06-18", "Forecast")
    assert (tool.icons[0].mime_type if tool.icons else None) == since(client, "2025-11-25", "image/png")
    assert tool.meta == since(client, "2025-06-18", META)
    hints = schema.ToolAnnotations(read_only_hint=True)
    assert tool.annotations == since(client, "2025-03-26", hints)
    assert (tool.output_schema is not None) == (client.revision >= "2025-06-18")
    (template,) = (yield list_resource_templates()).resource_templates
    assert template.uri_template == "note://{folder}/{number}"
    (prompt,) = (yield list_prompts()).prompts
    assert [(item.name, item.required) for item in prompt.arguments] == [
        ("folder", True),
        ("number", True),
        ("tone", False),
    ]


def reads(client):
    assert (yield read_resource("note://home/7")).contents[0].text == "home 8"
    with pytest.raises(RequestFailed) as caught:
        yield read_resource("note://home/101")
    assert caught.value.is_resource_not_found
    prompt = yield get_prompt("review", {"folder": "home", "number": "1"})
    assert prompt.messages[0].content.text == "Review home 2, kind"
    # What the server says that it stays fresh is asked for once.
    texts = set()
    for _ in range(3):
        texts.add((yield read_resource(BOARD)).contents[0].text)
    assert len(texts) == (1 if client.revision == MODERN else 3)


def completes(client):
    review = PromptReference(name="review")
    note = ResourceTemplateReference(uri="note://{folder}/{number}")
    found = yield complete(review, "tone", "k", context={"folder": "home"})
    assert found.completion.values == (("k1",) if client.revision >= "2025-06-18" else ("k0",))
    assert (yield complete(note, "folder", "h")).completion.has_more is False


def results(client):
    kinds = yield call_tool("kinds")
    kinds_of = {block.type: block for block in kinds.content}
    assert (kinds_of["text"].text, kinds_of["text"].annotations.priority) == ("words", 0.5)
    assert kinds_of["image"].data == "AAE="
    assert [block.resource.uri for block in kinds.content[-2:]] == ["note://home/1", "blob://raw"]
    # The peer sends content that the revision does not have; each of it costs itself.
    audio, link = kinds_of.get("audio"), kinds_of.get("resource_link")
    assert (audio and audio.mime_type) == since(client, "2025-03-26", "audio/wav")
    assert (link and link.uri) == since(client, "2025-06-18", BOARD)
    assert kinds.meta["beside"] == [1, {"z": None}]
    masked = yield call_tool("crashes")
    assert masked.is_error
    wrong = yield call_tool("forecast", {"city": "Rome", "days": 4})
    assert wrong.is_error
    if client.revision < "2025-06-18":
        return
    assert (yield call_tool("today", {"city": "Rome"}, result_type=Day)) == Day("Rome", 21.5)
    days = (yield call_tool("forecast", {"city": "Rome"})).structured_content
    assert [day["name"] for day in days["result"]] == ["Rome 0", "Rome 1"]
    with pytest.raises(ResultInvalid, match="degrees"):
        yield call_tool("today", {"city": "Rome"}, result_type=dict[str, str])


def answers(client, asked):
    if client.revision >= "2025-11-25":
        assert text((yield call_tool("orders"))) == (
            '{"name":"Ada","colour":"green","extras":["milk"],"size":3,"express":false}'
        )
        assert text((yield call_tool("chats"))) == "lookup({'city': 'Rome'})"
    if client.revision == "2025-11-25":
        assert text((yield call_tool("pays"))) == "accept"
        assert [type(request).__name__ for request in asked] == [
            "ElicitRequestFormParams",
            "ElicitRequestURLParams",
        ]


def hears(client, heard):
    if client.revision == MODERN or client.server_capabilities.logging is not None:
        yield set_log_level("error")
    assert text((yield call_tool("speaks"))) == "spoken"
    yield list_tools()
    assert [event.data["level"] for event in heard][-4:] == ["error", "critical", "alert", "emergency"]


def is_told():
    change = yield Hear(lambda client: client.listen(tools=True), call_tool("grows"))
    assert change.kind.value == "tools"
    assert named((yield list_tools()).tools, "late")
    assert text((yield call_tool("late"))) == "here"
    before = (yield read_resource(BOARD)).contents[0].text
    assert (yield Hear(lambda client: client.resource_updates(BOARD), call_tool("touches"))) == BOARD
    assert (yield read_resource(BOARD)).contents[0].text != before


def fill_in(request):
    if isinstance(request, schema.ElicitRequestURLParams):
        return accept()
    return accept({"name": "Ada", "colour": "green", "extras": ["milk"]})


def say(_request):
    use = schema.ToolUseContent(id="use-1", name="lookup", input={"city": "Rome"})
    return schema.CreateMessageResult(role="assistant", content=use, model="fixed", stop_reason="toolUse")


@pytest.mark.parametrize(
    ("runtime", "revision"),
    cells(*((revision,) for revision in (REVISIONS if FULL else ("2024-11-05", "2025-11-25", MODERN)))),
)
def test_our_client_sees_everything_a_server_of_the_sdk_offers(tmp_path, runtime, revision):
    asked, heard, wrong = [], [], []

    def answer(request):
        asked.append(request)
        return fill_in(request)

    def conversation(client):
        assert client.revision == revision
        yield from lists(client)
        yield from reads(client)
        yield from completes(client)
        yield from results(client)
        yield from answers(client, asked)
        yield from hears(client, heard)
        yield from is_told()
        assert client.disconnected is None

    hold(
        runtime,
        watched(python_program(MCP, "mcp_features_server.py"), tmp_path),
        conversation,
        revisions=[revision],
        elicitation=answer,
        elicitation_urls=True,
        sampling=say,
        sampling_tools=True,
        on_log=heard.append,
        on_violation=wrong.append,
    )
    # What the revision does not have is told of, each by itself.
    unknown = [kind for kind, first in LATER.items() if revision < first]
    assert [event.reason.rpartition(" ")[2] for event in wrong] == [f"'{kind}'" for kind in unknown]
    assert ended_by_itself(tmp_path)


def code_of(call):
    """Make a call that the server refuses, and return the code."""
    with pytest.raises(RequestFailed) as caught:
        yield call
    return caught.value.code


@pytest.mark.parametrize(("runtime", "revision"), cells(("2025-06-18",), (MODERN,)))
def test_the_sdk_differs_from_the_specification_as_the_page_says(runtime, revision):
    """Each of these is a row of `docs/interop.md`; once the SDK differs no more, the row goes."""
    wrong = []

    def conversation(client):
        assert (yield from code_of(read_resource("no://where"))) == -32602
        assert (yield from code_of(read_resource("note://home/seven"))) == -32603
        assert (yield call_tool("nobody")).is_error
        other = -32603 if revision == MODERN else 0
        assert (yield from code_of(get_prompt("nobody"))) == other
        assert (yield from code_of(get_prompt("review", {"folder": "home"}))) == other
        assert (yield from code_of(list_resources("no cursor"))) == other
        assert (yield call_tool("forecast", {"city": 1})).is_error
        assert (yield complete(PromptReference(name="nobody"), "tone", "k")).completion.values
        days = yield call_tool("forecast", {"city": "Rome", "days": 1})
        assert list(days.structured_content) == ["result"]
        read = yield call_tool("forecast", {"city": "Rome", "days": 1}, result_type=list[Day])
        assert read == [Day("Rome 0", 20.5)]
        if revision != MODERN:
            assert not client.server_capabilities.tools.list_changed
            assert (yield from code_of(call_tool("pays"))) == -32601

    server = python_program(MCP, "mcp_features_server.py")
    hold(runtime, server, conversation, revisions=[revision], on_violation=wrong.append)
    assert ["elicitation/create" in event.reason for event in wrong] == [True] * (revision != MODERN)
