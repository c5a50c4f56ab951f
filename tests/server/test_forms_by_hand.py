"""Forms that are written by hand, for what types cannot say.

Source: 2025-06-18 and later, Elicitation, Requested Schema.
"""

import pytest
from tests.server.conversation import MODERN, Conversation

from sansmcp import Accepted, Context, Declined, Server
from sansmcp.schema import (
    EnumOption,
    LegacyTitledEnumSchema,
    NumberSchema,
    RequestedSchema,
    TitledSingleSelectEnumSchema,
)

COLOURS = TitledSingleSelectEnumSchema(
    one_of=(EnumOption(const="r", title="Red"), EnumOption(const="b", title="Blue"))
)
SIZES = LegacyTitledEnumSchema(enum=("s", "l"), enum_names=("Small", "Large"))
FORM = RequestedSchema(
    properties={"colour": COLOURS, "size": SIZES, "count": NumberSchema(type="integer", minimum=1)},
    required=("colour",),
)


def elicited(content, action="accept"):
    """Return what a handler gets for an answer, the form that was shown, and all that was sent back."""
    got = []

    def choose(ctx: Context) -> None:
        got.append(ctx.elicit("key", "Which?", FORM))

    server = Server("forms", version="1")
    server.add_tool(choose)
    peer = Conversation(server, MODERN)
    asked = peer.result("tools/call", name="choose")
    answered = peer.request(
        "tools/call",
        name="choose",
        requestState=asked["requestState"],
        inputResponses={
            "key": {"action": action, **({"content": content} if action == "accept" else {})},
        },
    )
    return got, asked["inputRequests"]["key"]["params"]["requestedSchema"], answered


def test_a_form_by_hand_is_shown_as_it_is_and_its_fields_are_what_is_returned():
    got, form, _ = elicited({"colour": "b", "count": 2})
    assert form == {
        "type": "object",
        "properties": {
            "colour": {
                "type": "string",
                "oneOf": [{"const": "r", "title": "Red"}, {"const": "b", "title": "Blue"}],
            },
            "size": {"type": "string", "enum": ["s", "l"], "enumNames": ["Small", "Large"]},
            "count": {"type": "integer", "minimum": 1},
        },
        "required": ["colour"],
    }
    assert got == [Accepted({"colour": "b", "count": 2})]


def test_a_form_by_hand_may_be_declined():
    assert elicited(None, "decline")[0] == [Declined()]


@pytest.mark.parametrize("content", [{}, {"colour": "green"}, {"colour": "b", "count": 0}])
def test_what_does_not_fit_a_form_by_hand_is_refused(content):
    got, _, answered = elicited(content)
    assert got == []
    assert answered[0]["error"]["code"] == -32602
