"""What a handler can say and ask while it runs, in both eras.

Source: Progress, Logging, Elicitation, Sampling, Roots, all revisions; 2026-07-28, Multi Round-Trip
Requests.
"""

import datetime as dt
import enum
import uuid
from typing import Annotated, Literal

import attrs
import pytest
from tests.server.conversation import EVERYTHING, MODERN, Conversation, run

from sansmcp import schema
from sansmcp.errors import InputNeeded, InputRefused, LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, REVISIONS
from sansmcp.server import Accepted, Cancelled, Context, Declined, Ge, Server
from sansmcp.session import HandlerFailed, MissingCapability, SessionLimits

TOKEN = {"progressToken": "t"}
DEBUG = {"io.modelcontextprotocol/logLevel": "debug"}
ASKING = [revision for revision in LEGACY_REVISIONS if revision >= "2025-06-18"]


@attrs.frozen
class Person:
    name: str
    age: int = 18


def serving(function, **options):
    server = Server("context", version="1")
    server.add_tool(function, name="tool", **options)
    return server


def talk(function, revision=MODERN, **options):
    return Conversation(serving(function), revision, **options)


def notifications(messages, method):
    return [message["params"] for message in messages if message.get("method") == method]


# What a handler knows


def test_a_handler_knows_its_client_and_its_request():
    seen = []

    def tool(ctx: Context) -> None:
        client = ctx.client
        seen.append((client.info, client.capabilities, client.revision, ctx.meta, ctx.request.id))

    meta = {"com.example/a": 1}
    talk(tool, "2025-06-18", meta=meta).request("tools/call", 7, name="tool")
    ((info, capabilities, revision, found, request_id),) = seen
    assert (info.name, info.version) == ("client", "7")
    assert capabilities.roots == schema.RootsCapability()
    assert (revision, found, request_id) == ("2025-06-18", meta, 7)


def test_a_request_without_meta_has_an_empty_one():
    seen = []

    def tool(ctx: Context) -> None:
        seen.append(ctx.meta)

    talk(tool, "2025-06-18").call("tool")
    assert seen == [{}]


# Progress


@pytest.mark.parametrize("revision", REVISIONS)
def test_progress_is_sent_before_the_result(revision):
    def tool(ctx: Context) -> str:
        ctx.progress(1, 3)
        ctx.progress(2.5, total=3, message="nearly")
        return "done"

    *reported, answer = talk(tool, revision, meta=TOKEN).request("tools/call", name="tool")
    first = {"progressToken": "t", "progress": 1, "total": 3}
    second = {"progressToken": "t", "progress": 2.5, "total": 3}
    if revision >= "2025-03-26":
        second["message"] = "nearly"
    assert notifications(reported, "notifications/progress") == [first, second]
    assert answer["result"]["content"] == [{"type": "text", "text": "done"}]


@pytest.mark.parametrize("revision", REVISIONS)
def test_progress_that_nobody_asked_for_is_not_sent(revision):
    def tool(ctx: Context) -> str:
        ctx.progress(1)
        return "done"

    assert talk(tool, revision).text("tool") == "done"


@pytest.mark.parametrize("meta", [{}, TOKEN])
@pytest.mark.parametrize("steps", [(1, 1), (2, 1), (float("nan"),), (float("inf"),), ("1",), (True,)])
def test_progress_must_be_a_number_that_rises_whoever_listens(steps, meta):
    caught = []

    def tool(ctx: Context) -> None:
        try:
            for step in steps:
                ctx.progress(step)
        except LocalProtocolError as error:
            caught.append(error)

    talk(tool, meta=meta).request("tools/call", name="tool")
    assert len(caught) == 1


def test_a_total_must_be_a_number():
    def tool(ctx: Context) -> None:
        with pytest.raises(LocalProtocolError, match="expected finite numbers"):
            ctx.progress(1, total=float("nan"))

    assert talk(tool).text("tool") == ""


# Logging


