"""Results of tools: checked against what the tools promised, and read into types, whatever the revision.

Source: 2025-06-18 and later, Tools, Output Schema.
"""

import dataclasses
from concurrent.futures import Future
from typing import TypedDict

import attrs
import pytest
from tests.client.answering import NO_ANSWER, STRUCTURED, Answering

from sansmcp import Server, errors, schema
from sansmcp.client import ClientOptions, call_tool, list_tools, request
from sansmcp.errors import LocalProtocolError, ResultInvalid, ToolFailed
from sansmcp.schema import REVISIONS
from sansmcp.session import Change, ChangeKind, Severity
from sansmcp.testing import connect
from sansmcp.values import ABSENT

MODERN = "2026-07-28"
DAYS = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
every_structured_revision = pytest.mark.parametrize("revision", STRUCTURED)


def said(structured=ABSENT, text="so it goes", *, is_error=None):
    return schema.CallToolResult(
        content=(schema.TextContent(text=text),), structured_content=structured, is_error=is_error
    )


def tool(name="lie", promised=DAYS):
    return schema.Tool(name=name, input_schema={"type": "object"}, output_schema=promised)


def client(revision=MODERN, *, result=None, tools=None, **settings):
    tools = tools or (tool(),)
    pages = {
        str(number or ""): schema.ListToolsResult(
            tools=(one,), next_cursor=str(number + 1) if number + 1 < len(tools) else None
        )
        for number, one in enumerate(tools)
    }
    answers = {
        "tools/call": result or said({"days": "3"}),
        "tools/list": lambda event: pages[event.params.cursor or ""],
    }
    return Answering(revision, answers=answers, **settings).connect()


# Checking


@every_structured_revision
def test_a_result_that_breaks_the_promise_of_its_tool_is_refused_and_handed_along(revision):
    told = client(revision)
    with pytest.raises(ResultInvalid, match=r"tool 'lie': structuredContent.days: .*integer.*'3'") as caught:
        told.ask(call_tool("lie"))
    assert caught.value.result.structured_content == {"days": "3"}
    assert caught.value.result.content[0].text == "so it goes"


def test_how_large_a_promise_may_be_is_said_by_the_client():
    told = client(schema_limits=schema.SchemaLimits(subschemas=1))
    assert told.ask(call_tool("lie")).structured_content == {"days": "3"}
    assert [text for text in told.texts(Severity.WARNING) if "holds more than 1 schemas" in text]


@every_structured_revision
def test_a_result_that_keeps_the_promise_is_handed_over(revision):
    told = client(revision, result=said({"days": 3}))
    for _ in range(2):
        assert told.ask(call_tool("lie")).structured_content == {"days": 3}
    assert len(told.asked("tools/list")) == 1


@pytest.mark.parametrize("revision", [one for one in REVISIONS if one not in STRUCTURED])
def test_a_revision_without_structured_results_has_nothing_to_check(revision):
    told = client(revision, result=said())
    assert told.ask(call_tool("lie")).content[0].text == "so it goes"
    assert told.asked("tools/list") == []


@pytest.mark.parametrize("of", ["client", "call"])
def test_whoever_wants_may_have_it_only_reported(of):
    told = client(**({"validate": "report"} if of == "client" else {}))
    call = call_tool("lie", validate="report" if of == "call" else None)
    assert told.ask(call).structured_content == {"days": "3"}
    assert [text for text in told.texts(Severity.WARNING) if "structuredContent.days" in text]


@pytest.mark.parametrize("of", ["client", "call"])
def test_or_not_looked_at(of):
    told = client(**({"validate": "off"} if of == "client" else {}))
    call = call_tool("lie", validate="off" if of == "call" else None)
    assert told.ask(call).structured_content == {"days": "3"}
    assert told.texts(Severity.WARNING) == []
    assert told.asked("tools/list") == []


def test_a_call_may_be_checked_where_its_client_checks_nothing():
    told = client(validate="off")
    with pytest.raises(ResultInvalid):
        told.ask(call_tool("lie", validate="check"))


def test_a_choice_that_is_none_is_refused():
    with pytest.raises(
        LocalProtocolError, match=r"validate=\.\.\..*expected check, report or off, found 'maybe'"
    ):
        ClientOptions.of({"validate": "maybe"})


def test_a_result_that_says_it_is_an_error_promised_nothing():
    told = client(result=said({"days": "3"}, is_error=True))
    assert told.ask(call_tool("lie")).is_error


