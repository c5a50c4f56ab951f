"""Arguments that clients repeat in headers.

Source: 2026-07-28, Streamable HTTP, Custom Headers from Tool Parameters, Schema Extension.
"""

import time

import pytest

from sansmcp.errors import LocalProtocolError, RemoteProtocolError
from sansmcp.schema import Author
from sansmcp.schema.header_parameters import header_parameters


def marked(name, kind="string"):
    return {"type": kind, "x-mcp-header": name}


def test_each_name_leads_to_its_argument():
    schema = {
        "type": "object",
        "properties": {
            "region": marked("Region"),
            "where": {"type": "object", "properties": {"zone": marked("Zone", "integer")}},
            "dry": marked("Dry-Run", "boolean"),
            "other": {"type": "string"},
        },
    }
    assert header_parameters(schema) == {
        "Region": ("region",),
        "Zone": ("where", "zone"),
        "Dry-Run": ("dry",),
    }
    assert header_parameters({"type": "object"}) == {}


@pytest.mark.parametrize(
    "name", ["", "A B", "Region\r\nX-Evil: 1", "Région", 12, {}, None, "a:b", "Region\n"]
)
def test_a_name_is_that_of_a_header(name):
    with pytest.raises(LocalProtocolError, match="expected the characters of a header's name"):
        header_parameters({"properties": {"p": marked(name)}})


def test_names_differ_in_more_than_capitals():
    with pytest.raises(RemoteProtocolError, match="differ in more than capitals"):
        header_parameters({"properties": {"a": marked("Region"), "b": marked("region")}}, author=Author.PEER)


@pytest.mark.parametrize("kind", ["number", "object", "array", "null", ["string", "null"], None])
def test_the_type_is_one_that_a_header_can_say(kind):
    with pytest.raises(LocalProtocolError, match="of the type string or integer or boolean"):
        header_parameters({"properties": {"p": marked("Region", kind)}})


@pytest.mark.parametrize(
    "schema",
    [
        marked("Region"),
        {"items": marked("Region")},
        {"anyOf": [{"properties": {"p": marked("Region")}}]},
        {"properties": {"p": {"items": {"properties": {"q": marked("Region")}}}}},
        {"if": {"properties": {"p": marked("Region")}}},
        {"$defs": {"a": marked("Region")}, "properties": {"p": {"$ref": "#/$defs/a"}}},
        {"patternProperties": {"^a": marked("Region")}},
    ],
)
def test_only_properties_lead_to_it(schema):
    with pytest.raises(LocalProtocolError, match="that only properties lead to"):
        header_parameters(schema)


def test_thousands_of_names_are_compared_in_linear_time():
    names = {f"p{number}": {"type": "string", "x-mcp-header": f"H{number}"} for number in range(30_000)}
    before = time.process_time()
    assert len(header_parameters({"properties": names})) == len(names)
    # A guard against work without a bound, not a timing: in the square of their number it takes minutes.
    assert time.process_time() - before < 20
