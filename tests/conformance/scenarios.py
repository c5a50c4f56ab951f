"""What the everything client does in each scenario: calls as values, so that every binding plays the same.

A scenario is a generator: it yields a call and gets its value, or what the call raised. Each asserts on what
it receives, so that it fails where something is missing even if the suite would not see it.
"""

import contextlib
from collections.abc import Callable, Generator, Mapping
from typing import TypeAlias

from sansmcp.client import (
    Call,
    call_tool,
    get_prompt,
    list_prompts,
    list_resources,
    list_tools,
    read_resource,
)
from sansmcp.schema import CallToolResult, TextContent, Tool
from sansmcp.session import MissingCapability
from sansmcp.values import JSON

Scenario: TypeAlias = Generator[Call[JSON], JSON, None]

INVALID = "invalid_"
"""How the tools are called that no client may call."""


def text_of(result: CallToolResult) -> str:
    """Return the texts of a result that did not fail."""
    assert not result.is_error, result
    return "".join(block.text for block in result.content if isinstance(block, TextContent))


def all_tools() -> Generator[Call[JSON], JSON, dict[str, Tool]]:
    """Return the tools by name."""
    tools: dict[str, Tool] = {}
    cursor = None
    while True:
        page = yield list_tools(cursor)
        tools |= {tool.name: tool for tool in page.tools}
        cursor = page.next_cursor
        if cursor is None:
            return tools


def list_what_there_is(_data: Mapping[str, JSON]) -> Scenario:
    """Print the tools, for a person who tries a server."""
    for tool in (yield from all_tools()).values():
        print(f"{tool.name}: {tool.description}")


def initialize(_data: Mapping[str, JSON]) -> Scenario:
    """Connect, and list the tools where the server says that it has some."""
    with contextlib.suppress(MissingCapability):
        yield from all_tools()


def tools_call(_data: Mapping[str, JSON]) -> Scenario:
    """Add two numbers."""
    assert "add_numbers" in (yield from all_tools())
    assert "8" in text_of((yield call_tool("add_numbers", {"a": 5, "b": 3})))


def form_defaults(_data: Mapping[str, JSON]) -> Scenario:
    """Be shown a form with defaults while a call is in flight."""
    yield from all_tools()
    assert text_of((yield call_tool("test_client_elicitation_defaults", {})))


def reconnection(_data: Mapping[str, JSON]) -> Scenario:
    """Lose the response in the middle of a call, and get the result all the same."""
    yield from all_tools()
    assert text_of((yield call_tool("test_reconnection", {})))


def request_metadata(_data: Mapping[str, JSON]) -> Scenario:
    """Say with every request who is speaking."""
    with contextlib.suppress(MissingCapability):
        yield from all_tools()


def request_state(_data: Mapping[str, JSON]) -> Scenario:
    """Give back state, and only where there was some."""
    yield from all_tools()
    for tool, said in (
        ("test_mrtr_echo_state", "echo-state-ok"),
        ("test_mrtr_unrelated", "unrelated-ok"),
        ("test_mrtr_no_state", "no-state-ok"),
    ):
        assert said in text_of((yield call_tool(tool, {}))), tool
    assert text_of((yield call_tool("test_mrtr_no_result_type", {})))


def standard_headers(_data: Mapping[str, JSON]) -> Scenario:
    """Make a request of each kind that has headers of its own."""
    tools = yield from all_tools()
    for name in ("test_headers", "my-hyphenated-tool"):
        assert name in tools
        yield call_tool(name, {})
    yield list_resources()
    yield read_resource("file:///path/to/file%20name.txt")
    yield list_prompts()
    yield get_prompt("test_prompt")


def custom_headers(data: Mapping[str, JSON]) -> Scenario:
    """Make the calls that the suite names, whose arguments travel in headers too."""
    tools = yield from all_tools()
    assert data["toolCalls"]
    for call in data["toolCalls"]:
        assert call["name"] in tools
        text_of((yield call_tool(call["name"], call["arguments"])))


def invalid_tool_headers(_data: Mapping[str, JSON]) -> Scenario:
    """Call the one tool whose headers are right, and see none of the others."""
    tools = yield from all_tools()
    assert [name for name in tools if name.startswith(INVALID)] == []
    text_of((yield call_tool("valid_tool", {"region": "us-east1"})))


def references(_data: Mapping[str, JSON]) -> Scenario:
    """List a tool whose schema refers to the network, which nobody asks for it."""
    assert "lookup_user" in (yield from all_tools())


def preserved_schema(_data: Mapping[str, JSON]) -> Scenario:
    """Give back a schema as it came."""
    tools = yield from all_tools()
    given = tools["json_schema_2020_12_tool"].input_schema
    text_of((yield call_tool("json_schema_echo", {"schema": given})))


SCENARIOS: Mapping[str, Callable[[Mapping[str, JSON]], Scenario]] = {
    "initialize": initialize,
    "tools_call": tools_call,
    "elicitation-sep1034-client-defaults": form_defaults,
    "sse-retry": reconnection,
    "request-metadata": request_metadata,
    "sep-2322-client-request-state": request_state,
    "http-standard-headers": standard_headers,
    "http-custom-headers": custom_headers,
    "http-invalid-tool-headers": invalid_tool_headers,
    "json-schema-ref-no-deref": references,
    "json-schema-2020-12-preservation": preserved_schema,
}
"""By the name that the suite gives it."""