def test_a_listed_tool_that_promised_a_structured_result_must_give_one():
    told = client(result=said())
    told.ask(list_tools())
    with pytest.raises(ResultInvalid, match="it has an outputSchema; expected structuredContent, found none"):
        told.ask(call_tool("lie"))


def test_one_look_up_page_by_page_is_for_all_tools():
    told = client(tools=(tool("a"), tool(), tool("b", None)))
    for name in ("a", "lie"):
        with pytest.raises(ResultInvalid):
            told.ask(call_tool(name))
    for name in ("b", "in no list"):
        assert told.ask(call_tool(name)).structured_content == {"days": "3"}
    assert len(told.asked("tools/list")) == 3


@every_structured_revision
def test_one_look_up_is_for_all_calls_in_flight(revision):
    told = client(revision)
    waiters = [Future() for _ in range(100)]
    for waiter in waiters:
        told.connection.send(call_tool("lie"), waiter, told.both.now)
    told.settle()
    assert all(isinstance(waiter.exception(timeout=0), ResultInvalid) for waiter in waiters)
    assert len(told.asked("tools/list")) == 1


def test_a_result_is_handed_over_with_the_page_that_knows_its_tool():
    told = client(tools=(tool(), tool("b")))
    pages = told.answers["tools/list"]
    told.answers["tools/list"] = lambda event: pages(event) if event.params.cursor is None else NO_ANSWER
    assert isinstance(told.begin(call_tool("lie")).exception(timeout=0), ResultInvalid)
    waiter = told.begin(call_tool("b"))
    assert not waiter.done()
    told.advance(5.0)
    assert waiter.result(timeout=0).structured_content == {"days": "3"}


def test_a_tool_that_is_in_no_list_is_looked_up_once():
    told = client(tools=(tool("a", None),))
    for _ in range(2):
        assert told.ask(call_tool("secret")).structured_content == {"days": "3"}
    assert len(told.asked("tools/list")) == 1


def test_results_that_come_while_a_list_is_read_wait_for_it_together():
    told = client(tools=(tool(), tool("b", None)))
    waiters = []
    for name in ("lie", "b"):
        waiters.append(Future())
        told.connection.send(call_tool(name), waiters[-1], told.both.now)
    told.settle()
    assert isinstance(waiters[0].exception(timeout=0), ResultInvalid)
    assert waiters[1].result(timeout=0).structured_content == {"days": "3"}
    assert len(told.asked("tools/list")) == 2


def test_a_list_that_was_read_anyway_is_what_results_are_checked_against():
    told = client()
    told.ask(list_tools())
    with pytest.raises(ResultInvalid):
        told.ask(call_tool("lie"))
    assert len(told.asked("tools/list")) == 1


def test_where_the_tools_cannot_be_listed_results_are_handed_over_and_that_is_reported_once():
    told = client()
    told.answers["tools/list"] = ValueError("no")
    for _ in range(2):
        assert told.ask(call_tool("lie")).structured_content == {"days": "3"}
    assert len(told.asked("tools/list")) == 1
    assert len([text for text in told.texts(Severity.WARNING) if "could not be listed" in text]) == 1


def test_a_list_that_does_not_come_holds_a_result_up_for_a_few_seconds_only():
    told = client()
    del told.answers["tools/list"]
    waiter = told.begin(call_tool("lie"))
    assert not waiter.done()
    told.advance(5.0)
    assert waiter.result(timeout=0).structured_content == {"days": "3"}


@every_structured_revision
@pytest.mark.parametrize("limits", [{"timeout": 2.0}, {"maximum": 2.0}, {"timeout": 2.0, "maximum": 3.0}])
def test_no_result_waits_for_a_list_longer_than_its_call_may_take(revision, limits):
    told = client(revision)
    del told.answers["tools/list"]
    told.answers["tools/call"] = NO_ANSWER
    waiter = told.begin(call_tool("lie", **limits, on_progress=print))
    (event,) = told.asked("tools/call")
    told.advance(1.0)
    progress = schema.ProgressNotificationParams(progress_token=event.progress_token, progress=1)
    told.server.notify("notifications/progress", progress, told.both.now, related=event.request_id)
    told.settle()
    told.server.respond(event.request_id, said({"days": "3"}), told.both.now)
    told.settle()
    left = 1.0 if limits == {"maximum": 2.0} else 2.0
    told.advance(left - 0.5)
    assert not waiter.done()
    told.advance(0.5)
    assert waiter.result(timeout=0).structured_content == {"days": "3"}
    (warning,) = [text for text in told.texts(Severity.WARNING) if "not checked" in text]
    assert "the list of tools has not come in time" in warning
    # The list is still waited for, but holds nobody up any more once its time is over.
    told.advance(4.0)
    told.answers["tools/call"] = said({"days": "3"})
    assert told.ask(call_tool("lie")).structured_content == {"days": "3"}
    assert len(told.asked("tools/list")) == 1