@pytest.mark.parametrize("revision", REVISIONS)
def test_records_are_sent_from_the_level_on_that_the_client_wants(revision):
    def tool(ctx: Context) -> None:
        ctx.debug("a")
        ctx.info({"b": dt.date(2026, 7, 28)}, logger="mine")
        ctx.warning(Person("c"))
        ctx.error("d")
        ctx.log("emergency", None)

    if revision == MODERN:
        peer = talk(tool, revision, meta={"io.modelcontextprotocol/logLevel": "info"})
    else:
        peer = talk(tool, revision)
        peer.request("logging/setLevel", level="info")
    *said, _ = peer.request("tools/call", name="tool")
    assert notifications(said, "notifications/message") == [
        {"level": "info", "logger": "mine", "data": {"b": "2026-07-28"}},
        {"level": "warning", "data": {"name": "c", "age": 18}},
        {"level": "error", "data": "d"},
        {"level": "emergency", "data": None},
    ]


@pytest.mark.parametrize("revision", REVISIONS)
def test_records_that_nobody_wants_are_not_sent(revision):
    def tool(ctx: Context) -> None:
        ctx.log("emergency", "fire")

    assert len(talk(tool, revision).request("tools/call", name="tool")) == 1


def test_a_record_is_what_it_was_when_it_was_written():
    def tool(ctx: Context) -> None:
        data = [1]
        ctx.info(data)
        data.append(2)

    said = []
    peer = talk(tool, meta=DEBUG)
    commands = []
    peer.outlet = commands.append
    invocation = peer.start("tools/call", name="tool")
    invocation.call()
    commands[0](0.0)
    said = peer.sent()
    assert notifications(said, "notifications/message") == [{"level": "info", "data": [1]}]


def test_a_record_that_cannot_be_sent_is_refused_where_it_is_written():
    caught = []

    def tool(ctx: Context) -> None:
        for write in (
            lambda: ctx.log("loud", "a"),
            lambda: ctx.info(object()),
            lambda: ctx.info("a", logger=7),
        ):
            with pytest.raises(LocalProtocolError) as error:
                write()
            caught.append(str(error.value))

    talk(tool).call("tool")
    assert "log('loud'): expected one of alert" in caught[0]
    assert "cannot be said in JSON" in caught[1]
    assert "logger: expected a string" in caught[2]


def test_a_server_that_declares_no_logging_sends_none():
    def tool(ctx: Context) -> str:
        ctx.error("a")
        return "done"

    server = Server("x", version="1", capabilities=schema.ServerCapabilities(tools=schema.ToolsCapability()))
    server.add_tool(tool)
    assert Conversation(server, meta=DEBUG).text("tool") == "done"


# Notifications of one's own


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_notification_of_ones_own_is_sent_with_its_request(revision):
    def tool(ctx: Context) -> None:
        ctx.notify("notifications/acme/moved", {"to": Person("a")})
        ctx.notify("notifications/acme/moved")
        with pytest.raises(LocalProtocolError, match=r"register it with Server.add_notification first"):
            ctx.notify("notifications/acme/other")

    server = serving(tool)
    server.add_notification("notifications/acme/moved")
    peer = Conversation(server, revision)
    peer.receive(peer.message("tools/call", None, None, {"name": "tool"}))
    event = peer.session.next_event()
    peer.session.actions()
    server.resolve(event, peer.session, peer.outlet).call()
    assert [action.related for action in peer.session.actions()] == [event.request_id] * 2
    first, second, _ = peer.request("tools/call", name="tool")
    assert first["params"] == {"to": {"name": "a", "age": 18}}
    assert "params" not in second


# After the end


def test_after_its_outcome_a_handler_says_nothing_more():
    kept = []

    def tool(ctx: Context) -> None:
        assert not ctx.cancelled
        kept.append(ctx)

    server = serving(tool)
    server.add_notification("notifications/acme/moved")
    peer = Conversation(server, meta={**TOKEN, **DEBUG})
    peer.request("tools/call", name="tool")
    (ctx,) = kept
    ctx.progress(1)
    ctx.error("a")
    ctx.notify("notifications/acme/moved")
    assert ctx.cancelled
    assert ctx.once("key", lambda: 1) == 1
    with pytest.raises(LocalProtocolError, match="the request has been answered"):
        ctx.elicit("key", "?", Person)
    assert peer.sent() == []


