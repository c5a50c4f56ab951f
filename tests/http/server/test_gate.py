"""What the head of a request leads to, before its body is read."""

import pytest
from tests.http.server.exchanging import BOTH, MODERN, Exchanging
from tests.http.server.offered import served

from sansmcp.http import HttpLimits, RequestHead, ServerHttp
from sansmcp.session import ProtocolViolated

JSON_TYPE = ("Content-Type", "application/json")
ACCEPT = ("Accept", BOTH)
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


def violations(world: Exchanging) -> list[str]:
    return [event.reason for _, event in world.events if isinstance(event, ProtocolViolated)]


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 403), ("localhost", 404), ("127.0.0.1:8000", 404), (None, 400), ("a b", 400)],
)
def test_the_host_is_checked_first(host: str | None, status: int) -> None:
    world = Exchanging(served())
    reply = world.request("PATCH", [], target="/nowhere", host=host)
    assert reply.status == status
    assert len(violations(world)) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_a_foreign_page_is_refused_with_every_method(method: str) -> None:
    world = Exchanging(served())
    reply = world.request(method, [("Origin", "https://evil.example"), JSON_TYPE, ACCEPT], PING)
    assert reply.status == 403
    assert "allowed_origins" in reply.json["error"]["message"] or "allowed_origins" in violations(world)[0]


def test_a_page_of_the_machine_itself_may_read_what_it_asks_for() -> None:
    world = Exchanging(served())
    asked = [("Origin", "http://localhost:6274"), ("Access-Control-Request-Method", "POST")]
    preflight = world.request("OPTIONS", asked)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "http://localhost:6274"
    reply = world.request("POST", [("Origin", "http://localhost:6274"), JSON_TYPE, ACCEPT], PING)
    assert reply.status == 400
    assert reply.headers["access-control-allow-origin"] == "http://localhost:6274"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([ACCEPT], 415),
        ([("Content-Type", "text/plain"), ACCEPT], 415),
        ([("Content-Type", "application/json; charset=utf-16"), ACCEPT], 415),
        ([JSON_TYPE, ACCEPT, ("Content-Encoding", "gzip")], 415),
        ([JSON_TYPE, ACCEPT, ("Content-Encoding", "identity, deflate")], 415),
        ([JSON_TYPE, ACCEPT, ("Content-Encoding", "identity")], 400),
        ([JSON_TYPE, ("Accept", "application/json")], 406),
        ([JSON_TYPE, ("Accept", "text/event-stream")], 406),
        ([JSON_TYPE, ("Accept", "*/*")], 400),
        ([JSON_TYPE, ACCEPT, ("Content-Type", "text/plain")], 400),
        ([JSON_TYPE, ACCEPT, ("Authorization", "a"), ("Authorization", "b")], 400),
        ([JSON_TYPE, ACCEPT, ("Mcp-Session-Id", "a"), ("Mcp-Session-Id", "b")], 400),
        ([JSON_TYPE, ACCEPT, ("Content-Length", "many")], 400),
        ([JSON_TYPE, ACCEPT, ("Content-Length", "4194305")], 413),
        ([JSON_TYPE, ACCEPT, ("Content-Length", "4194304")], 400),
        ([JSON_TYPE, ACCEPT, *[("X", "y")] * 98], 431),
        ([JSON_TYPE, ACCEPT, ("X", "y" * 32768)], 431),
    ],
)
def test_the_head_of_a_post_says_whether_its_body_is_read(fields: list[tuple[str, str]], status: int) -> None:
    world = Exchanging(served())
    reply = world.request("POST", fields, PING)
    assert reply.status == status
    assert reply.ended
    assert reply.head.close is (status in (413, 431))


@pytest.mark.parametrize("length", ["4194305", "99999999999999999"])
def test_a_body_that_is_too_long_is_refused_before_it_comes(length: str) -> None:
    world = Exchanging(served())
    reply = world.request("POST", [JSON_TYPE, ACCEPT, ("Content-Length", length)])
    assert reply.status == 413
    assert reply.exchange.done


@pytest.mark.parametrize(
    ("settings", "target", "found"),
    [
        ({}, "/mcp", True),
        ({}, "/mcp?x=1", True),
        ({}, "/mcp/", False),
        ({}, "/sse", False),
        ({"path": "/other"}, "/other", True),
        ({"path": None}, "/whatever", True),
    ],
)
def test_the_path_is_that_of_the_settings(settings: dict, target: str, found: bool) -> None:
    world = Exchanging(served(), **settings)
    reply = world.request("POST", [JSON_TYPE, ACCEPT], PING, target=target)
    assert (reply.status != 404) is found