def test_a_call_that_is_given_up_while_its_result_waits_for_a_list_is_over():
    told = client()
    held = []
    told.answers["tools/list"] = lambda event: held.append(event) or NO_ANSWER
    waiter = Future()
    pending = told.connection.send(call_tool("lie"), waiter, told.both.now)
    told.settle()
    waiter.cancel()
    told.connection.give_up(pending, told.both.now)
    told.settle()
    told.server.respond(held[0].request_id, schema.ListToolsResult(tools=(tool(),)), told.both.now)
    told.settle()
    assert waiter.cancelled()
    with pytest.raises(ResultInvalid):
        told.ask(call_tool("lie"))


def test_tools_that_change_while_they_are_listed_are_listed_again():
    told = client(on_change=print)
    held = []
    told.answers["tools/list"] = lambda event: held.append(event) or NO_ANSWER
    first = told.begin(call_tool("lie"))
    told.publish(Change(kind=ChangeKind.TOOLS))
    second = told.begin(call_tool("b"))
    for event, promised in zip(held, (None, DAYS), strict=True):
        result = schema.ListToolsResult(tools=(tool("b", promised),))
        told.server.respond(event.request_id, result, told.both.now)
        told.settle()
    assert first.result(timeout=0).structured_content == {"days": "3"}
    assert second.result(timeout=0).structured_content == {"days": "3"}


def test_a_connection_that_is_lost_meanwhile_loses_no_result():
    told = client()
    del told.answers["tools/list"]
    waiter = told.begin(call_tool("lie"))
    told.both.lose()
    assert waiter.result(timeout=0).structured_content == {"days": "3"}


def test_what_a_tool_promises_may_change():
    told = client(on_change=print)
    told.ask(call_tool("lie", validate="report"))
    pages = schema.ListToolsResult(tools=(tool("lie", {"type": "object"}),))
    told.answers["tools/list"] = pages
    told.publish(Change(kind=ChangeKind.TOOLS))
    assert told.ask(call_tool("lie")).structured_content == {"days": "3"}


@pytest.mark.parametrize(
    "promised",
    [
        {"type": "object", "properties": {"days": {"$ref": "http://127.0.0.1:1/steal"}}},
        {"type": 7},
    ],
)
def test_a_promise_that_cannot_be_used_is_reported_and_the_result_handed_over(promised):
    told = client(tools=(tool("lie", promised),))
    assert told.ask(call_tool("lie")).structured_content == {"days": "3"}
    assert [text for text in told.texts(Severity.WARNING) if "its outputSchema cannot be used" in text]


def test_a_call_that_was_built_by_hand_is_checked_too():
    told = client()
    with pytest.raises(ResultInvalid):
        told.ask(request("tools/call", {"name": "lie"}))


def test_what_is_remembered_of_tools_is_bounded():
    tools = tuple(tool(f"t{number}") for number in range(6500))
    answers = {"tools/list": schema.ListToolsResult(tools=tools), "tools/call": said({"days": "3"})}
    told = Answering(MODERN, answers=answers).connect()
    told.ask(list_tools())
    with pytest.raises(ResultInvalid):
        told.ask(call_tool("t6499"))
    assert len(told.asked("tools/list")) == 1
    told.ask(call_tool("t0", validate="report"))
    assert len(told.asked("tools/list")) == 2


# Typed values


@attrs.frozen
class Forecast:
    days: int
    city: str = "Rome"


@dataclasses.dataclass
class Same:
    days: int


class Also(TypedDict):
    days: int


@every_structured_revision
@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Forecast, Forecast(days=3)), (Same, Same(3)), (Also, {"days": 3}), (dict, {"days": 3})],
)
def test_a_result_is_read_into_the_type_that_the_caller_names(revision, kind, expected):
    told = client(revision, result=said({"days": 3}))
    assert told.ask(call_tool("lie", result_type=kind)) == expected


