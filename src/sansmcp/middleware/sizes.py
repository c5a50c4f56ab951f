"""Limiting the size of results."""

from sansmcp.errors import LocalProtocolError, RpcError, ToolError
from sansmcp.schema import INTERNAL_ERROR, LATEST_MODERN, Revision, codec_for
from sansmcp.session import (
    Incoming,
    IncomingRequest,
    Middleware,
    OutgoingRequest,
    Proceed,
    RequestReceived,
    Steps,
)
from sansmcp.values import ABSENT, JSON
from sansmcp.wire import Response, encode


def limit_results(most_bytes: int) -> Middleware:
    """Return middleware that puts an error in the place of results that are too large.

    Around what a server receives the peer is told, around what a client sends the caller.

    Args:
        most_bytes: how many bytes of JSON a result may have.

    Raises:
        LocalProtocolError: the number is not positive.
    """
    if most_bytes < 1:
        raise LocalProtocolError(f"limit_results({most_bytes!r}): expected 1 byte or more")

    def limit_result(message: Incoming | OutgoingRequest, proceed: Proceed) -> Steps:
        result = yield from proceed(message)
        if result is ABSENT or not isinstance(message, IncomingRequest | OutgoingRequest):
            return result
        size = size_of(result, _revision_of(message))
        if size <= most_bytes:
            return result
        text = f"the result has {size} bytes, more than the {most_bytes} that are allowed: ask for less"
        raise ToolError(text) if message.method == "tools/call" else RpcError(INTERNAL_ERROR, text)

    return limit_result


def size_of(result: JSON, revision: Revision) -> int:
    """Return how many bytes of JSON a result has in a revision.

    Args:
        result: a value of a result type, or a JSON object.
        revision: how it is written.
    """
    written = result if isinstance(result, dict) else codec_for(revision).unstructure(result)
    return len(encode(Response(id=0, result=written))) - len(encode(Response(id=0, result={}))) + 2


def _revision_of(message: IncomingRequest | OutgoingRequest) -> Revision:
    if isinstance(message, IncomingRequest) and isinstance(message.event, RequestReceived):
        return message.event.revision
    return message.session.revision or LATEST_MODERN
