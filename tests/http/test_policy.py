"""Host and Origin on every request, and what browsers are told (Streamable HTTP, Security)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import against_garbage

from sansmcp.errors import LocalProtocolError
from sansmcp.http import Headers, Policy, RequestHead, ResponseHead

ALLOWED = "access-control-allow-origin"


def head(*fields, method="POST", host="127.0.0.1:8000"):
    lines = fields if host is None else (("Host", host), *fields)
    return RequestHead(method=method, target="/mcp", headers=Headers(lines))


def status(policy, *fields, **more):
    refused = policy.check(head(*fields, **more))
    return 200 if refused is None else refused.status


def status_of_origin(policy, *origins):
    return status(policy, *(("Origin", origin) for origin in origins))


# Host


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]:8000", "[0:0::01]"],
)
def test_the_loopback_names_are_allowed_with_any_port(host):
    policy = Policy()
    assert [status(policy, host=host) for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "host",
    [
        "evil.com:8000",
        "localhost.evil.com:8000",
        "127.0.0.1.nip.io:8000",
        "127.0.0.2",
        "0.0.0.0:8000",
        "[::]:8000",
        "localhost.",
        "xlocalhost",
    ],
)
def test_every_other_name_is_refused(host):
    refused = Policy().check(head(host=host))
    assert (refused.status, refused.code) == (403, -32600)
    assert host in refused.reason
    assert "allowed_hosts" in refused.message


@pytest.mark.parametrize(
    "host",
    [
        "",
        " localhost",
        "127.0.0.1:8000.evil.com",
        "127.0.0.1@evil.com",
        "[::1]evil:8000",
        "[::1",
        "[1:2]",
        "::1",
        "localhost:65536",
        "localhost:x",
        "localhost:-1",
        "localhost:\u0661",
        "localhost/",
        "localhost,localhost",
        "localhost\n",
    ],
)
def test_what_is_no_name_is_malformed(host):
    refused = Policy().check(head(host=host))
    assert (refused.status, refused.close) == (400, True)
    assert "Host is" in refused.message


def test_host_is_there_once():
    assert status(Policy(), host=None) == 400
    assert status(Policy(), ("Host", "localhost")) == 400


@pytest.mark.parametrize("host", ["192.168.1.5", "mcp.lan", "fe80::1%eth0", "[fe80::1]"])
def test_the_address_bound_to_is_allowed_beside_the_loopback_names(host):
    policy = Policy(host=host)
    name = host if ":" not in host else "[fe80::1]"
    assert status(policy, host=f"{name}:8000") == 200
    assert status(policy, host="localhost:8000") == 200
    assert status(policy, host="evil.com") == 403


@pytest.mark.parametrize(
    "host", ["", ".".join("0000"), "::", "[::]", "0", "0.0", "0x0", "0:0::0", "::0%eth0", "::ffff:0:0"]
)
def test_every_address_is_only_bound_to_with_names(host):
    with pytest.raises(LocalProtocolError, match="allowed_hosts"):
        Policy(host=host)
    assert status(Policy(["mcp.example.com"], host=host), host="mcp.example.com") == 200


def test_a_setting_replaces_the_default_and_names_ports_where_it_does():
    policy = Policy(["mcp.example.com", "Other.example:8443", "[::2]"], host="127.0.0.1")
    for host in ("mcp.example.com", "MCP.example.com:1", "other.example:8443", "[0::2]:5"):
        assert status(policy, host=host) == 200
    for host in ("localhost", "127.0.0.1:8000", "other.example", "other.example:8444"):
        assert status(policy, host=host) == 403


def test_a_port_that_the_scheme_implies_may_be_left_out_of_host():
    policy = Policy(["a.example:443", "b.example:80"])
    assert [status(policy, host=host) for host in ("a.example", "b.example", "a.example:80")] == [
        200,
        200,
        403,
    ]


@pytest.mark.parametrize(
    "name", ["*", "localhost:*", "https://a.example", "::1", "bücher.example", "a b", ""]
)
def test_a_setting_that_is_no_name_is_refused(name):
    with pytest.raises(LocalProtocolError, match="allowed_hosts has"):
        Policy([name])


def test_settings_are_lists_and_hosts_are_not_empty():
    with pytest.raises(LocalProtocolError, match="expected a list"):
        Policy("localhost")
    with pytest.raises(LocalProtocolError, match="expected a list"):
        Policy(allowed_origins="localhost")
    with pytest.raises(LocalProtocolError, match="is empty"):
        Policy([])
    with pytest.raises(LocalProtocolError, match="host has"):
        Policy(host="a b")


@pytest.mark.parametrize("found", [7, b"localhost", ["localhost", 7], [None]])
def test_settings_that_are_no_texts_are_refused(found):
    with pytest.raises(LocalProtocolError, match=r"^allowed_hosts (is|has) "):
        Policy(found)
    with pytest.raises(LocalProtocolError, match=r"^allowed_origins (is|has) "):
        Policy(allowed_origins=found)


def test_a_port_in_the_place_of_a_host_is_refused():
    with pytest.raises(LocalProtocolError, match=r"^host: expected a name or an address, found 8000$"):
        Policy(host=8000)


# Origin


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:8000",
        "http://localhost",
        "https://LOCALHOST:3000",
        "HTTP://[::1]:1",
        "http://[0::1]",
    ],
)
def test_pages_of_the_allowed_hosts_may_call(origin):
    policy = Policy()
    assert [status_of_origin(policy, origin) for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.com",
        "null",
        "",
        "http://localhost.evil.com",
        "http://localhost:80.evil.com",
        "https://127.0.0.1:8000@evil.com",
        "http://localhost/",
        "http://localhost/mcp",
        "file://",
        "ftp://localhost",
        "localhost",
        "//localhost",
        "http://localhost http://evil.com",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS"])
def test_every_other_origin_is_refused_with_every_method(origin, method):
    refused = Policy().check(head(("Origin", origin), method=method))
    assert (refused.status, refused.code) == (403, -32600)
    assert origin in refused.message
    assert "allowed_origins" in refused.message


def test_origin_is_there_once_or_not_at_all():
    assert status_of_origin(Policy()) == 200
    assert status_of_origin(Policy(), "http://localhost", "http://evil.com") == 400
    assert status_of_origin(Policy(), "http://localhost", "http://localhost") == 400


def test_names_stand_for_pages_of_every_port_and_whole_origins_for_themselves():
    policy = Policy(
        allowed_origins=["app.example", "dev.example:3000", "https://web.example", "vscode-webview://abc"]
    )
    for origin in (
        "https://app.example",
        "http://app.example:81",
        "http://dev.example:3000",
        "https://web.example",
        "https://web.example:443",
        "vscode-webview://abc",
    ):
        assert status_of_origin(policy, origin) == 200
    for origin in (
        "http://localhost",
        "http://dev.example",
        "http://web.example",
        "https://web.example:8443",
        "vscode-webview://abcd",
        "vscode-webview://app.example",
    ):
        assert status_of_origin(policy, origin) == 403


def test_no_page_at_all_may_be_allowed():
    assert status_of_origin(Policy(allowed_origins=[]), "http://localhost") == 403


def test_pages_of_a_host_with_a_port_have_that_port():
    policy = Policy(["mcp.example:443"])
    fields = {origin: ("Origin", origin) for origin in ("https://mcp.example", "http://mcp.example")}
    assert [status(policy, field, host="mcp.example") for field in fields.values()] == [200, 403]


@pytest.mark.parametrize(
    "origin", ["https://", "https://a.example/", "https://a.example/x", "://a", "null x://"]
)
def test_a_setting_that_is_no_origin_is_refused(origin):
    with pytest.raises(LocalProtocolError, match="allowed_origins has"):
        Policy(allowed_origins=[origin])


def test_what_passed_is_forgotten_when_it_is_too_much():
    policy = Policy()
    for port in range(1, 1000):
        assert status(policy, ("Origin", f"http://localhost:{port}"), host=f"localhost:{port}") == 200
    assert status(policy, host="evil.com") == 403


@against_garbage
@given(st.text(st.characters(max_codepoint=255), max_size=30), st.text("lochst127.:[]@/#", max_size=30))
def test_any_text_is_judged_without_an_exception(text, other):
    for value in (text, other):
        assert status(Policy(), host=value) in {200, 400, 403}
        assert status_of_origin(Policy(), f"http://{value}") in {200, 403}


# What browsers are told


def test_an_allowed_page_may_read_the_response():
    policy = Policy()
    request = head(("Origin", "http://localhost:3000"))
    assert policy.check(request) is None
    fields = dict(policy.cors(request))
    assert fields[ALLOWED] == "http://localhost:3000"
    assert fields["vary"] == "Origin"
    assert "Mcp-Session-Id" in fields["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in fields


def test_nothing_is_told_to_a_page_that_is_not_allowed_or_where_there_is_none():
    policy = Policy()
    for request in (head(), head(("Origin", "http://evil.com"))):
        policy.check(request)
        assert policy.cors(request) == ()


def test_a_browser_that_asks_first_is_told_what_may_be_sent():
    fields = [
        ("Origin", "http://localhost:3000"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type, mcp-param-region,Mcp-Param-\u00e9, x-other"),
    ]
    request = head(*fields, method="OPTIONS")
    policy = Policy()
    assert policy.check(request) is None
    answer = policy.preflight(request)
    assert (type(answer), answer.status) == (ResponseHead, 204)
    told = dict(answer.headers)
    assert told[ALLOWED] == "http://localhost:3000"
    allowed = told["access-control-allow-headers"].lower().split(", ")
    for name in ("content-type", "authorization", "mcp-session-id", "mcp-protocol-version", "last-event-id"):
        assert name in allowed
    assert "mcp-param-region" in allowed
    assert not {"x-other", "mcp-param-\u00e9", "*"} & set(allowed)
    assert set(told["access-control-allow-methods"].split(", ")) == {"GET", "POST", "DELETE"}
    assert "Origin" in told["vary"]


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("POST", [("Origin", "http://localhost"), ("Access-Control-Request-Method", "POST")]),
        ("OPTIONS", [("Access-Control-Request-Method", "POST")]),
        ("OPTIONS", [("Origin", "http://localhost")]),
    ],
)
def test_what_does_not_ask_first_gets_no_such_answer(method, fields):
    assert Policy().preflight(head(*fields, method=method)) is None
