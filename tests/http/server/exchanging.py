"""A server over HTTP in memory: requests go in at times that the test says, responses come out."""

import json
from collections.abc import Callable, Sequence
from typing import Unpack

import attrs

from sansmcp.http import (
    Headers,
    RequestHead,
    ResponseAction,
    ResponseBody,
    ResponseEnd,
    ResponseHead,
    ServerExchange,
    StoreErrand,
)
from sansmcp.server import Server, ServerConnections
from sansmcp.server.settings import ServeHttpSettings
from sansmcp.session import Finish, Report, Runnable, ServerEvent, ServerSession, Stop, outcome_of
from sansmcp.testing import SeededEnvironment
from sansmcp.values import JSON
from sansmcp.wire import EventReader, ServerSentEvent

MODERN = "2026-07-28"
BOTH = "application/json, text/event-stream"


def meta(**more: JSON) -> dict[str, JSON]:
    """Return what a modern request says of itself."""
    return {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        **more,
    }


@attrs.define(eq=False)
class Reply:
    """What came of one request."""

    exchange: ServerExchange
    actions: list[ResponseAction] = attrs.field(factory=list)
    is_read: bool = True

    @property
    def head(self) -> ResponseHead:
        """The head of the response."""
        found = self.actions[0]
        assert isinstance(found, ResponseHead)
        return found

    @property
    def status(self) -> int:
        """The status code."""
        return self.head.status

    @property
    def headers(self) -> dict[str, str]:
        """The header fields."""
        return dict(self.head.headers)

    @property
    def body(self) -> bytes:
        """What was written of the body so far."""
        return b"".join(action.data for action in self.actions if isinstance(action, ResponseBody))

    @property
    def ended(self) -> bool:
        """Whether the response is complete."""
        return bool(self.actions) and isinstance(self.actions[-1], ResponseEnd)

    @property
    def json(self) -> JSON:
        """The body, where it is one JSON text."""
        return json.loads(self.body)

    @property
    def events(self) -> list[ServerSentEvent]:
        """The events, where it is a stream."""
        reader = EventReader()
        reader.receive_data(self.body)
        events: list[ServerSentEvent] = []
        while (event := reader.next_event()) is not None:
            assert isinstance(event, ServerSentEvent)
            events.append(event)
        return events

    @property
    def messages(self) -> list[JSON]:
        """The messages in the events."""
        return [json.loads(event.data) for event in self.events if event.data]


