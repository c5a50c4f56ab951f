"""What a program offers to any number of clients: tools, resources, prompts and methods of its own.

A `Server` is a value that many sessions, threads and loops share. It holds no session; what it offers is
one immutable registry that each registration replaces.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Unpack

import attrs

from sansmcp import schema
from sansmcp.environment import Environment
from sansmcp.errors import LocalProtocolError, RpcError, StateRefusedError
from sansmcp.http import ServerHttp
from sansmcp.schema import INVALID_PARAMS, REVISIONS, Era, Revision
from sansmcp.schema.inference.plans import EditSchema, Inference
from sansmcp.schema.inference.vocabulary import TypeSchema, vocabulary_of
from sansmcp.schema.schema_limits import DEFAULT_LIMITS, SchemaLimits
from sansmcp.server.abilities import Abilities
from sansmcp.server.caching import NOT_KEPT, CacheHint, CacheHints
from sansmcp.server.cursors import Cursors
from sansmcp.server.http_serving import http_endpoint
from sansmcp.server.invocation import Invocation, NotificationInvocation
from sansmcp.server.kept import StateHandles
from sansmcp.server.lifespans import Lifespan, Living, check_lifespan, living
from sansmcp.server.lists import PAGE_SIZE, Inlines, Lists
from sansmcp.server.memory import NOTHING_YET, Memory
from sansmcp.server.mounts import MountHandle
from sansmcp.server.notices import Offered
from sansmcp.server.own import OwnTarget
from sansmcp.server.registrations import Registrations
from sansmcp.server.registry import Registry
from sansmcp.server.runs import NOWHERE, Outlet, Run, Surroundings, Wait, waiting
from sansmcp.server.sealing import KeyRing, Sealer, UsedStates, request_digest
from sansmcp.server.serving import ServedSession
from sansmcp.server.settings import ServeHttpSettings, ServeSettings, SessionSettings, check_settings
from sansmcp.server.targets import Refused, Target
from sansmcp.server.terms import Kind, Manner, Terms
from sansmcp.session import (
    Change,
    ChangeKind,
    Middleware,
    NotificationReceived,
    RequestReceived,
    ServerLines,
    ServerSession,
    Stack,
)
from sansmcp.session.middleware import MiddlewareT
from sansmcp.values import ABSENT, JSON, Absent


class Server(Registrations):
    """What is offered to clients; register functions with its decorators.

    Args:
        name: its name for programs.
        version: its version.
        title: its name for people.
        description: what it does.
        instructions: how the model should use it.
        website_url: its page on the web.
        icons: pictures that stand for it.
        revisions: the revisions it speaks.
        capabilities: what it tells clients that it can do, in place of what follows from what is registered;
            or where it differs, by paths, such as `{"tools": True, "tools.listChanged": False}`.
        page_size: how many items a page of a list has.
        notice_interval: for how long changes are gathered before clients are told, in seconds.
        cache: how long results may be kept, and whom they may be shown to.
        cache_of: the same for the results of some methods, such as `tools/list`.
        state_keys: the keys that seal what a handler leaves to its next run, 16 bytes or more each; the
            first seals, all of them open. Processes that serve the same clients need the same ones; by
            default one is made when the first session is opened.
        state_lifetime: how long a client may take to answer, in seconds.
        state_single_use: whether each state is good once, in this process; then a client whose connection
            broke cannot send its answers again.
        handles: how state is kept between calls; see `Context.handles`.
        ordered: the methods whose requests are worked on one by one, in the order they came.
        reveal_errors: whether clients are told what handlers raise; by default only that they failed.
        middleware: what stands around each request and notification that clients send, outermost first.
        sending_middleware: what stands around all that is sent to clients, outermost first.
        schemas: the schemas of some types, wherever handlers take them or tools return them, and in forms;
            a `TypeSchema` also says how their values are read and written.
        edit_schema: returns what tools use in place of a schema that was made of types; see `add_tool`.
        inline_refs: whether the schemas of tools hold definitions where they are used, for hosts that read
            no `$ref`; those that lead to themselves stay. A function says so for each client that lists
            tools, of what `Context.client` is.
        schema_limits: how large a schema may be that is given by hand, and how much work a check may make.
        lifespan: a function of the server that returns a context manager, sync or async: it is entered before
            the first client is served and left after the last one; handlers get what it gives as
            `ctx.lifespan`.
    """

    def __init__(
        self,
        name: str,
        *,
        version: str,
        title: str | None = None,
        description: str | None = None,
        instructions: str | None = None,
        website_url: str | None = None,
        icons: Sequence[schema.Icon] = (),
        revisions: Sequence[Revision] = REVISIONS,
        capabilities: schema.ServerCapabilities | Mapping[str, bool] | None = None,
        page_size: int = PAGE_SIZE,
        notice_interval: float = 0.01,
        cache: CacheHint = NOT_KEPT,
        cache_of: Mapping[str, CacheHint] = MappingProxyType({}),
        state_keys: Sequence[bytes] = (),
        state_lifetime: float = 600.0,
        state_single_use: bool = False,
        handles: StateHandles | None = None,
        ordered: Collection[str] = (),
        reveal_errors: bool = False,
        middleware: Sequence[Middleware] = (),
        sending_middleware: Sequence[Middleware] = (),
        schemas: Mapping[type, Mapping[str, JSON] | TypeSchema] = MappingProxyType({}),
        edit_schema: EditSchema | None = None,
        inline_refs: bool | Inlines = False,
        schema_limits: SchemaLimits = DEFAULT_LIMITS,
        lifespan: Lifespan | None = None,
    ) -> None:
        _check(revisions, notice_interval, ordered, lifespan)
        self._hints = CacheHints(cache, cache_of)
        inference = Inference(
            vocabulary=vocabulary_of(schemas, schema_limits),
            edits=() if edit_schema is None else (edit_schema,),
            inline_refs=inline_refs is True,
        )
        super().__init__(tuple(sorted(revisions)), self._hints.of("resources/read"), inference)
        self._info = schema.Implementation(
            name=name,
            version=version,
            title=title,
            description=description,
            website_url=website_url,
            icons=tuple(icons) or None,
        )
        self._instructions = instructions
        self._abilities = Abilities(capabilities)
        self._lists = Lists(page_size, self._hints, inline_refs if callable(inline_refs) else None)
        self._notice_interval = notice_interval
        self._keys = KeyRing(state_keys)
        self._handles = handles or StateHandles()
        self._used = UsedStates() if state_single_use else None
        self._state_lifetime = state_lifetime
        self._ordered = frozenset(ordered)
        self._reveals = reveal_errors
        self._stack = Stack.of(middleware, sending_middleware)
        self._lifespan = lifespan
        # What sessions on links of one kind share.
        self._terms: dict[Kind, Terms] = {}

    # What it is

    @property
    def info(self) -> schema.Implementation:
        """Which program it is."""
        return self._info

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """The revisions it speaks, oldest first."""
        return self._ledger.revisions

    @property
    def capabilities(self) -> schema.ServerCapabilities:
        """What a session that is opened now tells its client."""
        return self._abilities.of(self._ledger.registry)

    def refuse_async_handlers(self) -> None:
        """Check that every handler is a plain `def`, for bindings that await nothing.

        Raises:
            LocalProtocolError: one is an `async def`; it names which.
        """
        found = self._ledger.registry.async_names()
        if found:
            raise LocalProtocolError(
                f"this binding runs plain functions: expected def, found async def for {', '.join(found)}; "
                "register a def instead, pass async_runner=asyncio.run, or serve with a binding that awaits"
            )

    # Middleware

    @property
    def stack(self) -> Stack:
        """The middleware of a session that begins now."""
        return self._stack

    def middleware(self, middleware: MiddlewareT) -> MiddlewareT:
        """Put a generator function around each request and notification that clients send.

        It stands inside of those that were there before. Sessions that have begun go on without it.

        Args:
            middleware: the generator function.

        Returns:
            What was given.

        Raises:
            LocalProtocolError: it is no generator function of a message and of what proceeds.
        """
        self._stack = attrs.evolve(self._stack, received=(*self._stack.received, middleware))
        return middleware

    def sending_middleware(self, middleware: MiddlewareT) -> MiddlewareT:
        """Put a generator function around all that is sent to clients; see `middleware`.

        Args:
            middleware: the generator function.

        Returns:
            What was given.

        Raises:
            LocalProtocolError: it is no generator function of a message and of what proceeds.
        """
        self._stack = attrs.evolve(self._stack, sent=(*self._stack.sent, middleware))
        return middleware

    # Other servers

    def mount(self, server: "Server", prefix: str) -> MountHandle:
        """Offer what another server offers too, under a prefix, and with its changes from now on.

        A tool `forecast` is `prefix_forecast` here, and a resource `data://cities` is `data://prefix/cities`.
        Methods and notifications of one's own are not taken over.

        Args:
            server: the other server; it may be served beside this one.
            prefix: what stands before its names.

        Returns:
            What takes it away again.

        Raises:
            LocalProtocolError: a name is taken, the prefix is none, or this server is part of the other.
        """
        if not isinstance(server, Server):
            raise LocalProtocolError(f"mount: expected a sansmcp Server, found {server!r:.80}")
        return MountHandle(self._ledger, server._ledger, prefix)  # noqa: SLF001 - a server too

    # Changes

    def resource_updated(self, uri: str) -> None:
        """Tell every client that subscribed to a resource that its contents changed; from any thread.

        Args:
            uri: where it is.
        """
        change = Change(kind=ChangeKind.RESOURCE, uri=uri)
        self._ledger.change(lambda registry: registry.with_change(change))

    def elicitation_completed(self, elicitation_id: str) -> None:
        """Tell whom it was sent to that what a user was sent to a page for is done; from any thread.

        For what hears of that after the request has ended, such as the page itself. Only a session of
        2025-11-25 has a notification for it, and only that is told, once, which was sent the page by this
        process; any other client calls again.

        Args:
            elicitation_id: what `Context.elicit_url` returned, or `UrlElicitationRequired` was given.
        """
        self._ledger.change(lambda registry: registry.with_completed(elicitation_id))

    def offered(self) -> Offered:
        """Return what is offered at this instant, as far as changes of it go; from any thread."""
        return self._ledger.registry

    def subscribe(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Call a function after each change of what is offered, on the thread that made it.

        Args:
            wake: it must neither block nor raise, and may be called from any thread.

        Returns:
            What ends it; it may be called again.
        """
        return self._ledger.subscribe(wake)

    # Serving

    def living(self) -> Living:
        """Return what a binding enters before it serves and leaves afterwards; see `ServerConnections`.

        Raises:
            LocalProtocolError: the lifespan returned no context manager.
        """
        return living(self._lifespan, self)

    def rotate_state_key(self, key: bytes, *, keep: int = 1) -> None:
        """Seal what handlers leave to their next run, and cursors, with another key from now on.

        Args:
            key: the key, 16 bytes or more; all processes that serve the same clients need it.
            keep: how many of the keys before it still open.

        Raises:
            LocalProtocolError: the key is too short.
        """
        self._keys.rotate(key, keep=keep)

    def expect_logs(self) -> None:
        """Take note that handlers log which take no `Context`; the `LogHandler` of a binding says so."""
        self._ledger.change(lambda registry: registry if registry.logs else attrs.evolve(registry, logs=True))

    def open_session(
        self,
        environment: Environment,
        **settings: Unpack[SessionSettings],
    ) -> ServedSession:
        """Return a session for one client; it is the caller's alone.

        Args:
            environment: where randomness and calendar time come from.
            settings: how the session is set up; see `SessionSettings`.
        """
        self._keys.fill(environment.random)
        kind = Kind.of(settings)
        terms = self._terms.get(kind)
        if terms is None or terms.manner.environment is not environment:
            terms = self._terms[kind] = self._new_terms(environment, kind)
        return ServedSession(
            terms,
            principal=settings.get("principal"),
            timeouts=settings.get("timeouts"),
            limits=settings.get("limits"),
            keep_alive=settings.get("keep_alive"),
            is_wrapped=self._stack.is_any,
        )

    def _new_terms(self, environment: Environment, kind: Kind) -> Terms:
        manner = Manner(
            environment=environment,
            sealer=Sealer(self._keys, self._state_lifetime, environment.utc, self._used),
            cursors=Cursors(self._keys),
            info=self._info,
            instructions=self._instructions,
            ordered=self._ordered,
            notice_interval=self._notice_interval,
            discovery=self._hints.of("server/discover"),
            kind=kind,
        )
        return Terms(self._ledger, self._abilities, manner)

    def endpoint(self, environment: Environment, settings: ServeSettings) -> ServerLines:
        """Return an endpoint over lines, with a session for each peer that comes.

        Args:
            environment: where randomness and calendar time come from.
            settings: how it is set up.

        Raises:
            LocalProtocolError: there is no such setting, or one is of another kind.
        """
        check_settings(settings)
        names = SessionSettings.__annotations__
        sessions: dict[str, JSON] = {name: value for name, value in settings.items() if name in names}
        return ServerLines(
            partial(self.open_session, environment, **sessions),
            wrap_link=settings.get("wrap_link"),
            on_message=settings.get("on_message"),
        )

    def http_endpoint(
        self,
        environment: Environment,
        settings: ServeHttpSettings,
        *,
        host: str | None = None,
        streams: bool = True,
    ) -> ServerHttp:
        """Return an endpoint over HTTP, in both eras.

        Args:
            environment: where randomness and calendar time come from.
            settings: how it is set up.
            host: the address that is bound to; None where that is not known.
            streams: whether the binding can write a response piece by piece.

        Raises:
            LocalProtocolError: there is no such setting, one is of another kind, or every address is bound to
                and no host is allowed.
        """
        return http_endpoint(
            self.open_session, self._ledger, environment, settings, host=host, streams=streams
        )

    def resolve(
        self,
        event: RequestReceived,
        session: ServerSession,
        outlet: Outlet,
        wait: Wait | None = None,
        lifespan: JSON | Absent = ABSENT,
    ) -> Invocation:
        """Return what answers a request; nothing has run yet, and nothing is raised for what a peer sent.

        Args:
            event: the request.
            session: where it came from, made by `open_session`.
            outlet: gets at the session's thread.
            wait: waits as the binding does that; None where it cannot.
            lifespan: what the lifespan of the serving gave.
        """
        registry = self._ledger.registry
        served = session if isinstance(session, ServedSession) else None
        event, target = self._route(event, registry, served)
        sealer = None if served is None else served.sealer
        memory = NOTHING_YET
        if event.request_state is not None:
            opened = _recall(event, event.request_state, served)
            if isinstance(opened, Memory):
                memory = opened
            else:
                target = opened
        run = None
        if target.wants_context or (registry.logs and (target.is_async or target.blocks)):
            around = Surroundings(
                environment=NOWHERE if served is None else served.environment,
                principal=None if served is None else served.principal,
                handles=self._handles,
                vocabulary=target.vocabulary,
                wait=waiting(wait, is_async=target.is_async, blocks=target.blocks),
                lifespan=lifespan,
            )
            run = Run(event, session, outlet, memory, registry.sendable, around=around)
        return Invocation(target, event, session, run=run, sealer=sealer, reveals=self._reveals)

    def _route(
        self, event: RequestReceived, registry: Registry, served: ServedSession | None
    ) -> tuple[RequestReceived, Target]:
        if served is not None and served.is_own(event):
            return event, OwnTarget(name=event.method, session=served)
        cursors, principal = (None, None) if served is None else (served.cursors, served.principal)
        page = self._lists.target(event.method, registry, cursors, principal)
        if page is None:
            return registry.route(event)
        if served is not None:
            served.notices.shown(page.kind, registry)
        return event, page

    def resolve_notification(self, event: NotificationReceived) -> NotificationInvocation | None:
        """Return what takes a notification, or None if nothing was registered for it.

        Args:
            event: the notification.
        """
        target = self._ledger.registry.notifications.get(event.method)
        return None if target is None else NotificationInvocation(target, event)


