"""Logging: one record for each message, when it is over."""

from collections.abc import Callable

import attrs

from sansmcp.session import GivenUp, Incoming, Middleware, Outgoing, Proceed, Steps
from sansmcp.values import Value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Logged(Value):
    """What became of one message. It tells neither params nor results, which may hold secrets."""

    kind: str
    """The class of the message: `IncomingRequest`, `OutgoingResult` and so on."""
    method: str
    """Its method."""
    name: str | None
    """The tool, the prompt or the URI; None where the message names nothing."""
    at: float
    """When it came, in seconds of the session's clock."""
    seconds: float
    """How long it took."""
    error: BaseException | None
    """What was raised, with its traceback; None if nothing was."""

    def __str__(self) -> str:
        what = self.method if self.name is None else f"{self.method} {self.name[:80]}"
        end = "" if self.error is None else f", raised {type(self.error).__name__}"
        return f"{self.kind} {what}: {self.seconds:.3f} s{end}"


def log_messages(tell: Callable[[Logged], object]) -> Middleware:
    """Return middleware that tells of each message when it is over.

    Args:
        tell: told of it. Its text is one line: `lambda logged: logger.info("%s", logged)`.
    """

    def log_message(message: Incoming | Outgoing, proceed: Proceed) -> Steps:
        at = message.clock()
        failure: BaseException | None = None
        try:
            return (yield from proceed(message))
        except GeneratorExit:
            failure = GivenUp("its session is gone")
            raise
        except BaseException as error:
            failure = error
            raise
        finally:
            tell(
                Logged(
                    kind=type(message).__name__,
                    method=message.method,
                    name=getattr(message, "name", None),
                    at=at,
                    seconds=message.clock() - at,
                    error=failure,
                )
            )

    return log_message
