"""What headers say of a request: the era, and the order of checks (2026-07-28, Streamable HTTP).

The order, where the texts are silent: required headers, required `_meta`, header against body, version,
and then method, capability and params. A modern body under a legacy header never takes the legacy path.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.session.ends import (
    CLIENT,
    META,
    MODERN,
    SERVER,
    events,
    make_server,
    modern,
    open_server,
    request,
    take,
)

from sansmcp.errors import LocalProtocolError
from sansmcp.schema import LEGACY_REVISIONS, METHODS, MODERN_REVISIONS, REVISIONS, Era
from sansmcp.session import HeaderClaims, ProtocolViolated, RequestReader, Shared
from sansmcp.session.era import ModernRequest, Refusal
from sansmcp.wire import Request, decode

VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
FULL = {VERSION: MODERN, CAPABILITIES: {}}
DUAL = RequestReader(REVISIONS, METHODS)
MODERN_ONLY = RequestReader(MODERN_REVISIONS, METHODS)
LEGACY_ONLY = RequestReader(LEGACY_REVISIONS, METHODS)
NONE = HeaderClaims(fault="MCP-Protocol-Version: expected it, found none")
LEGACY = HeaderClaims(version="2025-06-18", fault="Mcp-Method: expected it, found none")
BARE = HeaderClaims(version=MODERN, fault="Mcp-Method: expected it, found none")
GOOD = HeaderClaims(version=MODERN)
UNLIKE = HeaderClaims(version=MODERN, conflict="Mcp-Name: expected 'a', found 'b'")
OLD = HeaderClaims(version="2025-06-18")
FUTURE = HeaderClaims(version="2099-01-01")


def read(reader, meta, claims, method="tools/call", bound=None):
    params = None if meta is None else {"_meta": meta}
    found = reader.read(Request(id=1, method=method, params=params), bound, claims)
    if isinstance(found, ModernRequest):
        return "modern"
    return found.code if isinstance(found, Refusal) else found


@pytest.mark.parametrize(
    ("reader", "meta", "claims", "expected"),
    [
        # Nothing modern about it: what modern headers lack is no fault.
        (DUAL, None, NONE, Era.LEGACY),
        (DUAL, None, LEGACY, Era.LEGACY),
        (DUAL, {}, OLD, Era.LEGACY),
        (DUAL, None, HeaderClaims(version="tomorrow"), Era.LEGACY),
        (DUAL, None, HeaderClaims(version="2025-12-01"), Era.LEGACY),
        (DUAL, FULL, GOOD, "modern"),
        # The order of checks.
        (DUAL, {VERSION: "2099-01-01"}, BARE, -32020),
        (DUAL, {CAPABILITIES: {}}, UNLIKE, -32602),
        (DUAL, {VERSION: MODERN}, UNLIKE, -32602),
        (DUAL, None, GOOD, -32602),
        (DUAL, None, FUTURE, -32602),
        (DUAL, FULL, UNLIKE, -32020),
        (DUAL, FULL, FUTURE, -32020),
        (DUAL, {**FULL, VERSION: "2099-01-01"}, UNLIKE, -32020),
        (DUAL, {**FULL, VERSION: "2099-01-01"}, HeaderClaims(version="2099-01-01", conflict="x"), -32020),
        (DUAL, {**FULL, VERSION: "2099-01-01"}, FUTURE, -32022),
        # A modern body under a legacy header, or under none.
        (DUAL, FULL, OLD, -32020),
        (DUAL, FULL, LEGACY, -32020),
        (DUAL, FULL, NONE, -32020),
        (DUAL, FULL, HeaderClaims(), -32020),
        (DUAL, {**FULL, VERSION: "2025-06-18"}, OLD, -32022),
        (LEGACY_ONLY, FULL, GOOD, -32022),
        (LEGACY_ONLY, None, GOOD, -32602),
        (LEGACY_ONLY, None, OLD, Era.LEGACY),
        (MODERN_ONLY, None, NONE, -32020),
        (MODERN_ONLY, None, OLD, -32602),
        (MODERN_ONLY, FULL, GOOD, "modern"),
    ],
)
def test_the_checks_of_a_request_with_headers_come_in_their_order(reader, meta, claims, expected):
    assert read(reader, meta, claims) == expected
    message = Request(id=1, method="tools/call", params=None if meta is None else {"_meta": meta})
    assert reader.is_modern(message, None, claims) is (expected is not Era.LEGACY)


def test_a_good_request_is_read_again_and_a_bad_one_after_it_is_still_refused():
    reader = RequestReader(REVISIONS, METHODS)
    assert [read(reader, FULL, claims) for claims in (GOOD, UNLIKE, GOOD, OLD)] == [
        "modern",
        -32020,
        "modern",
        -32020,
    ]


@pytest.mark.parametrize(
    ("claims", "meta", "code"),
    [(NONE, None, -32020), (BARE, None, -32020), (GOOD, FULL, -32601), (GOOD, None, -32601)],
)
def test_a_client_that_opens_a_session_where_there_are_none_learns_what_is_spoken(claims, meta, code):
    params = {"protocolVersion": "2025-11-25"} if meta is None else {"_meta": meta}
    found = MODERN_ONLY.read(Request(id=1, method="initialize", params=params), None, claims)
    assert isinstance(found, Refusal)
    assert (found.code, found.data) == (code, {"supported": [MODERN]})
    assert MODERN in found.message


def test_to_open_a_session_under_a_modern_header_is_a_request_of_that_era():
    message = Request(id=1, method="initialize", params={"protocolVersion": "2025-11-25"})
    assert DUAL.read(message, None, LEGACY) is Era.LEGACY
    assert DUAL.read(message, None, GOOD).code == -32601


def test_a_method_that_is_modern_alone_is_modern_where_no_session_is_bound():
    message = Request(id=1, method="server/discover")
    assert DUAL.read(message, None, NONE).code == -32020
    assert DUAL.read(message, None, HeaderClaims(version="2025-06-18")).code == -32602
    assert DUAL.read(message, "2025-06-18", OLD) is Era.LEGACY


TEXTS = st.none() | st.sampled_from([*REVISIONS, "2099-01-01", "x"])
CLAIMS = st.builds(
    HeaderClaims, version=TEXTS, fault=st.none() | st.just("fault"), conflict=st.none() | st.just("conflict")
)
METAS = st.none() | st.fixed_dictionaries(
    {},
    optional={VERSION: TEXTS, CAPABILITIES: st.just({}) | st.none(), "other": st.none()},
)


@given(
    st.sampled_from([DUAL, MODERN_ONLY, LEGACY_ONLY]),
    METAS,
    CLAIMS,
    st.sampled_from(["tools/list", "initialize", "server/discover"]),
    st.none() | st.sampled_from(LEGACY_REVISIONS),
)
def test_whatever_is_claimed_has_one_reading_and_it_is_said_in_advance(reader, meta, claims, method, bound):
    message = Request(id=1, method=method, params=None if meta is None else {"_meta": meta})
    found = reader.read(message, bound, claims)
    assert (found is Era.LEGACY) is not reader.is_modern(message, bound, claims)
    if isinstance(found, ModernRequest):
        assert claims.fault is None
        assert claims.conflict is None
        assert claims.version == found.revision == meta[VERSION]
    elif isinstance(found, Refusal) and claims.fault is not None:
        assert found.code == -32020


# Through a session


def say(server, message, claims):
    decoded = decode(json.dumps(message).encode())
    server.receive_message(decoded, 0.0, claims=claims)


def test_what_is_wrong_with_headers_is_answered_under_the_id_of_the_request():
    server = make_server()
    say(server, modern(7, "tools/list"), UNLIKE)
    (answer,) = take(server)
    assert (answer["id"], answer["error"]) == (
        7,
        {"code": -32020, "message": "Mcp-Name: expected 'a', found 'b'"},
    )
    assert server.has_in_flight(7) is False


def test_headers_belong_to_one_message_alone():
    server = make_server()
    say(server, modern(1, "tools/list"), UNLIKE)
    take(server), events(server)
    say(server, modern(2, "tools/list"), None)
    assert [event.request_id for event in events(server)] == [2]


def test_the_headers_of_a_legacy_request_are_no_matter_of_its_session():
    server = open_server("2025-06-18")
    say(server, request(1, "tools/list"), LEGACY)
    assert [event.request_id for event in events(server)] == [1]
    say(server, request(2, "tools/list", {"_meta": META}), LEGACY)
    assert take(server)[0]["error"]["code"] == -32020
    (violated,) = events(server)
    assert isinstance(violated, ProtocolViolated)
    assert (violated.code, violated.request_id) == (-32020, 2)


def test_sessions_may_share_what_reads_their_requests():
    shared = Shared(SERVER)
    for server in (make_server(shared=shared), make_server(shared=shared)):
        say(server, modern(1, "tools/list"), GOOD)
        assert [event.request_id for event in events(server)] == [1]


def test_what_others_share_is_refused():
    with pytest.raises(LocalProtocolError, match="shared: expected what sessions with this info"):
        make_server(shared=Shared(CLIENT))
