"""Why an HTTP request is not served, and the response that says so."""

from typing import Final

import attrs

from sansmcp.http.heads import ResponseAction, ResponseBody, ResponseEnd, ResponseHead
from sansmcp.schema import Revision
from sansmcp.values import ABSENT, JSON, Absent, RequestId, Value
from sansmcp.wire import ErrorObject, ErrorResponse, encode

_FIRST_WITHOUT_ID: Final[Revision] = "2025-11-25"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Refused(Value):
    """Why a request is not served."""

    status: int
    """The status code of the response."""
    reason: str
    """What was found and what was expected, for our own side."""
    code: int | None = None
    """The code of the error in the body; None for no body."""
    message: str = ""
    """The message of that error."""
    data: JSON | Absent = ABSENT
    """Its data."""
    headers: tuple[tuple[str, str], ...] = ()
    """Header fields that belong to the status, such as `Allow`."""
    close: bool = False
    """Whether the connection is to be closed: what follows cannot be trusted, or is not read."""


def response(
    refused: Refused,
    *,
    request_id: RequestId | Absent = ABSENT,
    revision: Revision | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> list[ResponseAction]:
    """Write the response to a request that is not served.

    Args:
        refused: why.
        request_id: the id of the JSON-RPC request, where it is known.
        revision: the revision that is spoken, where it is known; without a known request id, the error has
            no id from 2025-11-25 on and `"id": null` before.
        headers: more header fields.
    """
    if refused.code is None:
        empty = (*refused.headers, *headers, ("content-length", "0"))
        return [ResponseHead(status=refused.status, headers=empty, close=refused.close), ResponseEnd()]
    missing = None if revision is not None and revision < _FIRST_WITHOUT_ID else ABSENT
    error = ErrorObject(code=refused.code, message=refused.message, data=refused.data)
    body = encode(ErrorResponse(id=missing if request_id is ABSENT else request_id, error=error))
    fields = (
        *refused.headers,
        *headers,
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
    )
    head = ResponseHead(status=refused.status, headers=fields, close=refused.close)
    return [head, ResponseBody(data=body), ResponseEnd()]
