"""Bytes to messages: the envelope of JSON-RPC 2.0, as strictly as MCP has it.

Nothing that comes in raises; what is no message is a `Violation`. Which methods there are, and
whether a batch is allowed, is not decided here.
"""

import json
from collections.abc import Collection, Mapping
from typing import Final

from sansmcp.values import ABSENT, JSON, Absent, RequestId
from sansmcp.wire.limits import DEFAULT_LIMITS, Limits
from sansmcp.wire.messages import (
    NO_MEMBERS,
    Batch,
    ErrorObject,
    ErrorResponse,
    Message,
    Notification,
    Request,
    Response,
    Shape,
    Violation,
    make_excerpt,
)
from sansmcp.wire.stackless import NotJSONError
from sansmcp.wire.strict_json import read

_SHOWN_CHARACTERS: Final = 80
_CALL_MEMBERS: Final = frozenset({"jsonrpc", "id", "method", "params"})
_RESULT_MEMBERS: Final = frozenset({"jsonrpc", "id", "result"})
_REFUSAL_MEMBERS: Final = frozenset({"jsonrpc", "id", "error"})
_ERROR_MEMBERS: Final = frozenset({"code", "message", "data"})


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Message | Batch | Violation:
    """Read one message.

    Args:
        data: one JSON text in UTF-8; whitespace around it is allowed, a byte order mark is not.
        limits: the bounds it must keep.

    Returns:
        The message, the batch if it is an array, or a `Violation`: -32700 where the bytes are not
        JSON within the limits, -32600 where the JSON is no message. The answer depends on nothing
        but the bytes and the limits.

    Source: JSON-RPC 2.0, sections 4 to 6; MCP, Base Protocol, Messages.
    """
    try:
        value = read(data, limits)
    except NotJSONError as error:
        return Violation(code=-32700, text=str(error), excerpt=make_excerpt(data))
    if type(value) is dict:
        return _read_message(value, len(data), data)
    if type(value) is list:
        return _read_batch(value, data, limits)
    return _malformed(value, f"a message is {_name(value)}; expected an object", data)


def _read_batch(items: list[JSON], raw: bytes, limits: Limits) -> Batch | Violation:
    if not 0 < len(items) <= limits.max_batch:
        return _malformed(items, f"a batch of {len(items)}; expected 1 to {limits.max_batch} messages", raw)
    # Each item is charged an equal share, so that queues that count bytes count batches too.
    share = -(-len(raw) // len(items))
    messages = tuple(
        _read_message(item, share, raw)
        if type(item) is dict
        else _malformed(item, f"an item of a batch is {_name(item)}; expected an object", raw)
        for item in items
    )
    return Batch(messages=messages, size=len(raw))


def _read_message(members: dict[str, JSON], size: int, raw: bytes) -> Message | Violation:
    if members.get("jsonrpc") != "2.0":
        found = _name(members.get("jsonrpc", ABSENT))
        return _malformed(members, f"jsonrpc is {found}; expected '2.0'", raw)
    if "method" in members:
        return _read_call(members, size, raw)
    if "result" in members:
        return _read_result(members, size, raw)
    if "error" in members:
        return _read_refusal(members, size, raw)
    return _malformed(members, "method, result and error are missing; expected one of them", raw)


def _read_call(members: dict[str, JSON], size: int, raw: bytes) -> Message | Violation:
    method = members["method"]
    if type(method) is not str:
        return _malformed(members, f"method is {_name(method)}; expected a string", raw)
    params = members.get("params", ABSENT)
    request_id = members.get("id", ABSENT)
    known = len(_CALL_MEMBERS)
    if params is ABSENT:
        known -= 1
        params = None
    elif type(params) is not dict:
        return _malformed(members, f"params is {_name(params)}; expected an object", raw)
    if request_id is ABSENT:
        known -= 1
    elif type(request_id) is not str and type(request_id) is not int:
        return _malformed(members, _bad_id(request_id), raw)
    extra = NO_MEMBERS
    if len(members) != known:
        if "result" in members or "error" in members:
            return _malformed(members, "method comes with result or error; expected one of them", raw)
        extra = _others(members, _CALL_MEMBERS)
    if request_id is ABSENT:
        return Notification(method=method, params=params, extra=extra, size=size)
    return Request(id=request_id, method=method, params=params, extra=extra, size=size)


def _read_result(members: dict[str, JSON], size: int, raw: bytes) -> Message | Violation:
    request_id = members.get("id")
    if type(request_id) is not str and type(request_id) is not int:
        return _malformed(members, _bad_id(members.get("id", ABSENT)), raw)
    if "error" in members:
        return _malformed(members, "result comes with error; expected one of them", raw)
    result = members["result"]
    if type(result) is not dict:
        return _malformed(members, f"result is {_name(result)}; expected an object", raw)
    extra = NO_MEMBERS if len(members) == len(_RESULT_MEMBERS) else _others(members, _RESULT_MEMBERS)
    return Response(id=request_id, result=result, extra=extra, size=size)


def _read_refusal(members: dict[str, JSON], size: int, raw: bytes) -> Message | Violation:
    request_id = members.get("id", ABSENT)
    # An answer to what could not be read has no id, or null: there was none to repeat.
    if type(request_id) not in (str, int) and request_id is not None and request_id is not ABSENT:
        return _malformed(members, _bad_id(request_id), raw)
    error = members["error"]
    if type(error) is not dict:
        return _malformed(members, f"error is {_name(error)}; expected an object", raw)
    code = error.get("code", ABSENT)
    if type(code) is not int:
        return _malformed(members, f"error.code is {_name(code)}; expected an integer", raw)
    text = error.get("message", ABSENT)
    if type(text) is not str:
        return _malformed(members, f"error.message is {_name(text)}; expected a string", raw)
    return ErrorResponse(
        id=request_id,
        error=ErrorObject(
            code=code, message=text, data=error.get("data", ABSENT), extra=_others(error, _ERROR_MEMBERS)
        ),
        extra=_others(members, _REFUSAL_MEMBERS),
        size=size,
    )


def _others(members: dict[str, JSON], known: Collection[str]) -> Mapping[str, JSON]:
    return {name: value for name, value in members.items() if name not in known} or NO_MEMBERS


def _malformed(value: JSON, text: str, raw: bytes) -> Violation:
    members: dict[str, JSON] = value if type(value) is dict else {}
    request_id: RequestId | Absent = ABSENT
    if type(members.get("id")) in (str, int):
        request_id = members["id"]
    method = members.get("method")
    shape = Shape.UNKNOWN
    if "method" in members:
        shape = Shape.REQUEST if "id" in members else Shape.NOTIFICATION
    elif "result" in members or "error" in members:
        shape = Shape.RESPONSE
    return Violation(
        code=-32600,
        text=text,
        request_id=request_id,
        shape=shape,
        method=method if type(method) is str else None,
        excerpt=make_excerpt(raw),
    )


def _bad_id(value: JSON) -> str:
    return f"id is {_name(value)}; expected a string or an integer"


def _name(value: JSON) -> str:
    if value is ABSENT:
        return "missing"
    if value is None or type(value) is bool:
        return json.dumps(value)
    # Containers are named only: to show one costs as much as it is large.
    if type(value) is dict:
        return "an object"
    if type(value) is list:
        return "an array"
    if type(value) is int and value.bit_length() > 256:
        # The process may not allow to show it.
        return "a large integer"
    if type(value) is str:
        value = value[:_SHOWN_CHARACTERS]
    return repr(value)[:_SHOWN_CHARACTERS]
