"""What a handler asks of a user in a form."""

import datetime as dt
import enum
import uuid
from typing import Annotated, Literal

import attrs
import pytest
from tests.server.conversation import MODERN, run
from tests.server.talking import Person, answer, ask, talk

from sansmcp.errors import InputRefused, LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.server import Accepted, Cancelled, Context, Declined, Ge
from sansmcp.session import MissingCapability

ASKING = [revision for revision in LEGACY_REVISIONS if revision >= "2025-06-18"]


def elicited(type_, content, action="accept", revision=MODERN):
    """Return what a handler gets for an answer, and the form that was shown."""
    got = []

    def tool(ctx: Context) -> None:
        got.append(ctx.elicit("key", "Who?", type_))

    peer = talk(tool, revision)
    form = ask(peer)
    answer(peer, {"action": action, **({} if content is None else {"content": content})})
    return got[-1], form


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Everything:
    text: str
    ident: uuid.UUID
    when: dt.date
    number: Annotated[float, Ge(0)]
    yes: bool
    colour: Colour
    several: list[Literal["a", "b"]]
    maybe: int | None
    count: int = 3
    note: str | None = None


@pytest.mark.parametrize("revision", ["2025-11-25", MODERN])
def test_a_form_is_made_from_a_class_and_the_class_from_the_form(revision):
    content = {
        "text": "a",
        "ident": "00000000-0000-0000-0000-000000000001",
        "when": "2026-07-28",
        "number": 1,
        "yes": True,
        "colour": "red",
        "several": ["a", "b"],
    }
    got, form = elicited(Everything, content, revision=revision)
    assert got == Accepted(
        Everything(
            text="a",
            ident=uuid.UUID(int=1),
            when=dt.date(2026, 7, 28),
            number=1.0,
            yes=True,
            colour=Colour.RED,
            several=["a", "b"],
            maybe=None,
        )
    )
    assert form["message"] == "Who?"
    assert form["requestedSchema"] == {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "ident": {"type": "string"},
            "when": {"type": "string", "format": "date"},
            "number": {"type": "number", "minimum": 0},
            "yes": {"type": "boolean"},
            "colour": {"type": "string", "enum": ["red", "blue"]},
            "several": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
            "maybe": {"type": "integer"},
            "count": {"type": "integer", "default": 3},
            "note": {"type": "string"},
        },
        "required": ["text", "ident", "when", "number", "yes", "colour", "several"],
    }


@pytest.mark.parametrize("revision", [*ASKING, MODERN])
def test_one_handler_asks_in_every_revision_that_can(revision):
    got, _ = elicited(Person, {"name": "Ada"}, revision=revision)
    assert got == Accepted(Person("Ada"))
    assert elicited(Person, None, "decline", revision)[0] == Declined()
    assert elicited(Person, None, "cancel", revision)[0] == Cancelled()


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_client_that_cannot_answer_is_not_asked(revision):
    def tool(ctx: Context) -> None:
        ctx.elicit("key", "Who?", Person)

    peer = talk(tool, revision, capabilities={})
    (reply,) = peer.request("tools/call", name="tool")
    said = "the client did not declare the capability 'elicitation', which this needs"
    if revision == MODERN:
        data = {"requiredCapabilities": {"elicitation": {}}}
        assert reply["error"] == {"code": -32021, "message": said, "data": data}
    else:
        assert reply["result"]["isError"] is True
        assert reply["result"]["content"] == [{"type": "text", "text": said}]
    assert peer.events == []


def test_a_handler_may_do_without_an_answer():
    def tool(ctx: Context) -> str:
        try:
            ctx.elicit("key", "Who?", Person)
        except MissingCapability as error:
            return error.path
        return "asked"

    assert talk(tool, capabilities={}).text("tool") == "elicitation"


@pytest.mark.parametrize(
    ("type_", "content", "value"),
    [
        (str, {"value": "a"}, "a"),
        (int, {"value": 3}, 3),
        (bool, {"value": False}, False),
        (Colour, {"value": "blue"}, Colour.BLUE),
        (Literal["only"], {"value": "only"}, "only"),
        (int | None, {}, None),
        (Annotated[int, Ge(3)] | None, {"value": 3}, 3),
    ],
)
def test_a_single_value_may_be_asked_for(type_, content, value):
    got, form = elicited(type_, content)
    assert got == Accepted(value)
    assert list(form["requestedSchema"]["properties"]) == ["value"]


@attrs.frozen
class Nested:
    person: Person


@pytest.mark.parametrize("type_", [Nested, list[Person], dict[str, int], Literal[1, 2], complex, int | str])
def test_what_a_form_cannot_ask_for_is_refused(type_):
    def tool(ctx: Context) -> None:
        with pytest.raises(LocalProtocolError):
            ctx.elicit("key", "?", type_)

    assert talk(tool).text("tool") == ""


def test_a_client_is_told_what_its_revision_cannot_be_asked_for():
    def tool(ctx: Context) -> None:
        ctx.elicit("key", "?", list[Literal["a", "b"]])

    result = talk(tool, "2025-06-18").call("tool")
    assert result["isError"] is True
    (block,) = result["content"]
    assert block["text"] == "question 'key': the client speaks 2025-06-18, which has no such question"


@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_an_answer_that_does_not_fit_the_form_is_refused(revision):
    def tool(ctx: Context) -> None:
        ctx.elicit("key", "Who?", Person)

    peer = talk(tool, revision)
    ask(peer)
    (reply,) = answer(peer, {"action": "accept", "content": {"name": "Ada", "age": "old"}})
    assert reply["error"]["code"] == -32602
    assert (
        reply["error"]["message"] == "the answer to 'key' does not fit: age: expected an integer, found 'old'"
    )


def test_an_answer_without_fields_is_read_as_an_empty_form():
    def tool(ctx: Context) -> None:
        ctx.elicit("key", "Who?", Person)

    peer = talk(tool)
    ask(peer)
    (reply,) = answer(peer, {"action": "accept"})
    assert (
        reply["error"]["message"] == "the answer to 'key' does not fit: name: expected a value, found nothing"
    )


def test_an_answer_to_another_kind_of_question_is_refused():
    def tool(ctx: Context) -> None:
        ctx.elicit("key", "Who?", Person)

    peer = talk(tool)
    ask(peer)
    (reply,) = answer(peer, {"roots": []})
    assert reply["error"] == {
        "code": -32602,
        "message": "the answer to 'key' is one to another kind of question",
    }


@pytest.mark.parametrize("revision", ASKING)
def test_an_error_in_place_of_an_answer_reaches_the_handler(revision):
    def tool(ctx: Context) -> str:
        try:
            ctx.elicit("key", "Who?", Person)
        except InputRefused as error:
            return f"{error.key} {error.code} {error.message} {error.data}"
        return "answered"

    peer = talk(tool, revision)
    ask(peer)
    error = {"code": -1, "message": "no", "data": [1]}
    (reply,) = peer.say({"id": peer.question, "error": error})
    assert reply["result"]["content"][0]["text"] == "key -1 no [1]"


@pytest.mark.parametrize("came", [Accepted(1), Declined(), Cancelled()])
def test_what_came_of_a_form_may_be_awaited(came):
    async def awaiting():
        return await came

    assert run(awaiting()) is came