@pytest.mark.parametrize("revision", REVISIONS)
def test_whatever_a_server_of_ours_returns_comes_back_as_its_type(revision):
    server = Server("types", version="1")

    @server.tool(blocks=False)
    def forecast() -> Forecast:
        return Forecast(3, "Oslo")

    @server.tool(blocks=False)
    def numbers() -> list[int]:
        return [1, 2]

    @server.tool(blocks=False)
    def word() -> str:
        return "17"

    @server.tool(blocks=False)
    def perhaps() -> Forecast | None:
        return None

    with connect(server, revisions=[revision]) as found:
        assert found.call_tool("forecast", result_type=Forecast) == Forecast(3, "Oslo")
        assert found.call_tool("numbers", result_type=list[int]) == [1, 2]
        assert found.call_tool("word", result_type=str) == "17"
        assert found.call_tool("perhaps", result_type=Forecast | None) is None


def test_what_does_not_fit_the_type_is_refused_and_handed_along():
    told = client(validate="off")
    with pytest.raises(ResultInvalid, match=r"tool 'lie': days: expected an integer, found '3'") as caught:
        told.ask(call_tool("lie", result_type=Forecast))
    assert caught.value.result.structured_content == {"days": "3"}


def test_a_tool_that_failed_has_no_typed_value_and_says_why():
    told = client(result=said(text="it broke", is_error=True))
    with pytest.raises(ToolFailed, match="tool 'lie' failed: it broke") as caught:
        told.ask(call_tool("lie", result_type=Forecast))
    assert caught.value.result.is_error


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ('{"days": 3}', Forecast, Forecast(3)),
        ("17", int, 17),
        ("17", str, "17"),
        ('"17"', str, "17"),
        ("plain words", str, "plain words"),
        ("[" * 100_000, str, "[" * 100_000),
    ],
)
def test_a_tool_without_structured_results_is_read_by_its_text(text, kind, expected):
    told = client("2024-11-05", result=said(text=text))
    assert told.ask(call_tool("lie", result_type=kind)) == expected


@pytest.mark.parametrize("text", ['{"days": "3"}', "plain words"])
def test_a_text_that_does_not_fit_is_refused(text):
    told = client("2024-11-05", result=said(text=text))
    with pytest.raises(ResultInvalid, match="tool 'lie'"):
        told.ask(call_tool("lie", result_type=Forecast))


def test_a_result_of_several_blocks_is_no_value():
    blocks = (schema.TextContent(text="1"), schema.TextContent(text="2"))
    told = client(result=schema.CallToolResult(content=blocks))
    with pytest.raises(ResultInvalid, match="expected structuredContent or one text, found 2 blocks"):
        told.ask(call_tool("lie", result_type=Forecast))


def test_a_type_that_cannot_be_read_is_refused_before_anything_is_sent():
    with pytest.raises(LocalProtocolError):
        call_tool("lie", result_type=Server)
    assert issubclass(LocalProtocolError, errors.SansmcpError)


def test_a_pattern_that_is_not_checked_is_told_once():
    promised = {"type": "object", "properties": {"days": {"pattern": r"^(\d)\1$"}, "x": {"pattern": "^a+$"}}}
    told = client(result=said({"days": "3", "x": "a"}), tools=(tool(promised=promised),))
    for _ in range(2):
        assert told.ask(call_tool("lie")).structured_content == {"days": "3", "x": "a"}
        told.ask(list_tools())
    (text,) = told.texts(Severity.WARNING)
    assert text == (
        r"tool 'lie': the pattern '^(\\d)\\1$' of its outputSchema is not checked: "
        "nothing here does so in linear time"
    )


def test_hostile_promises_end_soon_and_are_told():
    doubled = {"d0": {"type": "object"}}
    for level in range(1, 31):
        doubled[f"d{level}"] = {"allOf": [{"$ref": f"#/$defs/d{level - 1}"}] * 2}
    told = client(result=said({}), tools=(tool(promised={"$ref": "#/$defs/d30", "$defs": doubled}),))
    with pytest.raises(ResultInvalid, match="checked in 100000 steps"):
        told.ask(call_tool("lie"))
    told = client(result=said({}), tools=(tool(promised={"$ref": "https://canary.invalid/x"}),))
    assert told.ask(call_tool("lie")).structured_content == {}
    assert "nothing is fetched for it" in told.texts(Severity.WARNING)[0]
