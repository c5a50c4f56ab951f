"""Icons that are neither https nor data are left out, wherever they stand; everything else stays.

Source: 2025-11-25 and later, Base Protocol, Icons.
"""

import pytest
from tests.client.answering import Answering, Awaited

from sansmcp import schema
from sansmcp.client import (
    call_tool,
    get_prompt,
    list_prompts,
    list_resource_templates,
    list_resources,
    list_tools,
)
from sansmcp.client.icons import result_with_safe_icons, with_safe_icons

SAFE = (schema.Icon(src="https://a/i.png"), schema.Icon(src="DATA:image/png;base64,AA=="))
UNSAFE = tuple(
    schema.Icon(src=src)
    for src in (
        "http://a/i.png",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://a",
        "ws://a",
        "app://a",
        "",
    )
)
BOTH = (*UNSAFE, *SAFE)
LINK = schema.ResourceLink(uri="a://1", name="a", icons=BOTH)
TEXT = schema.TextContent(text="x")


def test_only_safe_icons_are_left_and_none_is_no_list():
    tool = schema.Tool(name="a", input_schema={"type": "object"}, icons=BOTH)
    assert with_safe_icons(tool).icons == SAFE
    alone = schema.Prompt(name="a", icons=UNSAFE)
    assert with_safe_icons(alone).icons is None


@pytest.mark.parametrize("icons", [None, SAFE])
def test_what_has_nothing_unsafe_stays_the_same_object(icons):
    prompt = schema.Prompt(name="a", icons=icons)
    assert with_safe_icons(prompt) is prompt
    for result in (
        schema.ListPromptsResult(prompts=(prompt,)),
        schema.CallToolResult(content=(TEXT,)),
        schema.GetPromptResult(messages=(schema.PromptMessage(role="user", content=TEXT),)),
        schema.EmptyResult(),
        {"tools": 7},
    ):
        assert result_with_safe_icons(result) is result


@pytest.mark.parametrize(
    ("call", "result", "icons_of"),
    [
        (
            list_tools(),
            schema.ListToolsResult(
                tools=(schema.Tool(name="a", input_schema={"type": "object"}, icons=BOTH),)
            ),
            lambda found: found.tools[0].icons,
        ),
        (
            list_prompts(),
            schema.ListPromptsResult(prompts=(schema.Prompt(name="a", icons=BOTH),)),
            lambda found: found.prompts[0].icons,
        ),
        (
            list_resources(),
            schema.ListResourcesResult(resources=(schema.Resource(uri="a://1", name="a", icons=BOTH),)),
            lambda found: found.resources[0].icons,
        ),
        (
            list_resource_templates(),
            schema.ListResourceTemplatesResult(
                resource_templates=(schema.ResourceTemplate(uri_template="a://{b}", name="a", icons=BOTH),)
            ),
            lambda found: found.resource_templates[0].icons,
        ),
        (
            call_tool("x"),
            schema.CallToolResult(content=(TEXT, LINK)),
            lambda found: found.content[1].icons,
        ),
        (
            get_prompt("x"),
            schema.GetPromptResult(messages=(schema.PromptMessage(role="user", content=LINK),)),
            lambda found: found.messages[0].content.icons,
        ),
    ],
)
@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_a_client_hands_out_safe_icons_only(revision, call, result, icons_of):
    told = Answering(revision, answers={call.method: result}).connect()
    assert icons_of(told.ask(call)) == SAFE


def test_who_the_server_says_it_is_has_safe_icons_too():
    told = Answering("2025-11-25").connect()
    client = Awaited(told)
    assert client.server_info == schema.Implementation(name="server", version="1")


def test_a_server_that_shows_an_unsafe_icon_of_itself_is_shown_without_it():
    info = schema.Implementation(name="server", version="1", icons=BOTH)
    assert with_safe_icons(info).icons == SAFE
