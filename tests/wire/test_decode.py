"""Messages from bytes: JSON-RPC 2.0, sections 4 to 6, as MCP narrows it (Base Protocol, Messages)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.effort import against_garbage
from tests.wire.documents import at_depth, deepest_call, objects

from sansmcp.values import ABSENT
from sansmcp.wire import (
    Batch,
    ErrorObject,
    ErrorResponse,
    Limits,
    Notification,
    Request,
    Response,
    Shape,
    Violation,
    decode,
)


def read(text: str):
    return decode(text.encode())


@against_garbage
@given(st.binary(max_size=80))
def test_any_bytes_are_a_message_a_batch_or_a_violation(data: bytes) -> None:
    assert isinstance(decode(data), (Request, Notification, Response, ErrorResponse, Batch, Violation))


@given(objects, st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error"]), objects)
def test_any_object_is_a_message_or_a_violation_of_its_envelope(members, name, value) -> None:
    envelope = {"jsonrpc": "2.0", "id": 1, **members, name: value}
    found = read(json.dumps(envelope))
    assert not isinstance(found, Violation) or found.code == -32600


def test_a_request_has_an_id_and_a_method() -> None:
    assert read('{"jsonrpc":"2.0","id":1,"method":"ping"}') == Request(id=1, method="ping")
    assert read('{"method":"m","params":{"a":[1]},"id":"7","jsonrpc":"2.0"}') == Request(
        id="7", method="m", params={"a": [1]}
    )


@pytest.mark.parametrize("request_id", [0, -1, 2**53 + 1, 10**30, "", "7", "\u00e9\x00"])
def test_any_string_or_integer_is_an_id(request_id) -> None:
    found = read(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": "ping"}))
    assert found == Request(id=request_id, method="ping")
    assert type(found.id) is type(request_id)


def test_a_notification_has_a_method_and_no_id() -> None:
    assert read('{"jsonrpc":"2.0","method":"n"}') == Notification(method="n")
    assert read('{"jsonrpc":"2.0","method":"n","params":{}}') == Notification(method="n", params={})


def test_a_response_has_an_id_and_a_result() -> None:
    assert read('{"jsonrpc":"2.0","id":1,"result":{"a":null}}') == Response(id=1, result={"a": None})


@pytest.mark.parametrize(
    ("member", "expected"), [('"id":3,', 3), ('"id":"x",', "x"), ('"id":null,', None), ("", ABSENT)]
)
def test_an_error_response_has_an_id_or_null_or_none(member: str, expected) -> None:
    found = read(f'{{"jsonrpc":"2.0",{member}"error":{{"code":-32700,"message":"no"}}}}')
    assert found == ErrorResponse(id=expected, error=ErrorObject(code=-32700, message="no"))


def test_null_data_of_an_error_is_not_missing_data() -> None:
    found = read('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","data":null}}')
    assert found.error == ErrorObject(code=1, message="", data=None)
    assert found.error != ErrorObject(code=1, message="")


def test_members_that_json_rpc_does_not_name_are_kept() -> None:
    assert read('{"jsonrpc":"2.0","id":1,"method":"m","x":1,"Method":null}').extra == {"x": 1, "Method": None}
    assert read('{"jsonrpc":"2.0","method":"m","x":{}}').extra == {"x": {}}
    assert read('{"jsonrpc":"2.0","id":1,"result":{},"x":1,"params":[]}').extra == {"x": 1, "params": []}
    found = read('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","y":2},"x":1}')
    assert (found.extra, found.error.extra) == ({"x": 1}, {"y": 2})
    assert read('{"jsonrpc":"2.0","id":1,"method":"m"}').extra == {}


def test_the_size_is_that_of_the_bytes_and_takes_no_part_in_comparison() -> None:
    tight = decode(b'{"jsonrpc":"2.0","method":"n"}')
    wide = decode(b' {"jsonrpc": "2.0", "method": "n"}\r')
    assert (tight.size, wide.size) == (30, 35)
    assert tight == wide


def test_whitespace_around_a_message_is_allowed() -> None:
    assert decode(b' \t\r\n{"jsonrpc":"2.0","method":"n"}\r') == Notification(method="n")


def test_separators_of_other_kinds_of_lines_are_characters_like_any_other() -> None:
    data = b'{"jsonrpc":"2.0","method":"n","params":{"x":"a\xe2\x80\xa8\xe2\x80\xa9\xc2\x85\xef\xbb\xbfb"}}\r'
    assert decode(data).params == {"x": "a\u2028\u2029\u0085\ufeffb"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("42", "a message is 42; expected an object"),
        ("null", "a message is null; expected an object"),
        ("false", "a message is false; expected an object"),
        ('"x"', "a message is 'x'; expected an object"),
        ("1.5", "a message is 1.5; expected an object"),
        ("9" * 1000, "a message is a large integer; expected an object"),
        ("{}", "jsonrpc is missing; expected '2.0'"),
        ('{"jsonrpc":"2.0"}', "method, result and error are missing; expected one of them"),
        ('{"jsonrpc":"2.0","Method":"m"}', "method, result and error are missing; expected one of them"),
        (
            '{"jsonrpc":"2.0","method\\u0000":"m"}',
            "method, result and error are missing; expected one of them",
        ),
        ('{"jsonrpc":2.0}', "jsonrpc is 2.0; expected '2.0'"),
        ('{"jsonrpc":null}', "jsonrpc is null; expected '2.0'"),
        ('{"jsonrpc":["2.0"]}', "jsonrpc is an array; expected '2.0'"),
        ('{"jsonrpc":{}}', "jsonrpc is an object; expected '2.0'"),
        ('{"JSONRPC":"2.0"}', "jsonrpc is missing; expected '2.0'"),
    ],
)
def test_what_is_no_message_says_so_and_has_no_shape(text: str, message: str) -> None:
    assert read(text) == Violation(code=-32600, text=message, excerpt=text[:80])


@pytest.mark.parametrize(
    ("members", "message", "shape", "method"),
    [
        ('"jsonrpc":"1.0","method":"m"', "jsonrpc is '1.0'; expected '2.0'", Shape.REQUEST, "m"),
        ('"method":"m"', "jsonrpc is missing; expected '2.0'", Shape.REQUEST, "m"),
        ('"jsonrpc":"2.0","method":12', "method is 12; expected a string", Shape.REQUEST, None),
        ('"jsonrpc":"2.0","method":null', "method is null; expected a string", Shape.REQUEST, None),
        (
            '"jsonrpc":"2.0","method":"m","params":[1]',
            "params is an array; expected an object",
            Shape.REQUEST,
            "m",
        ),
        (
            '"jsonrpc":"2.0","method":"m","params":"x"',
            "params is 'x'; expected an object",
            Shape.REQUEST,
            "m",
        ),
        (
            '"jsonrpc":"2.0","method":"m","params":null',
            "params is null; expected an object",
            Shape.REQUEST,
            "m",
        ),
        (
            '"jsonrpc":"2.0","method":"m","params":{},"result":{}',
            "method comes with result or error; expected one of them",
            Shape.REQUEST,
            "m",
        ),
        (
            '"jsonrpc":"2.0","method":"m","error":{}',
            "method comes with result or error; expected one of them",
            Shape.REQUEST,
            "m",
        ),
        ('"jsonrpc":"2.0","result":[]', "result is an array; expected an object", Shape.RESPONSE, None),
        ('"jsonrpc":"2.0","result":null', "result is null; expected an object", Shape.RESPONSE, None),
        (
            '"jsonrpc":"2.0","result":{},"error":{"code":1,"message":""}',
            "result comes with error; expected one of them",
            Shape.RESPONSE,
            None,
        ),
        ('"jsonrpc":"2.0","error":"x"', "error is 'x'; expected an object", Shape.RESPONSE, None),
        (
            '"jsonrpc":"2.0","error":{"message":""}',
            "error.code is missing; expected an integer",
            Shape.RESPONSE,
            None,
        ),
        (
            '"jsonrpc":"2.0","error":{"code":1.0,"message":""}',
            "error.code is 1.0; expected an integer",
            Shape.RESPONSE,
            None,
        ),
        (
            '"jsonrpc":"2.0","error":{"code":true,"message":""}',
            "error.code is true; expected an integer",
            Shape.RESPONSE,
            None,
        ),
        (
            '"jsonrpc":"2.0","error":{"code":1}',
            "error.message is missing; expected a string",
            Shape.RESPONSE,
            None,
        ),
        (
            '"jsonrpc":"2.0","error":{"code":1,"message":{}}',
            "error.message is an object; expected a string",
            Shape.RESPONSE,
            None,
        ),
        ('"result":{}', "jsonrpc is missing; expected '2.0'", Shape.RESPONSE, None),
        (
            '"jsonrpc":"2.0"',
            "method, result and error are missing; expected one of them",
            Shape.UNKNOWN,
            None,
        ),
    ],
)
def test_a_malformed_envelope_keeps_its_id_and_its_shape(
    members: str, message: str, shape: Shape, method
) -> None:
    for request_id in (7, "7", 0, ""):
        text = f'{{"id":{json.dumps(request_id)},{members}}}'
        assert read(text) == Violation(
            code=-32600, text=message, request_id=request_id, shape=shape, method=method, excerpt=text[:80]
        )


@pytest.mark.parametrize(
    ("spelled", "shown"),
    [
        ("null", "null"),
        ("true", "true"),
        ("1.0", "1.0"),
        ("1e3", "1000.0"),
        ("[]", "an array"),
        ("{}", "an object"),
    ],
)
def test_what_is_neither_string_nor_integer_is_no_id_and_is_not_repeated(spelled: str, shown: str) -> None:
    bodies = {
        '"method":"m"': (Shape.REQUEST, "m"),
        '"result":{}': (Shape.RESPONSE, None),
        '"error":{"code":1,"message":""}': (Shape.RESPONSE, None),
    }
    for body, (shape, method) in bodies.items():
        if spelled == "null" and "error" in body:
            continue
        text = f'{{"jsonrpc":"2.0","id":{spelled},{body}}}'
        assert read(text) == Violation(
            code=-32600,
            text=f"id is {shown}; expected a string or an integer",
            shape=shape,
            method=method,
            excerpt=text,
        )


def test_a_result_without_an_id_answers_nothing() -> None:
    found = read('{"jsonrpc":"2.0","result":{}}')
    assert found.text == "id is missing; expected a string or an integer"
    assert found.shape is Shape.RESPONSE


def test_a_malformed_notification_is_told_by_its_method() -> None:
    found = read('{"jsonrpc":"2.0","method":"n","params":[]}')
    assert (found.shape, found.method, found.request_id) == (Shape.NOTIFICATION, "n", ABSENT)


@pytest.mark.parametrize(
    "data",
    [
        b"Starting server...",
        b"\xff\xfe",
        b'{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}',
        b'{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}',
        b'{"jsonrpc":"2.0","id":1,"method":"a"}{"jsonrpc":"2.0","id":2,"method":"b"}',
        b'{"jsonrpc":"2.0","id":1,"method":"a"}x',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":"\x00"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1e400}}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":' + b"9" * 5000 + b"}}",
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":' + b"[" * 63 + b"]" * 63 + b"}}",
        b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"a"}',
        '{"jsonrpc":"2.0","id":1,"method":"a"}'.encode("utf-16"),
    ],
)
def test_of_what_is_not_strict_json_nothing_is_read(data: bytes) -> None:
    found = decode(data)
    assert (found.code, found.request_id, found.shape, found.method) == (-32700, ABSENT, Shape.UNKNOWN, None)
    assert found.text


def test_an_excerpt_is_the_first_80_characters_with_bytes_that_are_no_text_escaped() -> None:
    assert decode(b"\xff\x00x").excerpt == "\\xff\x00x"
    assert decode(b"\xf0\x9f\x98\x80" * 100).excerpt == "\U0001f600" * 80
    assert decode(b"\xf0\x9f\x98" * 1000).excerpt == "\\xf0\\x9f\\x98" * 6 + "\\xf0\\x9f"
    assert decode(b"").excerpt == ""


def test_found_values_are_cut_at_80_characters() -> None:
    found = read(json.dumps({"jsonrpc": "x" * 500}))
    assert found.text == f"jsonrpc is '{'x' * 79}; expected '2.0'"


def test_an_array_is_a_batch_in_its_order() -> None:
    data = (
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"},'
        b'{"jsonrpc":"2.0","method":"n"},{"jsonrpc":"2.0","id":1,"result":{}}]'
    )
    found = decode(data)
    assert found == Batch(
        messages=(Request(id=1, method="ping"), Notification(method="n"), Response(id=1, result={}))
    )
    assert found.size == len(data)
    assert [item.size for item in found.messages] == [-(-len(data) // 3)] * 3


def test_an_item_of_a_batch_that_is_no_message_costs_that_item() -> None:
    found = read('[1,{"jsonrpc":"2.0","id":3},[],{"jsonrpc":"2.0","id":4,"method":"m"}]')
    number, object_, array, request = found.messages
    assert (number.code, number.text) == (-32600, "an item of a batch is 1; expected an object")
    assert (object_.code, object_.request_id) == (-32600, 3)
    assert (array.code, array.text) == (-32600, "an item of a batch is an array; expected an object")
    assert request == Request(id=4, method="m")


def test_a_batch_is_neither_empty_nor_longer_than_the_limit() -> None:
    item = '{"jsonrpc":"2.0","method":"n"}'
    assert read("[]") == Violation(
        code=-32600, text="a batch of 0; expected 1 to 1000 messages", excerpt="[]"
    )
    assert len(read(f"[{','.join([item] * 1000)}]").messages) == 1000
    for count in (1001, 100_000):
        found = (
            read(f"[{','.join([item] * count)}]") if count < 2000 else read(f"[{','.join(['1'] * count)}]")
        )
        assert (found.code, found.text) == (-32600, f"a batch of {count}; expected 1 to 1000 messages")
    assert decode(b"[1,1]", Limits(max_batch=1)).text == "a batch of 2; expected 1 to 1 messages"


def test_61_arrays_in_the_arguments_of_a_call_are_read_and_62_are_not_from_any_stack() -> None:
    start = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"x":'
    allowed = start + b"[" * 61 + b"]" * 61 + b"}}}"
    refused = start + b"[" * 62 + b"]" * 62 + b"}}}"
    deepest = deepest_call()
    for depth in (10, deepest // 2, deepest - 100, deepest - 50, deepest - 20):
        assert isinstance(at_depth(depth, lambda: decode(allowed)), Request)
        found = at_depth(depth, lambda: decode(refused))
        assert (found.code, found.text) == (-32700, "more than 64 arrays and objects are open at once")
