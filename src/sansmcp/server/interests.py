"""Which sessions want to hear of which change: a change costs what those cost who want to hear of it."""

from collections.abc import Callable, Collection
from typing import Generic, TypeVar

from sansmcp import schema
from sansmcp.server.notices import Offered
from sansmcp.session import Change
from sansmcp.session.subscriptions import changes_in

SessionT = TypeVar("SessionT")


class Interests(Generic[SessionT]):
    """The sessions of one endpoint by what they want to hear of.

    Args:
        offered: returns what is offered now.
    """

    def __init__(self, offered: Callable[[], Offered]) -> None:
        self._offered = offered
        self._seen = offered()
        self._by_change: dict[Change, dict[SessionT, int]] = {}
        self._changes: dict[SessionT, dict[Change, None]] = {}
        self._by_page: dict[str, SessionT] = {}
        self._pages: dict[SessionT, dict[str, None]] = {}

    def __len__(self) -> int:
        """How many sessions want to hear of anything."""
        return len(self._changes | self._pages)

    def add(self, session: SessionT, wanted: schema.SubscriptionFilter) -> None:
        """Take in what a session wants to hear of, in addition to what it wanted before."""
        for change in changes_in(wanted):
            counts = self._by_change.setdefault(change, {})
            counts[session] = counts.get(session, 0) + 1
            self._changes.setdefault(session, {})[change] = None

    def remove(self, session: SessionT, wanted: schema.SubscriptionFilter) -> None:
        """Take back what one `add` brought; of a session that is forgotten nothing is left to take back."""
        changes = self._changes.get(session, {})
        for change in changes_in(wanted):
            if change not in changes:
                continue
            counts = self._by_change[change]
            counts[session] -= 1
            if not counts[session]:
                del changes[change]
                self._leave(change, session)
        if session in self._changes and not changes:
            del self._changes[session]

    def expect_page(self, session: SessionT, elicitation_id: str) -> None:
        """Take in that a session is to hear when a page is done that its user was sent to."""
        self._by_page[elicitation_id] = session
        self._pages.setdefault(session, {})[elicitation_id] = None

    def forget_page(self, session: SessionT, elicitation_id: str) -> None:
        """Take in that a session is not to hear of a page any more."""
        pages = self._pages.get(session, {})
        if pages.pop(elicitation_id, self) is None:
            self._by_page.pop(elicitation_id, None)
            if not pages:
                del self._pages[session]

    def forget(self, session: SessionT) -> None:
        """Take in that a session has ended."""
        for change in self._changes.pop(session, {}):
            self._leave(change, session)
        for elicitation_id in self._pages.pop(session, {}):
            self._by_page.pop(elicitation_id, None)

    def take_concerned(self) -> tuple[int, Collection[SessionT]]:
        """Return the sessions that want to hear of what has changed since this was asked last.

        Returns:
            How many changes there had been until then, and the sessions, each once.
        """
        before, now = self._seen, self._offered()
        self._seen = now
        concerned: dict[SessionT, None] = {}
        missed = now.number - before.number
        if missed > len(now.log):
            # What is no longer in the log may have been any of them.
            concerned.update(dict.fromkeys(self._changes))
        else:
            for change in dict.fromkeys(now.log[len(now.log) - missed :]):
                concerned.update(dict.fromkeys(self._by_change.get(change, ())))
        if now.completed is not before.completed:
            pages = (self._by_page.get(elicitation_id) for elicitation_id in now.completed)
            concerned.update((session, None) for session in pages if session is not None)
        return before.number, concerned

    def _leave(self, change: Change, session: SessionT) -> None:
        sessions = self._by_change[change]
        del sessions[session]
        if not sessions:
            del self._by_change[change]
