"""How a client is set up, the same in every binding."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias, TypedDict

import attrs

from sansmcp import schema
from sansmcp.client.cache import ResponseCacheView, own_view
from sansmcp.client.checking import Validate, check_choice
from sansmcp.client.handlers import ElicitationHandler, InputHandlers, RootsSource, SamplingHandler
from sansmcp.client.refreshing import LIST_DELAY, ListRefreshed
from sansmcp.client.sending import OwnSession
from sansmcp.errors import LocalProtocolError, refuse_unknown
from sansmcp.http import ClientHttp, HttpClientLimits, Url
from sansmcp.schema import METHODS, REVISIONS, MethodTable, Revision
from sansmcp.schema.schema_limits import DEFAULT_LIMITS, SchemaLimits
from sansmcp.session import (
    ChangeReceived,
    ClientEndpoint,
    ClientEvent,
    ClientLines,
    ClientSession,
    Finding,
    HearMessage,
    KeepAlive,
    LogReceived,
    MessageDropped,
    Middleware,
    NotificationReceived,
    ProtocolViolated,
    Restart,
    SessionLimits,
    Stack,
    Timeouts,
    WrapLink,
)
from sansmcp.values import JSON, Value

ANONYMOUS = schema.Implementation(name="sansmcp", version="0.1.0")
"""Who a client is that does not say."""

MakeEndpoint: TypeAlias = Callable[["ClientOptions", JSON], ClientEndpoint[ClientSession, ClientEvent]]
"""Makes an endpoint of a user's own; it is told the settings, and the address that it is to dial."""


class ClientSettings(TypedDict, total=False):
    """What may be said when a client is set up; everything may be left out."""

    info: schema.Implementation
    """Who the client is."""
    elicitation: ElicitationHandler | None
    """Answers what the server asks the user."""
    elicitation_urls: bool
    """Whether it takes pages too; it always takes forms."""
    sampling: SamplingHandler | None
    """Answers what the server asks of the model."""
    sampling_tools: bool
    """Whether it lets the model call tools."""
    roots: RootsSource | None
    """The roots, or what tells them; of a `Roots` the server hears by itself when they change."""
    roots_change: bool
    """Whether the program says `notifications/roots/list_changed` when other roots than a `Roots` change."""
    handlers_block: bool
    """Whether handlers that are a `def` may block; if not, a thread hop is saved."""
    revisions: Sequence[Revision]
    """The revisions to speak; with one, that one."""
    finding: Finding | None
    """What an earlier connection learned about the server."""
    log_level: schema.LoggingLevel | None
    """The least severe level of log messages wanted; None for what the server does unasked."""
    on_log: Callable[[LogReceived], object] | None
    """Told of log messages."""
    on_change: Callable[[ChangeReceived], object] | None
    """Told of changes on the server, once of each; a modern server is asked to tell of its lists."""
    on_list: Callable[[ListRefreshed], object] | None
    """Told of each list that has changed, as soon as it was read again."""
    list_delay: float
    """Seconds from a change of a list until it is read again; changes in between are one."""
    on_notification: Callable[[NotificationReceived], object] | None
    """Told of notifications that have no listener of their own, such as those of the user's own methods."""
    cache: ResponseCacheView | None
    """Which results may be used again; by default those of this client, with None none."""
    validate: Validate
    """What becomes of a result that breaks its tool's output schema: "check" raises, by default; "report"
    only logs; "off" does not look."""
    schema_limits: SchemaLimits
    """How large a tool's output schema may be, and how much work a check against it may make."""
    on_violation: Callable[[ProtocolViolated | MessageDropped], object] | None
    """Told of breaches by the server and of messages that had no place; by default they are logged."""
    on_event: Callable[[ClientSession, ClientEvent], object] | None
    """Told of every event before anything is done about it; it must not give commands."""
    middleware: Sequence[Middleware]
    """What stands around all that the server asks and tells, outermost first."""
    sending_middleware: Sequence[Middleware]
    """What stands around each call, answer and notification of this client, outermost first."""
    on_message: HearMessage | None
    """Told of each whole message as bytes, over every transport."""
    wrap_link: WrapLink | None
    """Puts something between each link and its driver that sees all bytes."""
    own_endpoint: MakeEndpoint | None
    """Makes the endpoint, for a framing of your own; a URL has that of HTTP in any case."""
    methods: MethodTable
    """The method table; extend it for methods of one's own."""
    timeouts: Timeouts | None
    """How long to wait."""
    limits: SessionLimits | None
    """How much the server may ask for."""
    keep_alive: KeepAlive | None
    """Pings to a legacy server."""
    restart: Restart | None
    """How a lost connection is made again; by default it is not."""
    strict: bool
    """Whether to refuse results that bend the rules."""