def test_what_was_said_just_before_the_outcome_is_not_said_after_it():
    """A thread may speak while the outcome is on its way."""
    commands, kept = [], []

    def tool(ctx: Context) -> None:
        kept.append(ctx)
        ctx.info("in time")

    peer = talk(tool, meta=DEBUG)
    peer.outlet = commands.append
    invocation = peer.start("tools/call", name="tool")
    invocation.succeed(invocation.call(), 0.0)
    assert [message.get("method") for message in peer.sent()] == ["notifications/message", None]
    for command in commands:
        command(0.0)
    assert peer.sent() == []


def test_a_cancelled_handler_sees_it_and_says_nothing_more():
    seen = []

    def tool(ctx: Context) -> None:
        peer.say({"method": "notifications/cancelled", "params": {"requestId": 1}})
        invocation.cancel()
        ctx.progress(1)
        seen.append(ctx.cancelled)

    peer = talk(tool, meta=TOKEN)
    invocation = peer.start("tools/call", request_id=1, name="tool")
    invocation.succeed(invocation.call(), 0.0)
    assert (seen, peer.sent()) == ([True], [])


# Forms


def elicited(type_, content, action="accept", revision=MODERN):
    """Return what a handler gets for an answer, and the form that was shown."""
    got = []

    def tool(ctx: Context) -> None:
        got.append(ctx.elicit("key", "Who?", type_))

    peer = talk(tool, revision)
    form = ask(peer)
    answer(peer, {"action": action, **({} if content is None else {"content": content})})
    return got[-1], form


def ask(peer, name="tool", **arguments):
    """Call a tool that asks, and return the params of its one question."""
    peer.asked = {"name": name, "arguments": arguments}
    (message,) = peer.request("tools/call", **peer.asked)
    if peer.revision != MODERN:
        peer.question = message["id"]
        return message["params"]
    assert message["result"]["resultType"] == "input_required"
    peer.state = message["result"]["requestState"]
    ((peer.key, question),) = message["result"]["inputRequests"].items()
    return question["params"]


def answer(peer, result):
    """Answer the question, and return all that is sent back."""
    if peer.revision != MODERN:
        return peer.say({"id": peer.question, "result": result})
    return peer.request(
        "tools/call", **peer.asked, requestState=peer.state, inputResponses={peer.key: result}
    )


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


# Several questions, and running again


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", MODERN])
def test_a_handler_runs_again_from_the_top_and_keeps_every_answer(revision):
    runs = []

    def tool(ctx: Context) -> str:
        runs.append(ctx)
        first = ctx.elicit("first", "First?", str)
        second = ctx.elicit("second", f"After {first.value}?", str)
        return f"{first.value}{second.value}"

    peer = talk(tool, revision)
    assert ask(peer)["message"] == "First?"
    (message,) = answer(peer, {"action": "accept", "content": {"value": "a"}})
    if revision == MODERN:
        peer.state = message["result"]["requestState"]
        assert list(message["result"]["inputRequests"]) == ["second"]
        peer.key = "second"
    else:
        peer.question = message["id"]
        assert message["params"]["message"] == "After a?"
    (message,) = answer(peer, {"action": "accept", "content": {"value": "b"}})
    assert message["result"]["content"][0]["text"] == "ab"
    assert len(runs) == 3


def test_a_question_that_changed_is_asked_again():
    names = iter("ab")

    def tool(ctx: Context) -> str:
        return ctx.elicit("key", next(names), str).value

    peer = talk(tool)
    assert ask(peer)["message"] == "a"
    (message,) = answer(peer, {"action": "accept", "content": {"value": "x"}})
    assert message["result"]["inputRequests"]["key"]["params"]["message"] == "b"


