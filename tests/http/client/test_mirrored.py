"""Tools with a bad x-mcp-header are left out where there are headers, each with a reason; the others stay.

Source: 2026-07-28, Streamable HTTP, Custom Headers from Tool Parameters.
"""

import pytest

from sansmcp import schema
from sansmcp.http import callable_by_http


def tool(name, **properties):
    return schema.Tool(name=name, input_schema={"type": "object", "properties": properties})


GOOD = tool("good", region={"type": "string", "x-mcp-header": "Region"})
PLAIN = tool("plain", region={"type": "string"})


def test_tools_without_headers_and_with_good_ones_are_kept():
    assert callable_by_http([GOOD, PLAIN]) == ((GOOD, PLAIN), ())


@pytest.mark.parametrize("name", ["", "two words", "line\r\nbreak", 7, None])
def test_a_tool_whose_header_has_no_name_is_left_out_with_a_reason_and_the_others_stay(name):
    bad = tool("bad", region={"type": "string", "x-mcp-header": name})
    kept, (fault,) = callable_by_http([GOOD, bad, PLAIN])
    assert kept == (GOOD, PLAIN)
    assert fault.startswith("the tool 'bad' is left out: x-mcp-header is")


def test_two_arguments_cannot_have_one_header():
    twice = tool(
        "twice",
        one={"type": "string", "x-mcp-header": "Region"},
        other={"type": "string", "x-mcp-header": "REGION"},
    )
    kept, faults = callable_by_http([twice])
    assert (kept, len(faults)) == ((), 1)