@pytest.mark.parametrize(
    ("settings", "method", "fields", "allowed"),
    [
        ({}, "PUT", [], "POST, GET, DELETE"),
        ({}, "GET", [("MCP-Protocol-Version", MODERN)], "POST"),
        ({}, "DELETE", [("MCP-Protocol-Version", MODERN)], "POST"),
        ({"sessions": False}, "GET", [], "POST"),
        ({"sessions": False}, "DELETE", [], "POST"),
        ({"responses": "json"}, "GET", [], "POST, DELETE"),
    ],
)
def test_methods_that_lead_nowhere_are_not_allowed(
    settings: dict, method: str, fields: list[tuple[str, str]], allowed: str
) -> None:
    world = Exchanging(served(), **settings)
    reply = world.request(method, fields)
    assert (reply.status, reply.headers["allow"]) == (405, allowed)
    assert not violations(world)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_a_server_of_the_modern_era_alone_takes_only_posts(method: str) -> None:
    world = Exchanging(served(revisions=(MODERN,)))
    reply = world.request(method, [("Accept", "text/event-stream"), ("Mcp-Session-Id", "x")])
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_a_listener_must_take_events() -> None:
    world = Exchanging(served())
    assert world.request("GET", [("Accept", "application/json")]).status == 406
    assert world.request("GET", [("Accept", "text/event-stream")]).status == 400


def test_what_a_known_head_leads_to_stays_the_same_however_many_come() -> None:
    world = Exchanging(served())
    for number in range(600):
        fields = [JSON_TYPE, ACCEPT, ("X", str(number % 300))]
        assert world.request("POST", fields, PING).status == 400
    assert world.request("POST", [JSON_TYPE, ACCEPT, ("Authorization", "x")], PING).status == 400
    assert world.request("POST", [JSON_TYPE, ACCEPT, ("X", "y" * 3000)], PING).status == 400


def test_limits_of_the_head_are_settable() -> None:
    world = Exchanging(served(), http_limits=HttpLimits(header_count=3))
    assert world.request("POST", [JSON_TYPE, ACCEPT], PING).status == 400
    assert world.request("POST", [JSON_TYPE, ACCEPT, ("X", "y")], PING).status == 431
    assert isinstance(world.endpoint, ServerHttp)


@pytest.mark.parametrize("scheme", ["http", "HTTPS"])
@pytest.mark.parametrize("path", ["/mcp", None])
def test_a_target_may_be_a_whole_url_whose_host_goes_before_the_field(scheme: str, path: str | None) -> None:
    world = Exchanging(served(), path=path, allowed_hosts=["mcp.example:8000"])
    fields = [JSON_TYPE, ACCEPT]
    for target, host, status in (
        ("mcp.example:8000/mcp", "mcp.example:8000", 400),
        ("mcp.example:8000/mcp", "evil.example", 400),
        ("MCP.example:8000/mcp?x=1", "", 400),
        ("evil.example/mcp", "mcp.example:8000", 403),
        ("mcp.example/mcp", "mcp.example:8000", 403),
    ):
        reply = world.request("POST", fields, PING, target=f"{scheme}://{target}", host=host)
        assert reply.status == status
    # What is missing there is the session: the request was let in.
    assert "Mcp-Session-Id is missing" in violations(world)[0]


@pytest.mark.parametrize("authority", ["user@127.0.0.1", "user:word@127.0.0.1:80", "", "a b", "127.0.0.1:x"])
def test_what_is_no_host_in_a_whole_url_is_refused(authority: str) -> None:
    world = Exchanging(served(), path=None)
    reply = world.request("POST", [JSON_TYPE, ACCEPT], PING, target=f"http://{authority}/mcp")
    assert reply.status == 400
    assert violations(world)[0].startswith("Host is ")


@pytest.mark.parametrize("path", ["/mcp", None])
@pytest.mark.parametrize("target", ["ftp://127.0.0.1/mcp", "httpx://127.0.0.1/mcp", "mcp", "*", "http:/mcp"])
def test_what_is_no_path_is_not_there(path: str | None, target: str) -> None:
    world = Exchanging(served(), path=path)
    assert world.request("POST", [JSON_TYPE, ACCEPT], PING, target=target).status == 404


@pytest.mark.parametrize(
    ("rest", "status"), [("", 404), ("?x=1", 404), ("/", 404), ("/mcp?x", 400), ("/x", 404)]
)
def test_the_path_of_a_whole_url_is_what_follows_its_host(rest: str, status: int) -> None:
    world = Exchanging(served())
    reply = world.request("POST", [JSON_TYPE, ACCEPT], PING, target=f"http://127.0.0.1{rest}")
    assert reply.status == status


def test_a_whole_url_spares_nobody_the_host_field() -> None:
    world = Exchanging(served())
    target = "http://127.0.0.1/mcp"
    assert world.request("POST", [JSON_TYPE, ACCEPT], PING, target=target, host=None).status == 400
    twice = [("Host", "127.0.0.1"), JSON_TYPE, ACCEPT]
    assert world.request("POST", twice, PING, target=target).status == 400
    assert violations(world) == [
        "Host is there 0 times; expected it once",
        "Host is there 2 times; expected it once",
    ]


def test_who_verifies_a_request_to_a_whole_url_sees_its_path_and_its_host() -> None:
    seen: list[tuple[str, str | None]] = []

    def verify(head: RequestHead) -> None:
        seen.append((head.target, head.headers.get("host")))

    world = Exchanging(served(), verify=verify, http_sse=True)
    fields = [("Accept", "text/event-stream")]
    stream = world.request("GET", fields, target="http://localhost:8000/sse", host="x")
    assert seen == [("/sse", "localhost:8000")]
    assert b"data: /messages?session_id=" in stream.body
