"""Arguments in headers: learned from lists, encoded, corrected once; tools with bad names are left out.

Source: adversarial case client-header-injection; 2026-07-28, Custom Headers from Tool Parameters.
"""

import json

import pytest
from tests.http.client.talking import MODERN_DONE, Talk, message_of

from sansmcp.errors import LocalProtocolError
from sansmcp.session import ProtocolViolated, RequestFailed, RequestLost, ResponseReceived


def tool(name, header="Region", kind="string", **more):
    properties = {"region": {"type": kind, "x-mcp-header": header}} if header is not None else {}
    return {"name": name, "inputSchema": {"type": "object", "properties": properties}, **more}


def page(*tools, cursor=None):
    listed = {"tools": list(tools), "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    return listed if cursor is None else {**listed, "nextCursor": cursor}


def list_tools(talk, *tools):
    handle = talk.session.send_request("tools/list", None, talk.now)
    talk.result(talk.take(), page(*tools))
    (event,) = [event for event in talk.events if isinstance(event, ResponseReceived)]
    assert event.handle == handle
    return [found.name for found in event.result.tools]


def header_of(exchange):
    return exchange.request.headers.get("mcp-param-region")


def test_what_a_list_says_is_repeated_in_headers():
    talk = Talk().connect_modern()
    assert list_tools(talk, tool("echo"), tool("plain", None)) == ["echo", "plain"]
    assert header_of(talk.call(arguments={"region": "us-west1"})[1]) == "us-west1"
    assert header_of(talk.call(arguments={"region": None})[1]) is None
    assert header_of(talk.call(arguments={})[1]) is None
    assert header_of(talk.call("plain", arguments={"region": "us-west1"})[1]) is None
    talk.told(ResponseReceived)
    assert list_tools(talk, tool("echo", None)) == ["echo"]
    assert header_of(talk.call(arguments={"region": "us-west1"})[1]) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a\r\nX-Evil: 1", "=?base64?YQ0KWC1FdmlsOiAx?="),
        ("w\u00e9ather", "=?base64?d8OpYXRoZXI=?="),
        (" pad ", "=?base64?IHBhZCA=?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ("us-west1", "us-west1"),
    ],
)
def test_names_and_arguments_are_encoded(value, said):
    talk = Talk().connect_modern()
    list_tools(talk, tool(value))
    _, exchange = talk.call(value, arguments={"region": value})
    assert header_of(exchange) == said
    assert exchange.request.headers.get("mcp-name") == said
    assert all(
        "\r" not in text and "\n" not in text for line in exchange.request.headers.lines for text in line
    )


@pytest.mark.parametrize("name", ["", "two words", "a:b", "caf\u00e9", "a\r\nb", 7])
def test_a_tool_whose_header_has_no_name_is_left_out_with_an_event(name):
    talk = Talk().connect_modern()
    assert list_tools(talk, tool("good"), tool("bad", name)) == ["good"]
    (told,) = talk.told(ProtocolViolated)
    assert told.reason.startswith("the tool 'bad' is left out")


def test_in_the_legacy_era_there_are_no_such_headers():
    talk = Talk(("2025-11-25",))
    talk.connect_legacy()
    talk.session.send_request("tools/list", None, 0.0)
    talk.result(talk.take(), {"tools": [tool("good"), tool("bad", "two words")]})
    (event,) = talk.told(ResponseReceived)
    assert [found.name for found in event.result.tools] == ["good", "bad"]
    assert header_of(talk.call("good", arguments={"region": "x"})[1]) is None


@pytest.mark.parametrize("number", [2**53, -(2**53)])
def test_an_integer_that_no_header_can_say_is_refused_before_it_is_sent(number):
    talk = Talk().connect_modern()
    list_tools(talk, tool("echo", kind="integer"))
    with pytest.raises(LocalProtocolError, match="2\\^53-1"):
        talk.session.send_request("tools/call", {"name": "echo", "arguments": {"region": number}}, 0.0)
    assert talk.take_all() == []
    _, exchange = talk.call(arguments={"region": 2**53 - 1})
    assert header_of(exchange) == str(2**53 - 1)