def test_a_missing_answer_is_asked_for_again():
    def tool(ctx: Context) -> str:
        return ctx.elicit("key", "Who?", str).value

    peer = talk(tool)
    ask(peer)
    (message,) = peer.request("tools/call", name="tool", arguments={}, requestState=peer.state)
    assert list(message["result"]["inputRequests"]) == ["key"]


def test_answers_that_came_before_anybody_asked_are_taken_where_no_state_came_with_them():
    def tool(ctx: Context) -> str:
        first = ctx.elicit("first", "Who?", str)
        return f"{first.value} {ctx.elicit('second', 'Where?', str).value}"

    peer = talk(tool)
    brought = {"first": {"action": "accept", "content": {"value": "Ada"}}, "other": {"action": "decline"}}
    (message,) = peer.request("tools/call", name="tool", inputResponses=brought)
    assert list(message["result"]["inputRequests"]) == ["second"]
    answers = {"second": {"action": "accept", "content": {"value": "here"}}, "first": {"action": "decline"}}
    (message,) = peer.request(
        "tools/call", name="tool", inputResponses=answers, requestState=message["result"]["requestState"]
    )
    assert message["result"]["content"][0]["text"] == "Ada here"


def test_an_answer_that_nobody_asked_for_must_fit_and_be_one_that_the_client_declared():
    def tool(ctx: Context) -> str:
        return ctx.elicit("key", "Who?", str).value

    brought = {"key": {"action": "accept", "content": {"value": 7}}}
    assert talk(tool).error("tools/call", name="tool", inputResponses=brought)["code"] == -32602
    unable = talk(tool, capabilities={})
    assert unable.error("tools/call", name="tool", inputResponses=brought)["code"] == -32021


def test_that_a_page_was_visited_is_not_said_before_anybody_asked():
    def tool(ctx: Context) -> str:
        return ctx.elicit_url("key", "Go there.", "https://example.com/").value

    peer = talk(tool, capabilities={"elicitation": {"url": {}}})
    result = peer.result("tools/call", name="tool", inputResponses={"key": {"action": "accept"}})
    assert list(result["inputRequests"]) == ["key"]


def test_two_questions_of_one_key_are_refused():
    def tool(ctx: Context) -> None:
        with pytest.raises(InputNeeded):
            ctx.elicit("key", "Who?", str)
        with pytest.raises(LocalProtocolError, match="two different questions have this key"):
            ctx.elicit("key", "What?", str)
        ctx.elicit("key", "Who?", str)

    assert ask(talk(tool))["message"] == "Who?"


@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_what_was_said_before_is_not_said_again(revision):
    def tool(ctx: Context) -> str:
        ctx.progress(1)
        ctx.info("one")
        ctx.progress(2)
        answer = ctx.elicit("key", "Who?", str)
        ctx.info("two")
        ctx.progress(2.5)
        return answer.value

    peer = talk(tool, revision, meta={**TOKEN, **(DEBUG if revision == MODERN else {})})
    if revision != MODERN:
        peer.request("logging/setLevel", level="info")
    *said, message = peer.request("tools/call", name="tool")
    assert [p["progress"] for p in notifications(said, "notifications/progress")] == [1, 2]
    assert [p["data"] for p in notifications(said, "notifications/message")] == ["one"]
    accepted = {"action": "accept", "content": {"value": "x"}}
    if revision == MODERN:
        state = message["result"]["requestState"]
        said = peer.request("tools/call", name="tool", requestState=state, inputResponses={"key": accepted})
    else:
        said = peer.say({"id": message["id"], "result": accepted})
    assert [p["progress"] for p in notifications(said, "notifications/progress")] == [2.5]
    assert [p["data"] for p in notifications(said, "notifications/message")] == ["two"]


@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_a_value_is_made_once_however_often_the_handler_runs(revision):
    made = []

    def make():
        made.append(1)
        return {"day": dt.date(2026, 7, 28)}

    def tool(ctx: Context) -> str:
        value = ctx.once("key", make)
        value["changed"] = True
        assert ctx.once("key", make) == {"day": "2026-07-28"}
        ctx.elicit("name", "Who?", str)
        return f"{len(made)} {value['day']}"

    peer = talk(tool, revision)
    ask(peer)
    (message,) = answer(peer, {"action": "accept", "content": {"value": "x"}})
    assert message["result"]["content"][0]["text"] == "1 2026-07-28"


