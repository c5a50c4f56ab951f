"""What servers have to remember, in files; for every binding, and with none of its own."""

from sansmcp_files.event_store import FileEventStore

__all__ = ["FileEventStore"]
