"""What a modern request repeats in header fields (2026-07-28, Streamable HTTP, Request Metadata)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import against_garbage

from sansmcp.errors import LocalProtocolError
from sansmcp.http import Headers, claims_of, decode_value, encode_value, mirrored_headers
from sansmcp.wire import Notification, Request

LATEST = "2026-07-28"
VERSION = ("MCP-Protocol-Version", LATEST)
METHOD = ("Mcp-Method", "tools/call")
NAME = ("Mcp-Name", "echo")
REGION = {"Region": ("region",)}


def call(arguments=None, **more):
    params = {"name": "echo", **({} if arguments is None else {"arguments": arguments}), **more}
    return Request(id=1, method="tools/call", params=params)


def claims(*fields, message=None, parameters=None):
    return claims_of(Headers(fields), message or call(), parameters)


def claims_of_region(value, *fields):
    message = call({"region": value})
    given_fields = [("Mcp-Param-Region", field) for field in fields]
    return claims(VERSION, METHOD, NAME, *given_fields, message=message, parameters=REGION)


# Values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("us-west1", "us-west1"),
        ("two words", "two words"),
        ("a\r\nX-Evil: 1", "=?base64?YQ0KWC1FdmlsOiAx?="),
        ("w\u00e9ather", "=?base64?d8OpYXRoZXI=?="),
        (" pad ", "=?base64?IHBhZCA=?="),
        ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ("=?base64?=", "=?base64?PT9iYXNlNjQ/PQ==?="),
        ("=?base64?half", "=?base64?half"),
        ("\t", "=?base64?CQ==?="),
        ("\x7f", "=?base64?fw==?="),
        ("", "=?base64??="),
    ],
)
def test_a_value_is_plain_or_in_base64_and_is_read_again(text, value):
    assert encode_value(text) == value
    assert decode_value(value) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_through_and_leaves_no_line(text):
    value = encode_value(text)
    assert decode_value(value) == text
    assert value.isascii()
    assert value.isprintable()
    assert value == value.strip()


def test_half_of_a_surrogate_pair_is_refused():
    with pytest.raises(LocalProtocolError, match="surrogate"):
        encode_value("\ud800")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  echo  ", "echo"),
        ("\techo", "echo"),
        ("a\tb", "a\tb"),
        ("SGVsbG8=", "SGVsbG8="),
        ("=?base64?SGVsbG8=?=", "Hello"),
        ("=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
        ("SGVsbG8=?=", "SGVsbG8=?="),
        ("=?BASE64?ZWNobw==?=", "=?BASE64?ZWNobw==?="),
        ("=?base64?=", "=?base64?="),
        ("", ""),
    ],
)
def test_only_both_markers_make_base64(value, text):
    assert decode_value(value) == text


@pytest.mark.parametrize(
    "value",
    [
        "=?base64?SGVsbG8?=",
        "=?base64?SGVs!!!bG8=?=",
        "=?base64?SGVs bG8=?=",
        "=?base64?aB==?=",
        "=?base64?/////w==?=",
        "=?base64?7aCA?=",
        "=?base64?SGVsbG8=\t?=",
        "=?base64?SGVsbG8_?=",
        "w\u00e9ather",
        "a\x00b",
        "a\nb",
        "a\x7f",
    ],
)
def test_base64_that_is_not_canonical_and_other_characters_are_malformed(value):
    assert decode_value(value) is None


@against_garbage
@given(st.text(st.sampled_from("=?base64ABC+/ \t\n\u00e9"), max_size=40))
def test_any_value_is_read_without_an_exception_and_one_way_only(inner):
    for value in (inner, f"=?base64?{inner}?="):
        text = decode_value(value)
        assert text is None or decode_value(encode_value(text)) == text


# What a client sends


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("tools/call", {"name": "w\u00e9ather"}, "=?base64?d8OpYXRoZXI=?="),
        ("prompts/get", {"name": "p"}, "p"),
        ("resources/read", {"uri": "file:///a"}, "file:///a"),
        ("tasks/get", {"taskId": "t"}, "t"),
        ("tasks/update", {"taskId": "t"}, "t"),
        ("tasks/cancel", {"taskId": "t"}, "t"),
    ],
)
def test_a_request_repeats_its_method_and_what_it_names(method, params, name):
    message = Request(id=1, method=method, params=params)
    assert mirrored_headers(message, LATEST) == (VERSION, ("Mcp-Method", method), ("Mcp-Name", name))


@pytest.mark.parametrize(
    ("method", "params"),
    [("tools/list", {"name": "x"}), ("tools/list", None), ("tools/call", None), ("tools/call", {"name": 7})],
)
def test_what_names_nothing_has_no_name(method, params):
    message = Request(id=1, method=method, params=params)
    assert mirrored_headers(message, LATEST) == (VERSION, ("Mcp-Method", method))


def test_a_notification_repeats_its_method():
    assert mirrored_headers(Notification(method="n"), LATEST) == (VERSION, ("Mcp-Method", "n"))


def test_a_legacy_request_names_its_revision_after_the_handshake_where_the_revision_says_so():
    for revision in ("2025-06-18", "2025-11-25"):
        assert mirrored_headers(call(), revision) == (("MCP-Protocol-Version", revision),)
        assert mirrored_headers(Request(id=1, method="initialize"), revision) == ()
    for revision in ("2024-11-05", "2025-03-26"):
        assert mirrored_headers(call(), revision) == ()


@pytest.mark.parametrize("method", ["a\r\nX-Evil: 1", "m\u00e9thode", "", " padded"])
def test_a_method_that_no_header_can_repeat_is_refused(method):
    with pytest.raises(LocalProtocolError, match="the method is"):
        mirrored_headers(Request(id=1, method=method), LATEST)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("us-west1", "us-west1"),
        ("", "=?base64??="),
        ("a\r\nX-Evil: 1", "=?base64?YQ0KWC1FdmlsOiAx?="),
        (42, "42"),
        (-7, "-7"),
        (42.0, "42"),
        (0, "0"),
        (2**53 - 1, "9007199254740991"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_an_argument_is_repeated_by_its_type_and_our_own_server_agrees(value, field):
    message = call({"region": value})
    headers = mirrored_headers(message, LATEST, REGION)
    assert headers[3:] == (("Mcp-Param-Region", field),)
    read = claims_of(Headers(headers), message, REGION)
    assert (read.version, read.fault, read.conflict) == (LATEST, None, None)


@pytest.mark.parametrize("arguments", [None, {}, {"region": None}, {"region": 1.5}, {"region": ["x"]}, "x"])
def test_what_is_absent_null_or_of_no_such_type_is_left_out_and_our_own_server_agrees(arguments):
    message = call(arguments)
    headers = mirrored_headers(message, LATEST, REGION)
    assert len(headers) == 3
    assert claims_of(Headers(headers), message, REGION).conflict is None


@pytest.mark.parametrize("number", [2**53, -(2**53), 1e300, pytest.param(10**5000, id="huge")])
def test_a_number_that_others_would_round_is_refused(number):
    with pytest.raises(LocalProtocolError, match=r"the argument deep\.region is .*Mcp-Param-Region"):
        mirrored_headers(call({"deep": {"region": number}}), LATEST, {"Region": ("deep", "region")})


@given(st.text(), st.text(), st.text(), st.text())
def test_whatever_is_repeated_leaves_no_line(method, name, region, key):
    message = Request(id=1, method=method, params={"name": name, "arguments": {key: region}})
    try:
        headers = mirrored_headers(message, LATEST, {"Region": (key,)})
    except LocalProtocolError:
        return
    assert all(value.isascii() and value.isprintable() for _, value in headers)


# What a server reads


def test_what_is_there_and_agrees_is_neither_a_fault_nor_a_conflict():
    read = claims(
        ("mcp-protocol-version", " 2026-07-28\t"), ("MCP-METHOD", "tools/call "), ("Mcp-Name", "  echo  ")
    )
    assert (read.version, read.fault, read.conflict) == (LATEST, None, None)


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ([METHOD, NAME], "MCP-Protocol-Version"),
        ([VERSION, NAME], "Mcp-Method"),
        ([VERSION, METHOD], "Mcp-Name"),
        ([VERSION, METHOD, ("Mcp_Name", "echo")], "Mcp-Name"),
    ],
)
def test_a_field_that_is_missing_is_a_fault(fields, missing):
    assert claims(*fields).fault == f"{missing} is missing; expected it with every 'tools/call'"


def test_what_names_nothing_needs_no_name():
    fields = [VERSION, ("Mcp-Method", "tools/list"), ("Mcp-Name", "anything")]
    read = claims(*fields, message=Request(id=1, method="tools/list"))
    assert (read.fault, read.conflict) == (None, None)


@pytest.mark.parametrize("field", [VERSION, METHOD, NAME])
def test_a_field_that_is_there_twice_is_a_fault(field):
    assert claims(VERSION, METHOD, NAME, field).fault == f"{field[0]} is there 2 times; expected it once"


@pytest.mark.parametrize("name", ["=?base64?ZW!!Nobw==?=", "=?base64?/////w==?=", "\u00e9"])
def test_a_name_that_cannot_be_read_is_a_fault(name):
    assert claims(VERSION, METHOD, ("Mcp-Name", name)).fault.startswith("Mcp-Name is ")


def test_a_notification_needs_none_and_what_it_repeats_is_compared():
    message = Notification(method="n", params={})
    read = claims(message=message)
    assert (read.version, read.fault, read.conflict) == (None, None, None)
    assert claims(("Mcp-Method", "n"), message=message).conflict is None
    assert claims(("Mcp-Method", "m"), message=message).conflict is not None
    assert claims(VERSION, VERSION, message=message).fault is not None


@pytest.mark.parametrize("method", ["tools/list", "TOOLS/CALL", "=?base64?dG9vbHMvY2FsbA==?="])
def test_another_method_is_a_conflict(method):
    conflict = claims(VERSION, ("Mcp-Method", method), NAME).conflict
    assert conflict == f"Mcp-Method is {method!r}; the body says 'tools/call'"


@pytest.mark.parametrize("name", ["other", "ECHO", "echo,echo", "=?BASE64?ZWNobw==?=", ""])
def test_another_name_is_a_conflict(name):
    assert (
        claims(VERSION, METHOD, ("Mcp-Name", name)).conflict == f"Mcp-Name is {name!r}; the body says 'echo'"
    )


@pytest.mark.parametrize("params", [None, {}, {"name": 7}, {"name": None}])
def test_a_name_where_the_body_has_none_is_a_conflict(params):
    read = claims(VERSION, METHOD, NAME, message=Request(id=1, method="tools/call", params=params))
    assert read.conflict.startswith("Mcp-Name is 'echo'; the body says ")


def test_a_name_in_base64_is_compared_as_it_was_before():
    assert claims(VERSION, METHOD, ("Mcp-Name", "=?base64?ZWNobw==?=")).conflict is None


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("Hello", "=?base64?SGVsbG8=?="),
        ("Hello", "Hello"),
        ("SGVsbG8=", "SGVsbG8="),
        ("=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
        ("42", "42"),
        (42, "42.0"),
        (42.0, "42"),
        (42, "42.000"),
        (-7, "-7"),
        (0, "-0"),
        (42, "=?base64?NDI=?="),
        (2**53 + 1, "9007199254740993"),
        (True, "true"),
    ],
)
def test_an_argument_agrees_as_text_or_as_number(value, field):
    assert claims_of_region(value, field).conflict is None


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("Hello", "=?base64?SGVsbG8?="),
        ("Hello", "=?base64?SGVs!!!bG8=?="),
        ("Hello", "hello"),
        ("42", "42.0"),
        (42, "43"),
        (42, "042"),
        (42, "+42"),
        (42, "42.5"),
        (42, "4.2e1"),
        (42, "0x2a"),
        (42, "4_2"),
        (42, "\u0664\u0662"),
        pytest.param(42, "9" * 5000, id="huge"),
        (2**53 + 1, "9007199254740992"),
        (1, "true"),
        (True, "1"),
        (True, "True"),
        (1.5, "1.5"),
        (["x"], "x"),
        ({}, "{}"),
        (None, "x"),
        (None, ""),
    ],
)
def test_an_argument_that_differs_is_a_conflict(value, field):
    assert claims_of_region(value, field).conflict.startswith("Mcp-Param-Region is ")


def test_an_argument_without_its_field_or_with_two_is_a_conflict():
    assert claims_of_region("x").conflict == "Mcp-Param-Region is missing; the body says 'x'"
    assert claims_of_region("x", "x", "x").conflict == "Mcp-Param-Region is there 2 times; expected it once"
    assert claims_of_region(None).conflict is None


def test_fields_of_no_argument_are_ignored():
    fields = [VERSION, METHOD, NAME, ("Mcp-Param-Other", "=?base64?!?=")]
    assert claims(*fields, message=call({"region": "x"})).conflict is None


def test_a_way_that_ends_early_leads_to_no_argument():
    deep = {"Region": ("deep", "region")}
    for arguments in ({"deep": "x"}, {"deep": {}}, {}):
        assert claims(VERSION, METHOD, NAME, message=call(arguments), parameters=deep).conflict is None


def test_long_values_are_cut_in_what_is_said():
    message = call({"region": "x" * 1000}, name="y" * 1000)
    read = claims(VERSION, METHOD, ("Mcp-Name", "z" * 1000), message=message)
    assert len(read.conflict) < 200