class Exchanging:
    """One endpoint, the handlers behind it, and a clock that stands still.

    Args:
        server: what is served.
        seed: what its random bytes follow from.
        settings: how.
    """

    def __init__(self, server: Server, *, seed: int = 0, **settings: Unpack[ServeHttpSettings]) -> None:
        self.server = server
        self.now = 0.0
        self.events: list[tuple[ServerSession, ServerEvent]] = []
        self.reports: list[Report] = []
        self.errands: list[StoreErrand] = []
        self.holds_errands = False
        self.held: list[tuple[Runnable, Finish]] = []
        self.holds = False
        self._posts: list[Callable[[float], None]] = []
        self._replies: dict[ServerExchange, Reply] = {}
        self._noted: dict[ServerExchange, tuple[float | None, bool]] = {}
        self.endpoint = server.http_endpoint(SeededEnvironment(seed=seed), settings)
        self.connections = ServerConnections(
            server,
            start=self._start,
            outlet=self._posts.append,
            tell=lambda told: told(),
            report=self.reports.append,
            settings=settings,
            deadlines=self.endpoint.deadlines,
        )

    def _start(self, work: Runnable, finish: Finish, /) -> Stop | None:
        if self.holds:
            self.held.append((work, finish))
        else:
            self._run(work, finish)
        return None

    def _run(self, work: Runnable, finish: Finish) -> None:
        outcome = outcome_of(work)
        # What a handler says is heard before it ends.
        while self._posts:
            self._posts.pop(0)(self.now)
        finish(outcome, self.now)

    def go_on(self) -> None:
        """Run the handlers that were held."""
        held, self.held = self.held, []
        for work, finish in held:
            self._run(work, finish)
        self.settle()

    def do_errands(self) -> None:
        """Do what is asked of the store."""
        while self.errands:
            self.endpoint.perform(self.errands.pop(0))(self.now)
            self.settle()

    def settle(self) -> None:
        """Drain the endpoint until nothing moves; whoever reads takes what is written."""
        moved = True
        while moved:
            moved = False
            while (found := self.endpoint.next_event()) is not None:
                self.events.append(found)
                self.connections.handle(*found)
                moved = True
            while self._posts:
                self._posts.pop(0)(self.now)
                moved = True
            for errand in self.endpoint.actions():
                self.errands.append(errand)  # type: ignore[arg-type]
                moved = True
            for exchange in self.endpoint.ready():
                reply = self._replies.get(exchange)
                if reply is not None and reply.is_read:
                    reply.actions += exchange.actions()
                    moved = True
                self._noted[exchange] = (exchange.next_deadline(), exchange.done)
            if self.errands and not self.holds_errands:
                self.do_errands()
        self._check()

    def _check(self) -> None:
        """Check that who was not named as ready has nothing, no other deadline, and not ended."""
        for exchange, reply in self._replies.items():
            assert self._noted[exchange] == (exchange.next_deadline(), exchange.done)
            if reply.is_read:
                assert exchange.actions() == []

    def wait(self, seconds: float) -> None:
        """Let time pass, from one deadline to the next."""
        until = self.now + seconds
        while True:
            deadlines = [self.endpoint.next_deadline()]
            deadlines += [exchange.next_deadline() for exchange in self._replies if not exchange.done]
            due = [at for at in deadlines if at is not None and at <= until]
            if not due:
                break
            self.now = max(self.now, min(due))
            self.endpoint.handle_timeout(self.now)
            for exchange in tuple(self._replies):
                at = exchange.next_deadline()
                if at is not None and at <= self.now:
                    exchange.handle_timeout(self.now)
            self.settle()
        self.now = until
        self.endpoint.handle_timeout(self.now)
        self.settle()

    def request(
        self,
        method: str,
        headers: Sequence[tuple[str, str]],
        body: bytes | None = None,
        *,
        target: str = "/mcp",
        host: str | None = "127.0.0.1:8000",
        is_read: bool = True,
    ) -> Reply:
        """Send a request whose body is complete, or without one."""
        lines = headers if host is None else [("Host", host), *headers]
        head = RequestHead(method=method, target=target, headers=Headers(lines))
        exchange = self.endpoint.open_exchange(head, self.now)
        reply = self._replies[exchange] = Reply(exchange, is_read=is_read)
        self.settle()
        if body is not None:
            exchange.receive_data(body, self.now)
            self.settle()
        exchange.receive_eof(self.now)
        self.settle()
        return reply

    def overlook(self) -> None:
        """Look at the replies so far no more, which costs more the more there are."""
        self._replies.clear()

    def drop(self, reply: Reply) -> None:
        """Let the client of a request go away."""
        reply.exchange.receive_disconnect(self.now)
        self.settle()

    def post(self, message: JSON, *headers: tuple[str, str], is_read: bool = True) -> Reply:
        """POST a message."""
        fields = [("Content-Type", "application/json"), ("Accept", BOTH), *headers]
        return self.request("POST", fields, json.dumps(message).encode(), is_read=is_read)

    def call(self, name: str, arguments: JSON = None, *, call_id: JSON = 1, **more: JSON) -> Reply:
        """Call a tool as a modern client does."""
        params = {"name": name, "arguments": arguments or {}, "_meta": meta(**more)}
        return self.modern("tools/call", params, ("Mcp-Name", name), call_id=call_id)

    def modern(self, method: str, params: JSON, *headers: tuple[str, str], call_id: JSON = 1) -> Reply:
        """Send a request as a modern client does."""
        message = {"jsonrpc": "2.0", "id": call_id, "method": method, "params": {"_meta": meta(), **params}}
        return self.post(message, ("MCP-Protocol-Version", MODERN), ("Mcp-Method", method), *headers)

    def handshake(
        self, revision: str, *headers: tuple[str, str], capabilities: JSON = None
    ) -> "LegacyClient":
        """Open a session as a legacy client does."""
        params = {
            "protocolVersion": revision,
            "capabilities": capabilities or {},
            "clientInfo": {"name": "tester", "version": "1"},
        }
        opened = self.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}, *headers)
        client = LegacyClient(self, revision, opened, headers)
        assert client.notify("notifications/initialized").status == 202
        if "mcp-session-id" in opened.headers:
            # Who says nothing of a level is told nothing.
            assert client.ask("logging/setLevel", {"level": "debug"}, call_id="level").status == 200
        return client


@attrs.define(eq=False)
class LegacyClient:
    """One session of a legacy client."""

    world: Exchanging
    revision: str
    opened: Reply
    more: tuple[tuple[str, str], ...] = ()

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What it sends with each request."""
        found = self.opened.headers.get("mcp-session-id")
        fields = [] if found is None else [("Mcp-Session-Id", found)]
        if self.revision >= "2025-06-18":
            fields.append(("MCP-Protocol-Version", self.revision))
        return [*fields, *self.more]

    def send(self, message: JSON, *, is_read: bool = True) -> Reply:
        """POST a message in the session."""
        return self.world.post(message, *self.headers, is_read=is_read)

    def notify(self, method: str, params: JSON = None) -> Reply:
        """Send a notification."""
        message = {"jsonrpc": "2.0", "method": method}
        return self.send(message if params is None else {**message, "params": params})

    def ask(self, method: str, params: JSON = None, *, call_id: JSON = 1, is_read: bool = True) -> Reply:
        """Send a request."""
        message = {"jsonrpc": "2.0", "id": call_id, "method": method, "params": params or {}}
        return self.send(message, is_read=is_read)

    def call(
        self,
        name: str,
        arguments: JSON = None,
        *,
        call_id: JSON = 1,
        token: JSON = None,
        is_read: bool = True,
    ) -> Reply:
        """Call a tool."""
        params: dict[str, JSON] = {"name": name, "arguments": arguments or {}}
        if token is not None:
            params["_meta"] = {"progressToken": token}
        return self.ask("tools/call", params, call_id=call_id, is_read=is_read)

    def listen(self, last_event_id: str | None = None, *, is_read: bool = True) -> Reply:
        """Open the stream of what belongs to no request, or go on with a stream after an event."""
        fields = [("Accept", "text/event-stream"), *self.headers]
        if last_event_id is not None:
            fields.append(("Last-Event-ID", last_event_id))
        return self.world.request("GET", fields, is_read=is_read)

    def delete(self) -> Reply:
        """End the session."""
        return self.world.request("DELETE", self.headers)