def test_a_mismatch_reads_the_list_again_and_sends_the_call_once_more():
    talk = Talk().connect_modern()
    handle, exchange = talk.call(arguments={"region": "x"})
    assert header_of(exchange) is None
    talk.error(exchange, 400, -32020, "Mcp-Param-Region is missing")
    first = talk.take()
    assert message_of(first)["method"] == "tools/list"
    talk.result(first, page(tool("other"), cursor="next"))
    second = talk.take()
    assert message_of(second)["params"]["cursor"] == "next"
    talk.result(second, page(tool("echo")))
    again = talk.take()
    assert message_of(again) == message_of(exchange)
    assert header_of(again) == "x"
    assert talk.events == []
    talk.result(again, MODERN_DONE)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_a_second_mismatch_ends_the_call():
    talk = Talk().connect_modern()
    handle, exchange = talk.call(arguments={"region": "x"})
    talk.error(exchange, 400, -32020)
    talk.result(talk.take(), page(tool("echo")))
    talk.error(talk.take(), 400, -32020)
    assert [(event.handle, event.code) for event in talk.told(RequestFailed)] == [(handle, -32020)]
    assert talk.take_all() == []


def test_two_mismatches_read_the_list_once():
    talk = Talk().connect_modern()
    one, first = talk.call(arguments={"region": "x"})
    two, second = talk.call(arguments={"region": "y"})
    talk.error(first, 400, -32020)
    listing = talk.take()
    talk.error(second, 400, -32020)
    assert talk.take_all() == []
    talk.result(listing, page(tool("echo")))
    for exchange, value in zip(talk.take_all(), "xy", strict=True):
        assert header_of(exchange) == value
        talk.result(exchange, MODERN_DONE)
    assert [event.handle for event in talk.told(ResponseReceived)] == [one, two]


@pytest.mark.parametrize("how", [500, "failure", -32603])
def test_where_the_list_cannot_be_read_the_call_ends_with_its_error(how):
    talk = Talk().connect_modern()
    handle, exchange = talk.call(arguments={"region": "x"})
    talk.error(exchange, 400, -32020)
    listing = talk.take()
    if how == "failure":
        listing.receive_failure("connection reset", 0.0)
    elif how == 500:
        talk.answer(listing, 500)
    else:
        talk.error(listing, 200, how)
    talk.drain()
    (failed,) = talk.told(RequestFailed)
    assert (failed.handle, failed.code) == (handle, -32020)


def test_a_call_that_is_given_up_meanwhile_is_not_sent_again():
    talk = Talk().connect_modern()
    handle, exchange = talk.call(arguments={"region": "x"})
    talk.error(exchange, 400, -32020)
    listing = talk.take()
    talk.session.cancel(handle, 0.0)
    talk.drain()
    talk.result(listing, page(tool("echo")))
    assert talk.take_all() == []
    assert talk.told(RequestFailed) == []


def test_a_number_that_cannot_be_said_after_all_loses_the_call():
    talk = Talk().connect_modern()
    handle, exchange = talk.call(arguments={"region": 2**53})
    talk.error(exchange, 400, -32020)
    talk.result(talk.take(), page(tool("echo", kind="integer")))
    (lost,) = talk.told(RequestLost)
    assert (lost.handle, "2^53-1" in lost.reason) == (handle, True)


def test_pages_without_an_end_are_not_walked_for_ever():
    talk = Talk().connect_modern()
    handle, exchange = talk.call(arguments={"region": "x"})
    talk.error(exchange, 400, -32020)
    pages = 0
    listing = talk.take()
    while message_of(listing)["method"] == "tools/list":
        pages += 1
        talk.result(listing, page(tool("echo"), cursor=str(pages)))
        listing = talk.take()
    assert pages == 64
    assert header_of(listing) == "x"
    talk.result(listing, MODERN_DONE)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


def test_another_error_code_is_the_answer():
    talk = Talk().connect_modern()
    handle, exchange = talk.call()
    talk.error(exchange, 400, -32602)
    assert [event.handle for event in talk.told(RequestFailed)] == [handle]


def test_a_mismatch_of_another_method_is_the_answer():
    talk = Talk().connect_modern()
    handle = talk.session.send_request("tools/list", None, 0.0)
    talk.error(talk.take(), 400, -32020)
    assert [event.handle for event in talk.told(RequestFailed)] == [handle]


def test_where_the_connection_ends_on_the_way_through_the_list_nothing_is_sent_again():
    talk = Talk().connect_modern()
    handle, exchange = talk.call(arguments={"region": "x"})
    talk.error(exchange, 400, -32020)
    listing = talk.take()
    body = json.dumps({"jsonrpc": "2.0", "id": message_of(listing)["id"], "result": page(cursor="next")})
    listing.receive_head(200, Talk.fields(**{"content-type": "application/json"}), 0.0)
    listing.receive_data(body.encode(), 0.0)
    listing.receive_eof(0.0)
    # Before anybody hears of the page.
    talk.client.close(0.0)
    assert talk.take_all() == []
    assert [event.handle for event in talk.told(RequestLost)] == [handle]