def test_a_value_that_json_cannot_say_is_not_kept():
    def tool(ctx: Context) -> None:
        with pytest.raises(LocalProtocolError, match="cannot be said in JSON"):
            ctx.once("key", object)

    assert talk(tool).text("tool") == ""


# The model and the roots


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_model_is_asked_in_every_revision(revision):
    params = schema.CreateMessageRequestParams(
        messages=(schema.SamplingMessage(role="user", content=schema.TextContent(text="Hi")),), max_tokens=5
    )

    def tool(ctx: Context) -> str:
        said = ctx.sample("key", params)
        return f"{said.model}: {said.content.text}"

    peer = talk(tool, revision)
    assert ask(peer)["maxTokens"] == 5
    said = {"role": "assistant", "content": {"type": "text", "text": "Ho"}, "model": "m"}
    (message,) = answer(peer, said)
    assert message["result"]["content"][0]["text"] == "m: Ho"


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_roots_are_asked_for_in_every_revision(revision):
    def tool(ctx: Context) -> str:
        return " ".join(root.uri for root in ctx.roots())

    peer = talk(tool, revision)
    if revision == MODERN:
        ask(peer)
    else:
        peer.asked = {}
        (message,) = peer.request("tools/call", name="tool")
        peer.question = message["id"]
        assert message["method"] == "roots/list"
    (message,) = answer(peer, {"roots": [{"uri": "file:///a"}, {"uri": "file:///b"}]})
    assert message["result"]["content"][0]["text"] == "file:///a file:///b"


@pytest.mark.parametrize("missing", ["sampling", "roots"])
def test_a_client_is_asked_only_what_it_declared(missing):
    params = schema.CreateMessageRequestParams(messages=(), max_tokens=5)

    def tool(ctx: Context) -> None:
        ctx.sample("key", params) if missing == "sampling" else ctx.roots()

    capabilities = {name: value for name, value in EVERYTHING.items() if name != missing}
    error = talk(tool, capabilities=capabilities).error("tools/call", name="tool")
    assert error["code"] == -32021
    assert error["data"] == {"requiredCapabilities": {missing: {}}}


# Rounds


@pytest.mark.parametrize("limits", [None, SessionLimits(input_rounds=1), SessionLimits(input_rounds=12)])
@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_a_handler_asks_in_as_many_rounds_as_the_session_lets_it(revision, limits):
    rounds = 10 if limits is None else limits.input_rounds

    def tool(ctx: Context) -> None:
        for number in range(rounds + 1):
            ctx.elicit(str(number), "?", str)

    peer = talk(tool, revision, limits=limits)
    ask(peer)
    accepted = {"action": "accept", "content": {"value": "x"}}
    for number in range(1, rounds):
        (message,) = answer(peer, accepted)
        if revision == MODERN:
            peer.state, peer.key = message["result"]["requestState"], str(number)
        else:
            peer.question = message["id"]
    (message,) = answer(peer, accepted)
    assert message["result"]["isError"] is True
    (failed,) = peer.events
    assert isinstance(failed, HandlerFailed)
    assert f"asked in {rounds} rounds" in str(failed.error)


@pytest.mark.parametrize("revision", ["2025-06-18", MODERN])
def test_a_key_that_has_its_answer_names_no_other_question(revision):
    def tool(ctx: Context) -> str:
        return f"{ctx.elicit('key', 'name?', str)}{ctx.elicit('key', 'town?', str)}"

    peer = talk(tool, revision)
    assert ask(peer)["message"] == "name?"
    (message,) = answer(peer, {"action": "accept", "content": {"value": "x"}})
    assert message["result"]["isError"] is True
    (failed,) = peer.events
    assert "question 'key': two different questions have this key" in str(failed.error)