_FUNCTIONS: Final = (
    "elicitation",
    "sampling",
    "on_log",
    "on_change",
    "on_list",
    "on_notification",
    "on_violation",
    "on_event",
    "on_message",
    "own_endpoint",
    "wrap_link",
)
_KINDS: Final[Mapping[str, type]] = {
    "info": schema.Implementation,
    "finding": Finding,
    "cache": ResponseCacheView,
    "timeouts": Timeouts,
    "limits": SessionLimits,
    "keep_alive": KeepAlive,
    "restart": Restart,
}


def _check_kinds(settings: Mapping[str, JSON]) -> None:
    """Refuse what would fail later, where nobody knows which setting it came from."""
    for name, value in settings.items():
        kind = _KINDS.get(name)
        if value is None:
            continue
        if name in _FUNCTIONS and not callable(value):
            raise LocalProtocolError(f"connect({name}=...): expected a function, found {value!r:.80}")
        if kind is not None and not isinstance(value, kind):
            raise LocalProtocolError(f"connect({name}=...): expected a {kind.__name__}, found {value!r:.80}")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ClientOptions(Value):
    """The same as a value, with what is not said filled in."""

    info: schema.Implementation = ANONYMOUS
    """Who the client is."""
    handlers: InputHandlers = attrs.field(factory=InputHandlers)
    """Who answers what the server asks."""
    revisions: Sequence[Revision] = REVISIONS
    """The revisions to speak."""
    finding: Finding | None = None
    """What an earlier connection learned about the server."""
    log_level: schema.LoggingLevel | None = None
    """The least severe level of log messages wanted."""
    on_log: Callable[[LogReceived], object] | None = None
    """Told of log messages."""
    on_change: Callable[[ChangeReceived], object] | None = None
    """Told of changes on the server."""
    on_list: Callable[[ListRefreshed], object] | None = None
    """Told of each list that has changed."""
    list_delay: float = LIST_DELAY
    """Seconds from a change of a list until it is read again."""
    on_notification: Callable[[NotificationReceived], object] | None = None
    """Told of notifications that have no listener of their own."""
    cache: ResponseCacheView | None = attrs.field(factory=own_view, eq=False, repr=False)
    """Which results may be used again; None for none."""
    validate: Validate = "check"
    """What becomes of a result that breaks its tool's output schema."""
    schema_limits: SchemaLimits = DEFAULT_LIMITS
    """How large that schema may be, and how much work a check may make."""
    on_violation: Callable[[ProtocolViolated | MessageDropped], object] | None = None
    """Told of breaches by the server and of messages that had no place."""
    on_event: Callable[[ClientSession, ClientEvent], object] | None = None
    """Told of every event before anything is done about it."""
    stack: Stack = attrs.field(factory=Stack)
    """The middleware."""
    on_message: HearMessage | None = None
    """Told of each whole message as bytes."""
    wrap_link: WrapLink | None = None
    """Puts something between each link and its driver that sees all bytes."""
    own_endpoint: MakeEndpoint | None = None
    """Makes the endpoint, for a framing of one's own."""
    methods: MethodTable = METHODS
    """The method table."""
    timeouts: Timeouts | None = None
    """How long to wait."""
    limits: SessionLimits | None = None
    """How much the server may ask for."""
    keep_alive: KeepAlive | None = None
    """Pings to a legacy server."""
    restart: Restart | None = None
    """How a lost connection is made again; None to let it be."""
    strict: bool = False
    """Whether to refuse results that bend the rules."""

    @classmethod
    def of(cls, settings: ClientSettings) -> "ClientOptions":
        """Fill in what was not said.

        Raises:
            LocalProtocolError: if there is no such setting, which a type checker would have said.
        """
        refuse_unknown("connect", settings, ClientSettings.__annotations__)
        _check_kinds(settings)
        handlers = InputHandlers(
            elicitation=settings.get("elicitation"),
            elicitation_urls=settings.get("elicitation_urls", False),
            sampling=settings.get("sampling"),
            sampling_tools=settings.get("sampling_tools", False),
            roots=settings.get("roots"),
            roots_change=settings.get("roots_change", False),
            blocks=settings.get("handlers_block", True),
        )
        check_choice(settings.get("validate", "check"), "connect(validate=...)")
        stack = Stack.of(settings.get("middleware", ()), settings.get("sending_middleware", ()))
        others = {field.name for field in attrs.fields(cls)}
        rest: dict[str, JSON] = {name: value for name, value in settings.items() if name in others}
        return cls(handlers=handlers, stack=stack, **rest)

    def session(
        self,
        *,
        revisions: Sequence[Revision] | None = None,
        finding: Finding | None = None,
        handles: Iterator[int] | None = None,
    ) -> ClientSession:
        """Build a session that is set up so.

        Args:
            revisions: the revisions to speak, if not those of the client.
            finding: what was learned about the server since.
            handles: where the handles of calls come from; by default they are the session's own.
        """
        return OwnSession(
            info=self.info,
            capabilities=self.handlers.capabilities,
            revisions=self.revisions if revisions is None else revisions,
            finding=self.finding if finding is None and revisions is None else finding,
            log_level=self.log_level,
            methods=self.methods,
            timeouts=self.timeouts,
            limits=self.limits,
            keep_alive=self.keep_alive,
            strict=self.strict,
            handles=handles,
        )

    def endpoint(
        self,
        address: JSON,
        random: Callable[[int], bytes],
        *,
        dials_again: bool = True,
        peer: str | None = None,
    ) -> ClientEndpoint[ClientSession, ClientEvent]:
        """Build an endpoint that is set up so: over lines, or the user's own.

        Args:
            address: where the server is, for whoever dials.
            random: gives random bytes.
            dials_again: whether the address leads to the server more than once.
            peer: the server in words, for what is told of the end.
        """
        if self.own_endpoint is not None:
            return self.own_endpoint(self, address)
        return ClientLines(
            self.session,
            address,
            revisions=self.revisions,
            dials_again=dials_again,
            peer=peer,
            restart=self.restart,
            random=random,
            wrap_link=self.wrap_link,
            on_message=self.on_message,
        )

    def http_endpoint(
        self,
        url: Url | str,
        random: Callable[[int], bytes],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> ClientHttp:
        """Build an endpoint over HTTP that is set up so.

        Args:
            url: where the server is.
            random: gives random bytes.
            headers: header fields that go with every request, such as credentials.

        Raises:
            LocalProtocolError: if the URL or a header field cannot be used.
        """
        timeouts = self.timeouts or Timeouts()
        # Over HTTP silence says nothing of an era: the probe is a request like any other, and has its time.
        patient = attrs.evolve(self, timeouts=attrs.evolve(timeouts, probe=math.inf))
        return ClientHttp(
            patient.session,
            url,
            headers=headers,
            random=random,
            limits=HttpClientLimits() if self.restart is None else HttpClientLimits(reconnect=self.restart),
            timeouts=timeouts,
            on_message=self.on_message,
        )
