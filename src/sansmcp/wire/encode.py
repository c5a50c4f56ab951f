"""Messages to bytes: the inverse of decode."""

from collections.abc import Collection, Mapping
from typing import Final, assert_never

from sansmcp.errors import LocalProtocolError
from sansmcp.values import ABSENT, JSON
from sansmcp.wire.messages import (
    Batch,
    ErrorObject,
    ErrorResponse,
    Message,
    Notification,
    Request,
    Response,
    Violation,
)
from sansmcp.wire.strict_json import write

# Members that would change what the message is; "params" means nothing beside a result or an error.
_CALL_MEMBERS: Final = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})
_ANSWER_MEMBERS: Final = frozenset({"jsonrpc", "id", "method", "result", "error"})
_ERROR_MEMBERS: Final = frozenset({"code", "message", "data"})


def encode(message: Message | Batch) -> bytes:
    """Write one message, or a batch of them, as compact JSON in UTF-8 without a newline.

    Members stand in the order of JSON-RPC, those of `extra` last. Any Mapping is an object, a tuple
    an array, and an enum that is a string or a number is its value. No bound is set on bytes and
    values: how much a peer reads is for the peer to say.

    Raises:
        LocalProtocolError: the message is not well-formed, or holds what JSON cannot say or a peer
            must not be sent: NaN and infinities, halves of surrogate pairs, member names that are no
            strings, integers of more than 4300 digits, other types, more than 64 levels. It names
            the path.
    """
    if isinstance(message, Batch):
        if not message.messages:
            raise LocalProtocolError("a batch is empty; expected at least one message")
        return write([_envelope(item) for item in message.messages])
    return write(_envelope(message))


def _envelope(message: Message | Violation) -> dict[str, JSON]:
    match message:
        case Response():
            _check_id(message.id)
            _check_mapping("result", message.result)
            members: dict[str, JSON] = {"jsonrpc": "2.0", "id": message.id, "result": message.result}
            return _with_extra(members, message.extra, _ANSWER_MEMBERS)
        case Request():
            _check_id(message.id)
            members = {"jsonrpc": "2.0", "id": message.id, "method": message.method}
            return _with_params(members, message)
        case Notification():
            return _with_params({"jsonrpc": "2.0", "method": message.method}, message)
        case ErrorResponse():
            members = {"jsonrpc": "2.0"}
            if message.id is not ABSENT:
                if message.id is not None:
                    _check_id(message.id)
                members["id"] = message.id
            members["error"] = _error_members(message.error)
            return _with_extra(members, message.extra, _ANSWER_MEMBERS)
        case Violation():
            raise LocalProtocolError("a batch holds a Violation; expected messages only")
    assert_never(message)


def _with_params(members: dict[str, JSON], message: Request | Notification) -> dict[str, JSON]:
    if not isinstance(message.method, str):
        raise LocalProtocolError(f"method is of type {type(message.method).__name__}; expected a string")
    if message.params is not None:
        _check_mapping("params", message.params)
        members["params"] = message.params
    return _with_extra(members, message.extra, _CALL_MEMBERS)


def _error_members(error: ErrorObject) -> dict[str, JSON]:
    if type(error.code) is not int and (not isinstance(error.code, int) or isinstance(error.code, bool)):
        raise LocalProtocolError(f"error.code is of type {type(error.code).__name__}; expected an integer")
    if not isinstance(error.message, str):
        raise LocalProtocolError(
            f"error.message is of type {type(error.message).__name__}; expected a string"
        )
    members: dict[str, JSON] = {"code": error.code, "message": error.message}
    if error.data is not ABSENT:
        members["data"] = error.data
    return _with_extra(members, error.extra, _ERROR_MEMBERS)


def _with_extra(
    members: dict[str, JSON], extra: Mapping[str, JSON], reserved: Collection[str]
) -> dict[str, JSON]:
    if extra:
        for name in extra:
            if name in reserved:
                raise LocalProtocolError(f"extra holds {name!r}, which the message itself says")
        members.update(extra)
    return members


def _check_id(request_id: JSON) -> None:
    if type(request_id) is not str and type(request_id) is not int:
        raise LocalProtocolError(
            f"id is of type {type(request_id).__name__}; expected a string or an integer"
        )


def _check_mapping(name: str, value: JSON) -> None:
    if type(value) is not dict and not isinstance(value, Mapping):
        raise LocalProtocolError(f"{name} is of type {type(value).__name__}; expected an object")
