"""What a response says that is no stream of events: the message in its body, and words for people."""

from codecs import BOM_UTF8
from typing import Final

import attrs

from sansmcp.http.client.exchange import Answer
from sansmcp.http.media_types import is_json
from sansmcp.schema import METHOD_NOT_FOUND
from sansmcp.session.era import is_modern_refusal
from sansmcp.values import RequestId
from sansmcp.wire import Batch, ErrorResponse, Limits, Message, Violation, decode

_OF_AN_ERA: Final = (400, 404, 405)
_ADVICE: Final = (
    ((301, 302, 303, 307, 308), "connect to that URL if you trust it"),
    ((401, 403), "are the credentials in headers= there, and right?"),
    ((404, 405), "is the path of the URL right? Many servers have /mcp"),
    ((421,), "the server does not know itself by the host of the URL"),
    ((502, 503, 504), "is the server behind the proxy running?"),
)


def message_in(answer: Answer, limits: Limits) -> Message | Batch | Violation | None:
    """Read the message in a body; None if it is no JSON.

    Args:
        answer: the response.
        limits: what a message may contain.
    """
    if not is_json(answer.headers.get("content-type") or ""):
        return None
    return decode(answer.body.removeprefix(BOM_UTF8), limits)


def error_in(answer: Answer, limits: Limits, request_id: RequestId) -> ErrorResponse | None:
    """Read the error in the body of a response that refuses a request; it is the request's, whatever its id.

    Args:
        answer: the response.
        limits: what a message may contain.
        request_id: the request.
    """
    message = message_in(answer, limits)
    return attrs.evolve(message, id=request_id) if isinstance(message, ErrorResponse) else None


def told_by(answer: Answer, error: ErrorResponse | None) -> str:
    """Say in words how a request was refused."""
    words = f"the server answered with the status {answer.status}"
    location = answer.headers.get("location")
    if location is not None:
        words += f", to {location[:80]!r}"
    challenge = answer.headers.get("www-authenticate")
    if challenge is not None:
        words += f", and asks for {challenge[:200]!r}"
    return words if error is None else f"{words}: {error.error.message[:200]} ({error.error.code})"


def advice_on(answer: Answer) -> str:
    """Say what to look at where a server does not let a client in; nothing where its own words must do."""
    if is_page(answer) and answer.status < 500:
        return "; that is a web page: is the path of the URL right? Many servers have /mcp"
    return "".join(f"; {advice}" for statuses, advice in _ADVICE if answer.status in statuses)


def is_page(answer: Answer) -> bool:
    """Say whether a body is meant for a browser."""
    return (answer.headers.get("content-type") or "").lower().startswith("text/html")


def is_modern_error(answer: Answer, error: ErrorResponse | None) -> bool:
    """Say whether only a modern server refuses a request so (2026-07-28, Backward Compatibility)."""
    if error is None:
        return False
    return is_modern_refusal(error.error.code) or (
        answer.status == 404 and error.error.code == METHOD_NOT_FOUND
    )


def is_legacy_evidence(answer: Answer, error: ErrorResponse | None) -> bool:
    """Say whether a server that refuses a modern request so may be a legacy one."""
    return answer.status in _OF_AN_ERA and not is_modern_error(answer, error)
