"""Masking errors: the peer is told one sentence, the author everything."""

from collections.abc import Callable

from sansmcp.errors import LocalProtocolError, RpcError, SansmcpError, ToolError
from sansmcp.schema import INTERNAL_ERROR
from sansmcp.session import Incoming, IncomingRequest, Middleware, Proceed, Steps


def mask_errors(
    tell: Callable[[IncomingRequest, Exception], object],
    *,
    text: str = "It failed; the reason stays with the server.",
    show: tuple[type[Exception], ...] | None = None,
) -> Middleware:
    """Return middleware that puts one sentence in the place of what handlers raise.

    Args:
        tell: told of what was hidden, with its traceback: it is no `HandlerFailed` any more.
        text: the sentence.
        show: what is raised for the peer and passes; by default what this library has for that, such as
            `ToolError`, `RpcError` and `ResourceNotFound`. With `()` everything is hidden.
    """

    def mask_error(message: Incoming, proceed: Proceed) -> Steps:
        try:
            return (yield from proceed(message))
        except Exception as error:
            if not isinstance(message, IncomingRequest) or _is_shown(error, show):
                raise
            tell(message, error)
        # Not from inside: the traceback is the author's.
        raise ToolError(text) if message.method == "tools/call" else RpcError(INTERNAL_ERROR, text)

    return mask_error


def _is_shown(error: Exception, show: tuple[type[Exception], ...] | None) -> bool:
    if show is None:
        return isinstance(error, SansmcpError) and not isinstance(error, LocalProtocolError)
    return isinstance(error, show)
