"""Log messages of servers as records of `logging`, for those who want them there."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from sansmcp.schema import LoggingLevel
from sansmcp.session import LogReceived
from sansmcp.values import JSON

# `logging` has five levels; what is graver than all is critical, and a notice is more than information.
LEVELS: Final[Mapping[LoggingLevel, int]] = {
    "debug": 10,
    "info": 20,
    "notice": 25,
    "warning": 30,
    "error": 40,
    "critical": 50,
    "alert": 50,
    "emergency": 50,
}
"""The levels of servers as numbers of `logging`."""


class Logger(Protocol):
    """What takes records: a `logging.Logger`."""

    def log(self, level: int, msg: str, /, *args: JSON) -> None:
        """Take a record."""


def log_records(logger: Logger) -> Callable[[LogReceived], None]:
    """Return a listener for `on_log` that writes what a server logs into a logger of this program.

    What a server says is never read as a format, and line breaks in a text of it are shown as such.

    Args:
        logger: where to write, such as `logging.getLogger("weather")`.
    """

    def write(event: LogReceived) -> None:
        text = event.data if isinstance(event.data, str) else repr(event.data)
        line = text if event.logger is None else f"{event.logger}: {text}"
        # One message is one record: what looks like further lines would pass for records of others.
        logger.log(LEVELS[event.level], "%s", "\\n".join(line.splitlines()))

    return write
