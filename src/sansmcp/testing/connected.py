"""Pairs that are connected already, in any revision, and sessions that can do everything."""

from collections.abc import Callable
from typing import Final

import attrs

from sansmcp import schema
from sansmcp.schema import METHODS, REVISIONS, MethodTable, Revision
from sansmcp.session import (
    ClientEvent,
    ClientSession,
    Connected,
    KeepAlive,
    ServerEvent,
    ServerSession,
    SessionLimits,
    Timeouts,
)
from sansmcp.testing.pair import Pair
from sansmcp.testing.streams import Cut, whole

CLIENT_INFO: Final = schema.Implementation(name="client-under-test", version="1.0")
"""Who the client of a connected pair is."""

SERVER_INFO: Final = schema.Implementation(name="server-under-test", version="1.0")
"""Who the server of a connected pair is."""

EVERY_CLIENT_CAPABILITY: Final = schema.ClientCapabilities(
    roots=schema.RootsCapability(list_changed=True),
    sampling=schema.SamplingCapability(context={}, tools={}),
    elicitation=schema.ElicitationCapability(form={}, url={}),
)
"""What a client can declare, without tasks, extensions and experiments."""

EVERY_SERVER_CAPABILITY: Final = schema.ServerCapabilities(
    logging={},
    completions={},
    prompts=schema.PromptsCapability(list_changed=True),
    resources=schema.ResourcesCapability(subscribe=True, list_changed=True),
    tools=schema.ToolsCapability(list_changed=True),
)
"""What a server can declare, without tasks, extensions and experiments."""


def connected_pair(
    revision: Revision,
    *,
    probing: bool = False,
    client_capabilities: schema.ClientCapabilities = EVERY_CLIENT_CAPABILITY,
    server_capabilities: schema.ServerCapabilities = EVERY_SERVER_CAPABILITY,
    instructions: str | None = None,
    log_level: schema.LoggingLevel | None = None,
    methods: MethodTable = METHODS,
    ordered: frozenset[str] = frozenset(),
    timeouts: Timeouts | None = None,
    limits: SessionLimits | None = None,
    client_keep_alive: KeepAlive | None = None,
    server_keep_alive: KeepAlive | None = None,
    strict: bool = False,
    cut: Cut = whole,
    start: float = 0.0,
    on_client_event: Callable[[ClientEvent], object] | None = None,
    on_server_event: Callable[[ServerEvent], object] | None = None,
) -> Pair:
    """Return a client and a server that are connected; the events of that are forgotten, the lines are kept.

    Args:
        revision: what they speak.
        probing: whether the client speaks every revision and the server only this one, so that the client
            must find it out; otherwise the client speaks only this one and the server every one.
        client_capabilities: what the client can do.
        server_capabilities: what the server can do.
        instructions: what the server tells the model.
        log_level: the least severe level of log messages that the client wants in the modern era.
        methods: the method table of both.
        ordered: the methods that the server works on one by one.
        timeouts: how long both wait.
        limits: how much each may ask of the other.
        client_keep_alive: the client's pings, or None.
        server_keep_alive: the server's pings, or None.
        strict: whether the client refuses results that bend the rules.
        cut: how the bytes are cut on their way.
        start: the time at the beginning.
        on_client_event: told of each event of the client, those of the connecting included.
        on_server_event: the same for the server.

    Raises:
        AssertionError: they did not connect, or not in that revision.
    """
    both = _Both(revision=revision, probing=probing, methods=methods, timeouts=timeouts, limits=limits)
    client = both.client(client_capabilities, log_level, client_keep_alive, strict=strict)
    server = both.server(server_capabilities, instructions, server_keep_alive, ordered)
    pair = Pair(
        client, server, cut=cut, start=start, on_client_event=on_client_event, on_server_event=on_server_event
    )
    _connect(pair, revision)
    return pair


@attrs.frozen(kw_only=True)
class _Both:
    """What the two sessions of a pair have in common."""

    revision: Revision
    probing: bool
    methods: MethodTable
    timeouts: Timeouts | None
    limits: SessionLimits | None

    def client(
        self,
        capabilities: schema.ClientCapabilities,
        log_level: schema.LoggingLevel | None,
        keep_alive: KeepAlive | None,
        *,
        strict: bool,
    ) -> ClientSession:
        """Return the client."""
        return ClientSession(
            info=CLIENT_INFO,
            capabilities=capabilities,
            revisions=REVISIONS if self.probing else (self.revision,),
            log_level=log_level,
            methods=self.methods,
            timeouts=self.timeouts,
            limits=self.limits,
            keep_alive=keep_alive,
            strict=strict,
        )

    def server(
        self,
        capabilities: schema.ServerCapabilities,
        instructions: str | None,
        keep_alive: KeepAlive | None,
        ordered: frozenset[str],
    ) -> ServerSession:
        """Return the server."""
        return ServerSession(
            info=SERVER_INFO,
            capabilities=capabilities,
            instructions=instructions,
            revisions=(self.revision,) if self.probing else REVISIONS,
            methods=self.methods,
            timeouts=self.timeouts,
            limits=self.limits,
            keep_alive=keep_alive,
            ordered=ordered,
        )


def _connect(pair: Pair, revision: Revision) -> None:
    """Let the client of a pair connect, and forget the events of that."""
    pair.client.connect(pair.now)
    pair.settle()
    connected = [event for event in pair.take_client_events() if isinstance(event, Connected)]
    pair.take_server_events()
    if [event.revision for event in connected] != [revision]:
        raise AssertionError(
            f"expected one connection in {revision}, found {connected!r}: {pair.transcript!r}"
        )
