"""What the first modern request gets decides the era; what is transient decides nothing.

Source: adversarial case client-era-fallback; 2026-07-28, Streamable HTTP, Backward Compatibility.
"""

import pytest
from tests.http.client.talking import MODERN, MODERN_DONE, STREAMABLE, URL, Talk, message_of

from sansmcp import schema
from sansmcp.schema import REVISIONS
from sansmcp.session import (
    Connected,
    Disconnected,
    Finding,
    RequestFailed,
    RequestLost,
    ResponseReceived,
    Timeouts,
)

UNSUPPORTED = {"supported": ["2099-01-01"], "requested": MODERN}


def probing(**options):
    talk = Talk(REVISIONS, **options)
    talk.client.connect(0.0)
    probe = talk.take()
    assert message_of(probe)["method"] == "server/discover"
    return talk, probe


@pytest.mark.parametrize(
    ("status", "code", "data", "words"),
    [
        (400, -32022, UNSUPPORTED, "no common version"),
        (400, -32020, None, "-32020|headers"),
        (400, -32021, None, "refused server/discover"),
        (404, -32601, None, "-32601"),
    ],
)
@pytest.mark.parametrize("request_id", [0, None, "server-error"])
def test_a_modern_error_never_leads_to_initialize(status, code, data, words, request_id):
    talk, probe = probing()
    talk.error(probe, status, code, "headers", data=data, request_id=request_id)
    assert talk.take_all() == []
    (end,) = talk.told(Disconnected)
    assert any(word in end.reason for word in words.split("|"))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, None, None),
        (400, b"<p>", "text/html"),
        (
            400,
            {"jsonrpc": "2.0", "id": "x", "error": {"code": -32600, "message": "Missing session ID"}},
            "application/json",
        ),
        (400, {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "no"}}, "application/json"),
        (400, b"{", "application/json"),
        (404, None, None),
        (405, None, None),
        (
            200,
            {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "unknown"}},
            "application/json",
        ),
    ],
)
def test_what_an_older_server_says_leads_to_initialize(status, body, kind):
    talk, probe = probing()
    talk.answer(probe, status, body, kind=kind)
    exchange = talk.take()
    assert message_of(exchange)["method"] == "initialize"
    assert "mcp-protocol-version" not in exchange.request.headers
    assert "mcp-method" not in exchange.request.headers


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503])
@pytest.mark.parametrize(
    "body", [None, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "no"}}]
)
def test_a_failure_decides_nothing(status, body):
    talk, probe = probing()
    talk.answer(probe, status, body)
    assert talk.take_all() == []
    (end,) = talk.told(Disconnected)
    assert str(status) in end.reason
    assert not end.while_probing


def test_a_server_that_cannot_be_reached_decides_nothing():
    talk, probe = probing()
    probe.receive_failure("connection refused", 1.0)
    assert talk.take_all() == []
    assert [event.reason for event in talk.told(Disconnected)] == [f"{URL}: connection refused"]


def test_silence_decides_nothing():
    talk, probe = probing(timeouts=Timeouts(request=7.0))
    talk.at(6.9)
    assert talk.told(Disconnected) == []
    talk.at(7.0)
    assert [event.reason for event in talk.told(Disconnected)] == [
        f"{URL}: server/discover: there was no answer within 7.0 s"
    ]
    assert talk.aborted == [probe]
    assert talk.take_all() == []


def test_a_version_that_the_server_names_is_tried_once_more():
    talk, probe = probing()
    refusal = {"supported": [MODERN], "requested": MODERN}
    talk.error(probe, 400, -32022, data=refusal)
    again = talk.take()
    assert message_of(again)["method"] == "server/discover"
    assert message_of(again)["id"] != message_of(probe)["id"]
    talk.error(again, 400, -32022, data=refusal)
    assert talk.take_all() == []
    assert len(talk.told(Disconnected)) == 1


def finding(revision):
    capabilities = schema.ServerCapabilities(tools=schema.ToolsCapability())
    return Finding(revision=revision, capabilities=capabilities)


@pytest.mark.parametrize("status", [400, 404, 405])
def test_a_modern_finding_that_is_wrong_is_looked_at_again(status):
    talk = Talk(REVISIONS, session={"finding": finding(MODERN)})
    talk.client.connect(0.0)
    talk.told(Connected)
    handle, call = talk.call()
    talk.answer(call, status)
    probe = talk.take()
    assert message_of(probe)["method"] == "server/discover"
    talk.answer(probe, status)
    talk.initialize(talk.take())
    talk.answer(talk.take(), 202)
    listening, again = talk.take_all()
    assert listening.request.method == "GET"
    talk.result(again, MODERN_DONE)
    assert [event.handle for event in talk.told(ResponseReceived)] == [handle]


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_leaves_a_finding_alone(status):
    talk = Talk(REVISIONS, session={"finding": finding(MODERN)})
    talk.client.connect(0.0)
    talk.told(Connected)
    handle, call = talk.call()
    talk.answer(call, status)
    assert talk.take_all() == []
    assert [event.handle for event in talk.told(RequestLost)] == [handle]


@pytest.mark.parametrize(
    ("status", "code", "data"),
    [
        (404, -32601, None),
        (404, -32601, {"supported": [MODERN]}),
        (400, -32600, {"supported": [MODERN]}),
        (400, -32020, None),
    ],
)
def test_a_legacy_finding_that_is_wrong_is_looked_at_again(status, code, data):
    talk = Talk(REVISIONS, session={"finding": finding("2025-11-25")})
    talk.client.connect(0.0)
    first = talk.take()
    assert message_of(first)["method"] == "initialize"
    talk.error(first, status, code, data=data)
    assert message_of(talk.take())["method"] == "server/discover"


@pytest.mark.parametrize("revision", STREAMABLE)
def test_a_legacy_client_asks_nothing_first(revision):
    talk = Talk((revision,))
    talk.client.connect(0.0)
    assert message_of(talk.take())["method"] == "initialize"


def test_an_error_of_a_call_ends_the_call_and_says_nothing_of_the_era():
    talk = Talk().connect_modern()
    handle, call = talk.call()
    talk.error(call, 404, -32601, "no such method")
    assert [(event.handle, event.code) for event in talk.told(RequestFailed)] == [(handle, -32601)]
