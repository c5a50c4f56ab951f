"""How a server is served over HTTP: its settings, with their defaults and where these come from."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, TypedDict, get_args

import attrs

from sansmcp.errors import LocalProtocolError
from sansmcp.http.policy import Policy
from sansmcp.http.server.store import EventStore, MemoryEventStore
from sansmcp.http.verifying import MayWait, Verify, VerifySlowly, awaits
from sansmcp.session import DEFAULT_PATIENCE, HearMessage, Patience
from sansmcp.values import JSON, Value

ResponseForm: TypeAlias = Literal["auto", "json", "stream"]
"""How requests are answered: `json` in one piece, `stream` as events; `auto` in one piece unless something
comes before the answer, or it is long in coming."""


_LONGEST: Final = 1e9
"""Seconds that nobody waits for; more than that is too much for some clocks."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HttpLimits(Value):
    """How much clients may ask for over HTTP, and how long they may take; times are in seconds.

    Raises:
        LocalProtocolError: a number cannot be meant, such as a time of 0.
    """

    # The Python SDK has both numbers since 2.3.
    sessions: int = 10_000
    """Sessions of legacy clients; further ones are refused with 503."""
    idle: float = 1800.0
    """How long a session is kept that has neither a request nor a stream in flight."""
    # As many as sessions; nginx has 512, Go and uvicorn none. The system may allow a process fewer.
    connections: int = 10_000
    """Connections, where they are the binding's own; further ones get 503 and are closed."""
    # The websockets library reads 128 lines of 8 KiB.
    header_bytes: int = 32 * 1024
    """The bytes of all header fields of a request."""
    header_count: int = 100
    """The header fields of a request."""
    # No SDK has a bound; what clients say there takes less than one, and is kept for each session.
    opening_bytes: int = 64 * 1024
    """The bytes of what a legacy client says of itself when it opens a session."""
    # The Python, the Go and the Rust SDK read 4 MiB.
    body_bytes: int = 4 * 1024 * 1024
    """The bytes of the body of a request."""
    # No server of note bounds them; a client on a telephone needs less.
    header_timeout: float = 10.0
    """How long the header fields of a request may take."""
    body_timeout: float = 30.0
    """How long the body of a request may take."""
    write_stall: float = DEFAULT_PATIENCE.write_stall
    """For how long a client may read nothing."""
    # The Python, the Rust and the TypeScript SDK write a comment every 15 s; proxies give up at 30 to 60.
    keep_alive: float = 15.0
    """How long a stream is quiet before a comment keeps it open."""
    # The Python and the TypeScript SDK do so at once, and give no quick call a response in one piece.
    priming: float = 1.0
    """How long a call of 2025-11-25 may be silent until its response begins, with an id to come back with."""
    # A thousand notices of 4 kB; no SDK has a bound.
    outbox_messages: int = 1024
    """Messages that wait for a client to read its stream; past them it loses the response, not the stream."""
    outbox_bytes: int = 4 * 1024 * 1024
    """The bytes of those."""
    backlog: int = 1024
    """Messages that wait for a client to come and read them."""

    def __attrs_post_init__(self) -> None:
        for field in attrs.fields(HttpLimits):
            value = getattr(self, field.name)
            if type(field.default) is float:
                fits = type(value) in {int, float} and 0 < value <= _LONGEST
                expected = f"seconds above 0, {_LONGEST:.0f} at most"
            else:
                # Only to keep nothing for whoever is away makes sense.
                least = 0 if field.name == "backlog" else 1
                fits = type(value) is int and value >= least
                expected = f"a whole number from {least}"
            if not fits:
                raise LocalProtocolError(f"HttpLimits({field.name}={value!r:.80}): expected {expected}")

    @property
    def patience(self) -> Patience:
        """How a driver waits for a client: a response may be long, and its reader slow."""
        return Patience(write_stall=self.write_stall, flush=None)


