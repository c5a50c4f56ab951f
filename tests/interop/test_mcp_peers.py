"""The peer's client and server against each other: what they show here is theirs, not ours."""

import json

import pytest
from tests.interop.raw import Ended, Program, outline, read_transcript, replay
from tests.interop.scenario import run_client
from tests.interop.watching import ended_by_itself, watched

LEGACY = """
C: {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{}},"clientInfo":{"name":"c","version":"1"}}}
S: {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}
C: {"jsonrpc":"2.0","method":"notifications/initialized"}
C: {"jsonrpc":"2.0","id":2,"method":"ping"}
S: {"jsonrpc":"2.0","id":2,"result":{}}
C: {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"slow","arguments":{"steps":2},"_meta":{"progressToken":"t"}}}
S: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1,"total":2}}
S: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":2,"total":2}}
S: {"jsonrpc":"2.0","id":3,"result":{"content":[],"isError":false}}
C: {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"asks"}}
S: {"jsonrpc":"2.0","id":"ours","method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object"}}}
C: {"jsonrpc":"2.0","id":"ours","result":{"action":"accept","content":{"name":"Ada"}}}
S: {"jsonrpc":"2.0","id":4,"result":{"content":[],"isError":false}}
C: {"jsonrpc":"2.0","id":5,"method":"no/such/method"}
S: {"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"no such method"}}
"""  # noqa: E501 - a message is one line

META = json.dumps(
    {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
        "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
    }
)

MODERN = """
C: {"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":META}}
S: {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","supportedVersions":["2026-07-28"]}}
C: {"jsonrpc":"2.0","id":"sub","method":"subscriptions/listen","params":{"_meta":META,"notifications":{"toolsListChanged":true}}}
S: {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"sub"}}}
C: {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":META,"name":"changes"}}
S: {"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"sub"}}}
S: {"jsonrpc":"2.0","id":2,"result":{"resultType":"complete","isError":false}}
C: {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"sub"}}
C: {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":META,"name":"asks"}}
S: {"jsonrpc":"2.0","id":3,"result":{"resultType":"input_required","requestState":"sealed"}}
C: {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"_meta":META,"name":"asks","requestState":"sealed","inputResponses":{"__main__:name_of_user":{"action":"accept","content":{"name":"Ada"}}}}}
S: {"jsonrpc":"2.0","id":4,"result":{"resultType":"complete","isError":false}}
C: {"jsonrpc":"2.0","id":5,"method":"ping","params":{"_meta":META}}
S: {"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"no such method"}}
""".replace("META", META)  # noqa: E501 - a message is one line


@pytest.mark.parametrize(
    ("mode", "revision"),
    [("2024-11-05", "2024-11-05"), ("2025-11-25", "2025-11-25"), ("auto", "2026-07-28")],
)
def test_the_peers_take_every_step_with_each_other(tmp_path, mcp_client, mcp_server, mode, revision):
    report = run_client(mcp_client, mode, watched(mcp_server, tmp_path))
    assert report.failed == {}
    assert report.code == 0, report.errors
    assert report.steps["connect"]["revision"] == revision
    assert report.steps["add"]["structured"] == {"result": 3}
    assert [item["progress"] for item in report.steps["slow"]["progress"]] == [1, 2, 3]
    assert report.steps["cancels"] == {
        "cancelled": True,
        "texts": ["1"],
        "structured": None,
        "is_error": False,
    }
    assert report.steps["close"] == {"faults": []}
    assert ended_by_itself(tmp_path)


def test_a_scenario_may_be_cut_to_some_steps(mcp_client, mcp_server):
    report = run_client(mcp_client, "auto", [*mcp_server, "bare"], only=["tools", "asks"])
    assert list(report.steps) == ["connect", "tools", "asks", "close"]
    assert report.steps["asks"]["is_error"]


def test_a_server_that_cannot_be_started_is_a_failure(mcp_client):
    report = run_client(mcp_client, "auto", ["/no/such/program"])
    assert report.code == 1
    assert "FileNotFoundError" in report.failed["connect"]


@pytest.mark.parametrize("transcript", [LEGACY, MODERN], ids=["legacy", "modern"])
def test_a_transcript_replayed_to_the_peer_is_answered_alike(mcp_server, transcript):
    with Program(mcp_server) as program:
        found = replay(program, read_transcript(transcript))
    assert found.differences(outline) == []


def test_the_first_request_settles_the_era_of_the_peers_connection(mcp_server):
    with Program(mcp_server) as program:
        program.send({"jsonrpc": "2.0", "id": 1, "method": "server/discover"})
        assert program.receive()["error"]["code"] == -32601
        enveloped = {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "server/discover",
            "params": {"_meta": json.loads(META)},
        }
        program.send(enveloped)
        assert program.receive()["error"]["code"] == -32600


def test_the_peer_ends_with_its_input_and_answers_what_was_running(mcp_server):
    with Program(mcp_server) as program:
        params = {"name": "waits", "_meta": {**json.loads(META), "progressToken": 1}}
        program.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        assert program.receive()["method"] == "notifications/progress"
        program.close_input()
        assert program.receive()["error"] == {"code": -32000, "message": "Connection closed"}
        with pytest.raises(Ended):
            program.receive_line()
        assert program.finish().code == 0