def _recall(event: RequestReceived, state: str, served: ServedSession | None) -> Memory | Target:
    """Return what the runs before this one left, or what refuses a state that is not theirs."""
    if served is None:
        return _refused(event, StateRefusedError("the session was not made by Server.open_session"))
    try:
        # A legacy session keeps it, and its question to a person has no deadline.
        ends = event.era is Era.MODERN
        bound_to = request_digest(event, served.principal)
        opened = served.sealer.open(state, bound_to, by=event.message, ends=ends)
    except StateRefusedError as reason:
        return _refused(event, reason)
    return Memory.from_json(opened).with_answers(event.input_responses)


def _refused(event: RequestReceived, reason: StateRefusedError) -> Target:
    # One text for every reason (2026-07-28, Multi Round-Trip Requests): the reason is for our side.
    error = RpcError(INVALID_PARAMS, "requestState is not valid for this request")
    return Refused(name=event.method, error=error, cause=reason)


def _check(
    revisions: Sequence[Revision], notice_interval: float, ordered: Collection[str], lifespan: Lifespan | None
) -> None:
    """Refuse settings that cannot be meant."""
    if not revisions or any(revision not in REVISIONS for revision in revisions):
        raise LocalProtocolError(f"revisions: expected some of {REVISIONS}, found {tuple(revisions)!r:.80}")
    if not 0 <= notice_interval < math.inf:
        raise LocalProtocolError(f"notice_interval: expected seconds from 0, found {notice_interval!r:.80}")
    if isinstance(ordered, str):
        raise LocalProtocolError(f"ordered: expected a list of methods, such as [{ordered!r:.80}]")
    if lifespan is not None:
        check_lifespan(lifespan)
