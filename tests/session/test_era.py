"""The era of each message (revisions 2024-11-05 to 2025-11-25, Lifecycle; 2026-07-28, Versioning, `_meta`).

What makes a request modern is our reading where the texts are silent: its `_meta` names a protocol
version or the client's capabilities, or its method exists in the modern era only.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.session.ends import CLIENT, MODERN

from sansmcp import schema
from sansmcp.schema import LEGACY_REVISIONS, METHODS, MODERN_REVISIONS, REVISIONS, Era, codec_for
from sansmcp.session.era import (
    LOG_LEVELS,
    ModernRequest,
    Refusal,
    RequestReader,
    RequestStamp,
    is_log_level,
    newest_common,
    progress_token_of,
    server_info_of,
    stamp_result,
    stamp_subscription,
    subscription_of,
    supported_by_error,
)
from sansmcp.values import ABSENT
from sansmcp.wire import Request

VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
INFO = "io.modelcontextprotocol/clientInfo"
LEVEL = "io.modelcontextprotocol/logLevel"
DUAL = RequestReader(REVISIONS, METHODS)
LEGACY_ONLY = RequestReader(LEGACY_REVISIONS, METHODS)
MODERN_ONLY = RequestReader(MODERN_REVISIONS, METHODS)
FULL = {VERSION: MODERN, CAPABILITIES: {}}


def read(reader, method="tools/list", meta=None, bound=None):
    params = None if meta is None else {"_meta": meta}
    found = reader.read(Request(id=1, method=method, params=params), bound)
    return found.code if isinstance(found, Refusal) else type(found) if found is not Era.LEGACY else found


@pytest.mark.parametrize(
    ("reader", "method", "meta", "bound", "expected"),
    [
        (DUAL, "tools/list", None, None, Era.LEGACY),
        (DUAL, "tools/list", {}, None, Era.LEGACY),
        (DUAL, "tools/list", {"io.modelcontextprotocol/related-task": {}}, None, Era.LEGACY),
        (DUAL, "initialize", None, None, Era.LEGACY),
        (DUAL, "tools/list", FULL, None, ModernRequest),
        (DUAL, "tools/list", FULL, "2025-11-25", ModernRequest),
        (DUAL, "tools/list", {VERSION: MODERN}, None, -32602),
        (DUAL, "tools/list", {CAPABILITIES: {}}, "2025-11-25", -32602),
        (DUAL, "server/discover", None, None, -32602),
        (DUAL, "subscriptions/listen", {}, None, -32602),
        (DUAL, "server/discover", None, "2025-11-25", Era.LEGACY),
        (DUAL, "initialize", FULL, None, -32601),
        (DUAL, "tools/list", {VERSION: "1900-01-01", CAPABILITIES: {}}, None, -32022),
        (DUAL, "tools/list", {VERSION: "2025-11-25", CAPABILITIES: {}}, None, -32022),
        (LEGACY_ONLY, "tools/list", FULL, None, -32022),
        (LEGACY_ONLY, "server/discover", None, None, Era.LEGACY),
        (MODERN_ONLY, "tools/list", None, None, -32602),
        (MODERN_ONLY, "tools/list", {}, None, -32602),
        (MODERN_ONLY, "initialize", {}, None, -32601),
        (MODERN_ONLY, "tools/list", {CAPABILITIES: {}}, None, -32602),
        (MODERN_ONLY, "tools/list", FULL, None, ModernRequest),
        (MODERN_ONLY, "initialize", None, None, -32601),
    ],
)
def test_the_era_of_a_request_follows_from_the_request_and_its_session(reader, method, meta, bound, expected):
    assert read(reader, method, meta, bound) == expected


@pytest.mark.parametrize("meta", ["text", [], 7, None])
def test_a_meta_that_is_no_object_proves_nothing(meta):
    found = DUAL.read(Request(id=1, method="tools/list", params={"_meta": meta}), None)
    assert found is Era.LEGACY


@pytest.mark.parametrize(
    ("meta", "text"),
    [
        (
            {VERSION: 20260728, CAPABILITIES: {}},
            f"params._meta['{VERSION}']: expected a string, found 20260728",
        ),
        ({CAPABILITIES: {}}, f"params._meta['{VERSION}']: expected a string, found nothing"),
        ({VERSION: MODERN}, f"params._meta['{CAPABILITIES}']: expected an object, found nothing"),
        (
            {VERSION: MODERN, CAPABILITIES: []},
            f"params._meta['{CAPABILITIES}']: expected an object, found []",
        ),
        ({**FULL, CAPABILITIES: {"roots": 1}}, "_meta: roots: expected an object, found 1"),
        ({**FULL, INFO: {"name": "x"}}, "_meta: version: expected a string, found nothing"),
        ({**FULL, LEVEL: "loud"}, f"_meta['{LEVEL}']: expected a log level, found 'loud'"),
        ({**FULL, LEVEL: []}, f"_meta['{LEVEL}']: expected a log level, found []"),
        ({**FULL, LEVEL: {}}, f"_meta['{LEVEL}']: expected a log level, found {{}}"),
    ],
)
def test_a_modern_request_whose_meta_is_incomplete_is_refused_and_told_what_is_wrong(meta, text):
    found = DUAL.read(Request(id=1, method="tools/list", params={"_meta": meta}), None)
    assert (found.code, found.message) == (-32602, text)


def test_an_unknown_version_is_answered_with_those_that_are_spoken():
    meta = {VERSION: "9" * 200, CAPABILITIES: {}}
    found = DUAL.read(Request(id=1, method="tools/list", params={"_meta": meta}), None)
    assert found.data == {"supported": list(reversed(REVISIONS)), "requested": "9" * 200}
    assert len(found.message) < 250
    assert ", ".join(reversed(REVISIONS)) in found.message


@pytest.mark.parametrize("requested", LEGACY_REVISIONS)
@pytest.mark.parametrize(
    ("reader", "supported"), [(DUAL, MODERN_REVISIONS), (MODERN_ONLY, MODERN_REVISIONS), (LEGACY_ONLY, None)]
)
def test_a_modern_request_in_a_legacy_version_is_told_what_it_may_name_instead(reader, supported, requested):
    meta = {VERSION: requested, CAPABILITIES: {}}
    found = reader.read(Request(id=1, method="tools/list", params={"_meta": meta}), None)
    # A server without a modern version names its legacy ones: they are where a client falls back to.
    assert found.data["supported"] == list(reversed(supported or LEGACY_REVISIONS))
    answers = [
        reader.read(Request(id=2, method="tools/list", params={"_meta": {**meta, VERSION: version}}), None)
        for version in found.data["supported"]
    ]
    assert all(isinstance(answer, ModernRequest) for answer in answers) == (supported is not None)


def test_a_modern_request_is_read_whole_and_anew_for_each():
    info = {"name": "n", "version": "v"}
    meta = {**FULL, CAPABILITIES: {"roots": {}}, INFO: info, LEVEL: "error", "progressToken": 1, "own": []}
    reader = RequestReader(REVISIONS, METHODS)
    first = reader.read(Request(id=1, method="tools/list", params={"_meta": meta}), None)
    assert first == ModernRequest(
        revision=MODERN,
        capabilities=schema.ClientCapabilities(roots=schema.RootsCapability()),
        client_info=schema.Implementation(name="n", version="v"),
        log_level="error",
    )
    # The same client again costs nothing, whatever else its `_meta` holds.
    again = {**meta, "progressToken": 2, "own": "other"}
    assert reader.read(Request(id=2, method="tools/call", params={"_meta": again}), None) is first
    other = {**FULL, CAPABILITIES: {"sampling": {}}}
    second = reader.read(Request(id=3, method="tools/list", params={"_meta": other}), None)
    assert (second.capabilities.roots, second.client_info, second.log_level) == (None, None, None)
    assert reader.read(Request(id=4, method="tools/list", params={"_meta": meta}), None) == first


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
metas = st.fixed_dictionaries(
    {}, optional={key: st.just(MODERN) | json_values for key in (VERSION, CAPABILITIES, INFO, LEVEL, "other")}
)


@given(
    st.sampled_from([DUAL, LEGACY_ONLY, MODERN_ONLY]),
    metas | json_values,
    st.sampled_from([None, "2025-06-18"]),
)
def test_any_meta_has_an_era_or_a_refusal(reader, meta, bound):
    for method in ("initialize", "tools/list", "server/discover", "x"):
        found = reader.read(Request(id=1, method=method, params={"_meta": meta}), bound)
        assert found is Era.LEGACY or isinstance(found, ModernRequest | Refusal)


# What is written into messages


def test_a_stamp_keeps_the_callers_members_and_takes_none_of_the_protocols():
    stamp = RequestStamp(MODERN, schema.ClientCapabilities(roots=schema.RootsCapability()), CLIENT)
    caller = {"traceparent": "00-1-2-01", "own": [1], VERSION: "lie"}
    params = {"name": "x", "_meta": caller}
    stamped = stamp.stamp(params, "warning")
    assert stamped == {
        "name": "x",
        "_meta": {
            "traceparent": "00-1-2-01",
            "own": [1],
            VERSION: MODERN,
            INFO: {"name": "client", "version": "1"},
            CAPABILITIES: {"roots": {}},
            LEVEL: "warning",
        },
    }
    assert params == {"name": "x", "_meta": {"traceparent": "00-1-2-01", "own": [1], VERSION: "lie"}}
    assert LEVEL not in stamp.stamp({})["_meta"]


def test_a_result_says_its_type_and_its_server_and_keeps_the_rest():
    info = {"name": "s", "version": "1"}
    assert stamp_result({"x": 1}, info) == {
        "x": 1,
        "resultType": "complete",
        "_meta": {"io.modelcontextprotocol/serverInfo": info},
    }
    mine = stamp_result({"resultType": "input_required", "_meta": {"a": 1}}, info)
    assert mine["resultType"] == "input_required"
    assert mine["_meta"] == {"io.modelcontextprotocol/serverInfo": info, "a": 1}


@pytest.mark.parametrize("id_", [7, "7", 0, ""])
def test_a_subscription_is_named_in_the_type_of_its_id(id_):
    stamped = stamp_subscription({"_meta": {"a": 1}}, id_)
    assert stamped["_meta"]["a"] == 1
    found = subscription_of(stamped)
    assert (found, type(found)) == (id_, type(id_))


@pytest.mark.parametrize(
    "params",
    [None, {}, {"_meta": None}, {"_meta": []}, {"_meta": {}}]
    + [{"_meta": {"io.modelcontextprotocol/subscriptionId": wrong}} for wrong in (None, True, 1.0, [], {})],
)
def test_what_is_no_id_names_no_subscription(params):
    assert subscription_of(params) is None


@pytest.mark.parametrize(
    ("token", "expected"),
    [(7, 7), ("7", "7"), (0, 0), ("", ""), (True, None), (None, None), (1.0, None), ([], None)],
)
def test_a_progress_token_is_a_text_or_an_integer_by_exact_type(token, expected):
    message = Request(id=1, method="x", params={"_meta": {"progressToken": token}})
    assert progress_token_of(message) == expected
    assert progress_token_of(Request(id=1, method="x", params={"_meta": [token]})) is None
    assert progress_token_of(Request(id=1, method="x")) is None


# What is read out of answers


@pytest.mark.parametrize(
    ("code", "data", "any_code", "expected"),
    [
        (-32022, {"supported": ["2026-07-28", "x"], "requested": "y"}, False, ("2026-07-28", "x")),
        (-32022, {"supported": ["a", 1, None]}, False, ("a",)),
        (-32022, {"supported": "2026-07-28"}, False, None),
        (-32022, ["2026-07-28"], False, None),
        (-32022, ABSENT, False, None),
        (-32601, {"supported": ["2026-07-28"]}, False, None),
        (-32601, {"supported": ["2026-07-28"]}, True, ("2026-07-28",)),
    ],
)
def test_an_error_names_versions_where_it_has_the_form_for_it(code, data, any_code, expected):
    assert supported_by_error(code, data, any_code=any_code) == expected


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        (None, None),
        ({}, None),
        ({"io.modelcontextprotocol/serverInfo": {"name": "n", "version": "v"}}, "n"),
        ({"io.modelcontextprotocol/serverInfo": "n"}, None),
    ],
)
def test_a_server_that_says_badly_who_it_is_is_nobody(meta, expected):
    found = server_info_of(meta, codec_for(MODERN))
    assert (None if found is None else found.name) == expected


@given(
    st.lists(st.sampled_from([*REVISIONS, "1999-01-01", ""])),
    st.lists(st.sampled_from(REVISIONS), min_size=1),
)
def test_the_newest_common_revision_is_in_both_lists_and_no_newer_one_is(offered, ours):
    found = newest_common(offered, ours)
    assert found == max(set(offered) & set(ours), default=None)


def test_the_levels_of_log_messages_rise_from_debug_to_emergency():
    assert list(LOG_LEVELS) == [
        "debug",
        "info",
        "notice",
        "warning",
        "error",
        "critical",
        "alert",
        "emergency",
    ]
    assert list(LOG_LEVELS.values()) == list(range(8))
    assert is_log_level("notice")
    assert not any(is_log_level(value) for value in ("Notice", "", None, 1, [], {}))