class HttpSettings(TypedDict, total=False):
    """What may be said when a server is served over HTTP; everything may be left out."""

    path: str | None
    """The path of the endpoint, `/mcp` by default; None for any."""
    allowed_hosts: Sequence[str] | None
    """The names that the server is reached by, with or without a port; by default those of the machine."""
    allowed_origins: Sequence[str] | None
    """Whose pages may call it, as names or origins; by default those of the allowed hosts."""
    sessions: bool
    """Whether legacy clients get sessions; without, each of their requests stands alone."""
    responses: ResponseForm
    """How requests are answered."""
    event_store: EventStore | None
    """Where events are kept for clients whose connection breaks; by default the newest are, in memory."""
    http_sse: bool
    """Whether clients of 2024-11-05 are served too, by their own transport."""
    sse_path: str
    """The path of their streams, `/sse` by default."""
    messages_path: str
    """The path of their messages, `/messages` by default."""
    http_limits: HttpLimits
    """How much clients may ask for."""
    verify: Verify | VerifySlowly | None
    """Finds out who sent a request: a `def` at once, an `async def` in its time; see `MayWait`."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class HttpOptions(Value):
    """The same, filled in."""

    policy: Policy = attrs.field(factory=Policy, repr=False)
    """Who may call."""
    path: str | None = "/mcp"
    """The path of the endpoint; None for any."""
    sessions: bool = True
    """Whether legacy clients get sessions."""
    responses: ResponseForm = "auto"
    """How requests are answered."""
    streams: bool = True
    """Whether the binding can write a response piece by piece."""
    event_store: EventStore | None = attrs.field(factory=MemoryEventStore, repr=False)
    """Where events are kept; None for nowhere."""
    http_sse: bool = False
    """Whether clients of 2024-11-05 are served by their own transport."""
    sse_path: str = "/sse"
    """The path of their streams."""
    messages_path: str = "/messages"
    """The path of their messages."""
    limits: HttpLimits = attrs.field(factory=HttpLimits)
    """How much clients may ask for."""
    verify: Verify | None = None
    """Finds out who sent a request; None for nobody in particular."""
    on_message: HearMessage | None = None
    """Told of each whole message as bytes."""

    # Asked with each message.
    answers_only: bool = attrs.field(
        init=False,
        repr=False,
        default=attrs.Factory(lambda self: self.responses == "json" or not self.streams, takes_self=True),
    )
    """Whether nothing but answers can reach a client."""

    @staticmethod
    def of(settings: Mapping[str, JSON], *, host: str | None = None, streams: bool = True) -> "HttpOptions":
        """Fill in settings.

        Args:
            settings: those of `HttpSettings`, and `on_message`; others are left alone.
            host: the address that is bound to; None where that is not known.
            streams: whether the binding can write a response piece by piece.

        Raises:
            LocalProtocolError: one is of the wrong kind, or every address is bound to and no name is allowed.
        """
        if type(streams) is not bool:
            raise LocalProtocolError(f"streams: expected a bool, found {streams!r:.80}")
        given = {name: settings[name] for name in HttpSettings.__annotations__ if name in settings}
        for name, value in given.items():
            _check(name, value)
        given["on_message"] = settings.get("on_message")
        hosts, origins = given.pop("allowed_hosts", None), given.pop("allowed_origins", None)
        limits = given.pop("http_limits", None) or HttpLimits()
        if awaits(given.get("verify")):
            given["verify"] = MayWait(given["verify"])
        if not streams and given.get("responses") == "stream":
            raise LocalProtocolError("responses='stream': this binding writes each response in one piece")
        if given.get("http_sse") and (not streams or given.get("responses") == "json"):
            raise LocalProtocolError("http_sse=True: expected responses that may be streams")
        options = HttpOptions(
            policy=Policy(hosts, origins, host=host), limits=limits, streams=streams, **given
        )
        places = (options.path, options.sse_path, options.messages_path)
        if options.http_sse and len(set(places)) < len(places):
            raise LocalProtocolError(
                f"path, sse_path and messages_path: expected three, found {places!r:.80}"
            )
        return options


# Requests name it with what has no place in a path escaped.
_PATH: Final = re.compile(r"/[!\"$->@-~]*")
_KINDS: Final[Mapping[str, type]] = {"sessions": bool, "http_sse": bool, "http_limits": HttpLimits}


def _check(name: str, value: JSON) -> None:
    kind = _KINDS.get(name)
    if kind is not None and not isinstance(value, kind):
        raise LocalProtocolError(f"{name}: expected a {kind.__name__}, found {value!r:.80}")
    is_path = isinstance(value, str) and _PATH.fullmatch(value) is not None
    if name in ("sse_path", "messages_path") and not is_path:
        raise LocalProtocolError(f"{name}: expected a path from /, found {value!r:.80}")
    if name == "path" and value is not None and not is_path:
        raise LocalProtocolError(f"path: expected a path from /, such as '/mcp', found {value!r:.80}")
    if name == "responses" and value not in get_args(ResponseForm):
        raise LocalProtocolError(f"responses: expected 'auto', 'json' or 'stream', found {value!r:.80}")
    if name == "verify" and value is not None and not callable(value):
        raise LocalProtocolError(f"verify: expected a function, found {value!r:.80}")
    if name == "event_store" and value is not None and not _is_store(value):
        raise LocalProtocolError(f"event_store: expected an EventStore, found {value!r:.80}")


def _is_store(value: JSON) -> bool:
    names = [name for name in vars(EventStore) if not name.startswith("_")]
    return not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in names)
