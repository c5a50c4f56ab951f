"""What a client does by itself, over all its sessions: log level, news of its roots, lists that change."""

from collections.abc import Callable, Iterator
from functools import partial

from sansmcp import schema
from sansmcp.client import calls
from sansmcp.client.filters import wants
from sansmcp.client.listening import Listening, Wish
from sansmcp.client.options import ClientOptions
from sansmcp.client.outcomes import Outcome
from sansmcp.client.refreshing import ListRefreshed, Refreshing
from sansmcp.client.roots import Roots
from sansmcp.client.walking import Ask
from sansmcp.errors import SansmcpError
from sansmcp.schema import Era
from sansmcp.session import (
    Change,
    ChangeKind,
    ClientEndpoint,
    ClientEvent,
    ClientSession,
    Connected,
    DetectionState,
    Report,
    ResponseReceived,
    Severity,
)

_LISTS = (ChangeKind.TOOLS, ChangeKind.PROMPTS, ChangeKind.RESOURCES)


class Upkeep:
    """Keeps a client's wishes up wherever it is connected.

    Args:
        options: how the client is set up.
        endpoint: where calls are made.
        listening: who wants to hear of which change.
        ask: makes a call of the client's own.
        post: runs a command on the session's thread, from any thread.
        told: takes a list that was read again.
        report: takes what belongs into the log.
    """

    def __init__(
        self,
        options: ClientOptions,
        endpoint: ClientEndpoint[ClientSession, ClientEvent],
        listening: Listening,
        *,
        ask: Ask,
        post: Callable[[Callable[[float], None]], None],
        told: Callable[[ListRefreshed], None],
        report: Callable[[Report], None],
    ) -> None:
        self._options = options
        self._endpoint = endpoint
        self._listening = listening
        self._ask = ask
        self._post = post
        self._report = report
        self._log_level: schema.LoggingLevel | None = options.log_level
        self._legacy: ClientSession | None = None
        self._lists: Wish | None = None
        self._stop_roots: Callable[[], None] | None = None
        self._refreshing = Refreshing(
            ask=ask, deadlines=endpoint.deadlines, delay=options.list_delay, told=told, report=report
        )

    def set_log_level(self, level: schema.LoggingLevel) -> None:
        """Take note of the level that the user has set, for sessions to come."""
        self._log_level = level

    def connected(self, session: ClientSession, event: Connected) -> None:
        """Say to a new session what it must know; afterwards the driver settles."""
        now = session.now
        self._legacy = session if event.era is Era.LEGACY else None
        if self._log_level is not None and (
            event.era is Era.MODERN or event.capabilities.logging is not None
        ):
            try:
                self._ask(calls.set_log_level(self._log_level), self._level_set, now)
            except SansmcpError as error:
                self._warn(f"the log level could not be set: {error}")
        roots = self._options.handlers.roots
        if isinstance(roots, Roots) and self._stop_roots is None:
            self._stop_roots = roots.subscribe(partial(self._post, self._roots_changed))
        if self._lists is None:
            self._lists = Wish(_lists_to_hear(self._options, event.capabilities))
            self._listening.add(self._lists, now)
        self._listening.connected(now)

    def changed(self, change: Change, now: float) -> None:
        """Take in a change on the server; afterwards the driver settles."""
        if self._options.on_list is not None:
            self._refreshing.changed(change.kind, now)

    def missed(self, now: float) -> None:
        """Take in that changes may have been missed; afterwards the driver settles."""
        honoured = self._lists.honoured if self._lists is not None else None
        for kind in _kinds_in(honoured or schema.SubscriptionFilter()):
            self.changed(Change(kind=kind), now)

    def end(self) -> None:
        """Take in that there will be no connection any more."""
        self._refreshing.end()
        if self._stop_roots is not None:
            self._stop_roots()
            self._stop_roots = None

    def _level_set(self, outcome: Outcome, now: float) -> None:
        del now
        if not isinstance(outcome, ResponseReceived):
            self._warn(f"the log level could not be set: {outcome}")

    def _roots_changed(self, now: float) -> None:
        # A modern server asks for roots with each call, and a server that is asked anew asks for them anew.
        session = self._endpoint.session
        if session is self._legacy and session.detection is DetectionState.LEGACY:
            session.notify("notifications/roots/list_changed", None, now)

    def _warn(self, text: str) -> None:
        self._report(Report(severity=Severity.WARNING, text=text))


def _lists_to_hear(
    options: ClientOptions, capabilities: schema.ServerCapabilities
) -> schema.SubscriptionFilter:
    """Return what the client itself wants to hear of lists: what somebody is told, and the server tells."""
    if options.on_change is None and options.on_list is None:
        return schema.SubscriptionFilter()
    tools, prompts, resources = capabilities.tools, capabilities.prompts, capabilities.resources
    return schema.SubscriptionFilter(
        tools_list_changed=True if tools is not None and tools.list_changed else None,
        prompts_list_changed=True if prompts is not None and prompts.list_changed else None,
        resources_list_changed=True if resources is not None and resources.list_changed else None,
    )


def _kinds_in(wanted: schema.SubscriptionFilter) -> Iterator[ChangeKind]:
    return (kind for kind in _LISTS if wants(wanted, Change(kind=kind)))
