"""Messages to bytes: compact, and what is read again is what was written."""

import enum
from types import MappingProxyType

import pytest
from hypothesis import given
from tests.wire.documents import batches, messages

from sansmcp.errors import LocalProtocolError
from sansmcp.values import ABSENT
from sansmcp.wire import (
    Batch,
    ErrorObject,
    ErrorResponse,
    Notification,
    Request,
    Response,
    Violation,
    decode,
    encode,
)


class Level(enum.IntEnum):
    HIGH = 3


class Colour(enum.StrEnum):
    RED = "red"


@given(messages)
def test_what_is_decoded_is_what_was_encoded(message) -> None:
    data = encode(message)
    found = decode(data)
    assert found == message
    assert encode(found) == data
    assert found.size == len(data)
    assert b"\n" not in data


@given(batches)
def test_a_batch_is_decoded_as_it_was_encoded(batch: Batch) -> None:
    assert decode(encode(batch)) == batch


def test_members_stand_in_the_order_of_json_rpc_without_spaces() -> None:
    assert encode(Request(id=1, method="m", params={"b": 1, "a": "\u00e9\u2028"}, extra={"x": None})) == (
        '{"jsonrpc":"2.0","id":1,"method":"m","params":{"b":1,"a":"\u00e9\u2028"},"x":null}'.encode()
    )
    assert encode(Notification(method="n")) == b'{"jsonrpc":"2.0","method":"n"}'
    assert encode(Response(id="", result={})) == b'{"jsonrpc":"2.0","id":"","result":{}}'
    error = ErrorObject(code=-1, message="no", data=None, extra={"y": 1})
    assert encode(ErrorResponse(id=0, error=error, extra={"x": 1})) == (
        b'{"jsonrpc":"2.0","id":0,"error":{"code":-1,"message":"no","data":null,"y":1},"x":1}'
    )


def test_an_error_response_to_nothing_has_null_or_no_id() -> None:
    error = ErrorObject(code=-32700, message="")
    assert encode(ErrorResponse(id=None, error=error)) == (
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":""}}'
    )
    assert encode(ErrorResponse(id=ABSENT, error=error)) == (
        b'{"jsonrpc":"2.0","error":{"code":-32700,"message":""}}'
    )


def test_mappings_tuples_and_enums_are_written_as_what_they_stand_for() -> None:
    params = MappingProxyType({"a": (Level.HIGH, Colour.RED), "b": MappingProxyType({})})
    expected = b'{"jsonrpc":"2.0","method":"n","params":{"a":[3,"red"],"b":{}}}'
    assert encode(Notification(method="n", params=params)) == expected
    assert encode(ErrorResponse(id=1, error=ErrorObject(code=Level.HIGH, message=Colour.RED))) == (
        b'{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"red"}}'
    )


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Request(id=True, method="m"), "id is of type bool; expected a string or an integer"),
        (Request(id=1.0, method="m"), "id is of type float; expected a string or an integer"),
        (Request(id=None, method="m"), "id is of type NoneType; expected a string or an integer"),
        (Response(id=ABSENT, result={}), "id is of type Absent; expected a string or an integer"),
        (
            ErrorResponse(id=False, error=ErrorObject(code=1, message="")),
            "id is of type bool; expected a string or an integer",
        ),
        (Request(id=1, method=None), "method is of type NoneType; expected a string"),
        (Notification(method="n", params=[1]), "params is of type list; expected an object"),
        (Response(id=1, result=None), "result is of type NoneType; expected an object"),
        (
            ErrorResponse(id=1, error=ErrorObject(code=True, message="")),
            "error.code is of type bool; expected an integer",
        ),
        (
            ErrorResponse(id=1, error=ErrorObject(code="1", message="")),
            "error.code is of type str; expected an integer",
        ),
        (
            ErrorResponse(id=1, error=ErrorObject(code=1, message=None)),
            "error.message is of type NoneType; expected a string",
        ),
        (
            Request(id=1, method="m", extra={"params": {}}),
            "extra holds 'params', which the message itself says",
        ),
        (Notification(method="m", extra={"id": 1}), "extra holds 'id', which the message itself says"),
        (
            Response(id=1, result={}, extra={"error": {}}),
            "extra holds 'error', which the message itself says",
        ),
        (
            ErrorResponse(id=1, error=ErrorObject(code=1, message="", extra={"data": 1})),
            "extra holds 'data', which the message itself says",
        ),
        (Batch(messages=()), "a batch is empty; expected at least one message"),
        (
            Batch(messages=(Violation(code=-32600, text=""),)),
            "a batch holds a Violation; expected messages only",
        ),
        (Request(id=1, method="m", params={"a": [float("nan")]}), "params.a[0]: nan is not JSON"),
        (Request(id=1, method="\ud800"), r"method: lone surrogate '\ud800' at character 0"),
        (Notification(method="n", params={"a": ABSENT}), "params.a: a value of type Absent is not JSON"),
        (Notification(method="n", extra={1: 2}), "a member name is of type int; expected a string"),
        (
            Batch(messages=(Notification(method="n"), Response(id=1, result={"a": {2: 3}}))),
            "[1].result.a: a member name is of type int; expected a string",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_with_where_and_why(message, text: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        encode(message)
    assert str(caught.value) == text


def test_names_that_look_like_numbers_are_names_all_the_same() -> None:
    data = encode(Response(id=1, result={"1": {"true": "2", "null": ["-1.5e3"]}, "x": '"1":'}))
    assert data == b'{"jsonrpc":"2.0","id":1,"result":{"1":{"true":"2","null":["-1.5e3"]},"x":"\\"1\\":"}}'


def test_a_long_result_with_long_numbers_in_strings_is_written() -> None:
    result = {"items": [{"digits": "1" * 5000, "brackets": "[" * 100}] * 100}
    assert decode(encode(Response(id=1, result=result))) == Response(id=1, result=result)
