"""The bridge from `logging` to the client whose request a handler works on."""

import logging

from sansmcp.server import Server, relay


class LogHandler(logging.Handler):
    """Sends log records to the client, with their level and the name of their logger.

    Only what is logged while a request is worked on is sent, and only to the client that made it: in its
    handler, and in the tasks that the handler starts. A formatter is used where one is set; otherwise the
    message is sent, and no traceback. Records of the logger `sansmcp` stay here.

    Args:
        server: whose handlers log.
        level: the least severe level that is sent; what the client asks for may be more severe.
    """

    def __init__(self, server: Server, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        server.expect_logs()

    def createLock(self) -> None:  # noqa: N802  # the name is that of `logging`
        """Make no lock: nothing here is shared, and to send may take locks of others."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        try:
            relay(record.name, record.levelno, lambda: self._text(record))
        except Exception:  # noqa: BLE001  # a record must not end the handler that wrote it
            self.handleError(record)

    def _text(self, record: logging.LogRecord) -> str:
        return record.getMessage() if self.formatter is None else self.formatter.format(record)
