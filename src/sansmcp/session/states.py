"""The legal transitions: all that moves a state lives in this file, and it knows neither role nor era.

There are four tables. `LIFECYCLE` is the handshake and the phases of a legacy session; `LINK` is the
channel under it, from open to closed; `REQUEST` is one request from its first byte to its last;
`DETECTION` is how a client learns which era its server speaks. The modern era has no lifecycle:
a request is legal whenever the link is open.

The inputs of `LIFECYCLE` name who spoke, so both ends step through the same table: for the end that
speaks, a missing row is a mistake of its own and raises `LocalProtocolError`; for the end that
listens, it is a breach by the peer and becomes `ProtocolViolated`.

Source: Lifecycle (2024-11-05 to 2025-11-25), Versioning and the stdio page (2026-07-28).
"""

import enum
from collections.abc import Mapping
from typing import Final, TypeAlias, TypeVar

from sansmcp.values import Word


class Phase(Word):
    """Where a legacy session stands."""

    NEW = "new"
    """Nobody has asked for a session."""
    INITIALIZING = "initializing"
    """`initialize` was sent and not yet answered."""
    NEGOTIATED = "negotiated"
    """`initialize` was answered; `notifications/initialized` has not come."""
    OPERATING = "operating"
    """Both sides may use what was negotiated."""
    ALONE = "alone"
    """There is no session: a request of the legacy era stands alone, and what was agreed on is elsewhere."""
    ENDED = "ended"
    """The session is over."""


class Step(Word):
    """What was said in a legacy session, and by whom."""

    INITIALIZE = "client: initialize"
    INITIALIZE_RESULT = "server: result of initialize"
    INITIALIZE_ERROR = "server: error for initialize"
    INITIALIZED = "client: notifications/initialized"
    CLIENT_PING = "client: ping"
    CLIENT_REQUEST = "client: any other request"
    CLIENT_NOTIFICATION = "client: any other notification"
    SERVER_PING = "server: ping"
    SERVER_LOG = "server: notifications/message"
    SERVER_REQUEST = "server: any other request"
    SERVER_NOTIFICATION = "server: any other notification"
    RESUME = "a request comes without a session"
    SESSION_LOST = "the server no longer knows the session"
    END = "the link or the session ends"


class Effect(Word):
    """What a transition asks of the session that made it."""

    OPEN_SESSION = "open the session"
    MARK_READY = "tell the user that the session is ready"
    END_SESSION = "end the session"
    START_DRAINING = "start the grace period"
    SHUT = "end what is left and close"
    STOP_WORK = "tell the handler to stop"
    ASK = "hand the questions to the other side"
    RESUME = "go on with the answers"
    DROP = "drop the answer, with an event"
    FINISH = "hand the outcome over"
    PROBE = "send server/discover"
    HANDSHAKE = "send initialize"
    CONNECT = "tell the user that the connection is made"
    GIVE_UP = "close: there is no common ground"


class LinkState(Word):
    """Where the channel stands."""

    OPEN = "open"
    """Both directions are usable."""
    DRAINING = "draining"
    """No new work is taken; what runs may finish within the grace period."""
    CLOSED = "closed"
    """Nothing is read or written any more."""


class LinkInput(Word):
    """What happens to a channel."""

    END_OF_INPUT = "the peer ended its input"
    CLOSE = "our side wants to close"
    DRAINED = "nothing is left to finish"
    GRACE_OVER = "the grace period is over"
    GIVE_UP = "our side gives the connection up"


class RequestState(Word):
    """Where one request stands, at either end."""

    IN_FLIGHT = "in flight"
    """The receiver works on it."""
    AWAITING_INPUT = "awaiting input"
    """The receiver has asked back, and waits for the answers."""
    CANCELLED = "cancelled"
    """It was given up; the receiver may still be working on it."""
    ENDED = "ended"
    """It has its one outcome."""


class RequestInput(Word):
    """What happens to a request."""

    ANSWER = "result or error"
    ASK = "input required"
    INPUT = "every question answered"
    CANCEL = "cancelled or timed out"
    LOSE = "no answer can come"


class DetectionState(Word):
    """What a client knows of its server's era."""

    UNKNOWN = "unknown"
    """Nothing has been sent."""
    PROBING = "probing"
    """`server/discover` was sent."""
    HANDSHAKING = "handshaking"
    """`initialize` was sent."""
    MODERN = "modern"
    """Requests describe themselves."""
    LEGACY = "legacy"
    """A legacy session is negotiated."""
    FAILED = "failed"
    """There is no common ground, or the link is gone."""


class DetectionInput(Word):
    """What tells a client about its server's era."""

    CONNECT_PROBING = "connect, era unknown"
    CONNECT_LEGACY = "connect, told legacy"
    CONNECT_MODERN = "connect, told modern"
    MODERN_EVIDENCE = "a result or error of the modern era with a common version"
    LEGACY_EVIDENCE = "any other error, silence, or only legacy versions"
    ACCEPTED = "initialize was answered with a version we speak"
    REFUSED = "no common version, or the handshake failed"
    PROVED_WRONG = "what was told in advance is wrong"
    SESSION_LOST = "the server no longer knows the session"
    END = "the link ends"


LIFECYCLE: Final[Mapping[Phase, Mapping[Step, tuple[Effect | None, Phase]]]] = {
    Phase.NEW: {
        Step.INITIALIZE: (None, Phase.INITIALIZING),
        Step.RESUME: (None, Phase.ALONE),
        Step.CLIENT_PING: (None, Phase.NEW),
        Step.SERVER_PING: (None, Phase.NEW),
        Step.END: (None, Phase.ENDED),
    },
    Phase.INITIALIZING: {
        Step.INITIALIZE_RESULT: (Effect.OPEN_SESSION, Phase.NEGOTIATED),
        Step.INITIALIZE_ERROR: (None, Phase.NEW),
        Step.CLIENT_PING: (None, Phase.INITIALIZING),
        Step.SERVER_PING: (None, Phase.INITIALIZING),
        Step.SERVER_LOG: (None, Phase.INITIALIZING),
        Step.END: (None, Phase.ENDED),
    },
    Phase.NEGOTIATED: {
        Step.INITIALIZED: (Effect.MARK_READY, Phase.OPERATING),
        Step.CLIENT_PING: (None, Phase.NEGOTIATED),
        Step.SERVER_PING: (None, Phase.NEGOTIATED),
        Step.SERVER_LOG: (None, Phase.NEGOTIATED),
        Step.END: (Effect.END_SESSION, Phase.ENDED),
    },
    Phase.OPERATING: {
        Step.CLIENT_PING: (None, Phase.OPERATING),
        Step.CLIENT_REQUEST: (None, Phase.OPERATING),
        Step.CLIENT_NOTIFICATION: (None, Phase.OPERATING),
        Step.SERVER_PING: (None, Phase.OPERATING),
        Step.SERVER_LOG: (None, Phase.OPERATING),
        Step.SERVER_REQUEST: (None, Phase.OPERATING),
        Step.SERVER_NOTIFICATION: (None, Phase.OPERATING),
        # The client initializes again, on the same connection.
        Step.SESSION_LOST: (None, Phase.NEW),
        Step.END: (Effect.END_SESSION, Phase.ENDED),
    },
    Phase.ALONE: {
        Step.CLIENT_PING: (None, Phase.ALONE),
        Step.CLIENT_REQUEST: (None, Phase.ALONE),
        Step.CLIENT_NOTIFICATION: (None, Phase.ALONE),
        Step.INITIALIZED: (None, Phase.ALONE),
        Step.END: (None, Phase.ENDED),
    },
    Phase.ENDED: {
        Step.END: (None, Phase.ENDED),
    },
}

LINK: Final[Mapping[LinkState, Mapping[LinkInput, tuple[Effect | None, LinkState]]]] = {
    LinkState.OPEN: {
        LinkInput.END_OF_INPUT: (Effect.START_DRAINING, LinkState.DRAINING),
        LinkInput.CLOSE: (Effect.START_DRAINING, LinkState.DRAINING),
        # There is nothing to wait for: the peer is gone, or there is no common ground.
        LinkInput.GIVE_UP: (Effect.SHUT, LinkState.CLOSED),
    },
    LinkState.DRAINING: {
        # The input may end after we began to close; the first grace period counts.
        LinkInput.END_OF_INPUT: (None, LinkState.DRAINING),
        LinkInput.CLOSE: (None, LinkState.DRAINING),
        LinkInput.DRAINED: (Effect.SHUT, LinkState.CLOSED),
        LinkInput.GRACE_OVER: (Effect.SHUT, LinkState.CLOSED),
    },
    LinkState.CLOSED: {
        LinkInput.END_OF_INPUT: (None, LinkState.CLOSED),
        LinkInput.CLOSE: (None, LinkState.CLOSED),
    },
}

REQUEST: Final[Mapping[RequestState, Mapping[RequestInput, tuple[Effect | None, RequestState]]]] = {
    RequestState.IN_FLIGHT: {
        RequestInput.ANSWER: (Effect.FINISH, RequestState.ENDED),
        RequestInput.ASK: (Effect.ASK, RequestState.AWAITING_INPUT),
        RequestInput.CANCEL: (Effect.STOP_WORK, RequestState.CANCELLED),
        RequestInput.LOSE: (Effect.FINISH, RequestState.ENDED),
    },
    RequestState.AWAITING_INPUT: {
        RequestInput.INPUT: (Effect.RESUME, RequestState.IN_FLIGHT),
        # The end that waits for answers may also give up with an answer of its own.
        RequestInput.ANSWER: (Effect.FINISH, RequestState.ENDED),
        # Nothing runs while answers are awaited, so there is nothing to stop.
        RequestInput.CANCEL: (Effect.FINISH, RequestState.ENDED),
        RequestInput.LOSE: (Effect.FINISH, RequestState.ENDED),
    },
    RequestState.CANCELLED: {
        RequestInput.ANSWER: (Effect.DROP, RequestState.ENDED),
        RequestInput.ASK: (Effect.DROP, RequestState.ENDED),
        RequestInput.CANCEL: (None, RequestState.CANCELLED),
        RequestInput.LOSE: (None, RequestState.ENDED),
    },
    RequestState.ENDED: {},
}

DETECTION: Final[Mapping[DetectionState, Mapping[DetectionInput, tuple[Effect | None, DetectionState]]]] = {
    DetectionState.UNKNOWN: {
        DetectionInput.CONNECT_PROBING: (Effect.PROBE, DetectionState.PROBING),
        DetectionInput.CONNECT_LEGACY: (Effect.HANDSHAKE, DetectionState.HANDSHAKING),
        DetectionInput.CONNECT_MODERN: (Effect.CONNECT, DetectionState.MODERN),
        DetectionInput.END: (None, DetectionState.FAILED),
    },
    DetectionState.PROBING: {
        DetectionInput.MODERN_EVIDENCE: (Effect.CONNECT, DetectionState.MODERN),
        DetectionInput.LEGACY_EVIDENCE: (Effect.HANDSHAKE, DetectionState.HANDSHAKING),
        DetectionInput.REFUSED: (Effect.GIVE_UP, DetectionState.FAILED),
        DetectionInput.END: (None, DetectionState.FAILED),
    },
    DetectionState.HANDSHAKING: {
        DetectionInput.ACCEPTED: (Effect.CONNECT, DetectionState.LEGACY),
        DetectionInput.REFUSED: (Effect.GIVE_UP, DetectionState.FAILED),
        # A server that was slow to answer the probe may have settled on the modern era since.
        DetectionInput.PROVED_WRONG: (Effect.PROBE, DetectionState.PROBING),
        DetectionInput.END: (None, DetectionState.FAILED),
    },
    DetectionState.MODERN: {
        DetectionInput.PROVED_WRONG: (Effect.PROBE, DetectionState.PROBING),
        DetectionInput.END: (None, DetectionState.FAILED),
    },
    DetectionState.LEGACY: {
        DetectionInput.SESSION_LOST: (Effect.HANDSHAKE, DetectionState.HANDSHAKING),
        DetectionInput.END: (None, DetectionState.FAILED),
    },
    DetectionState.FAILED: {
        DetectionInput.END: (None, DetectionState.FAILED),
    },
}

StateT = TypeVar("StateT", bound=enum.Enum)
InputT = TypeVar("InputT", bound=enum.Enum)
Table: TypeAlias = Mapping[StateT, Mapping[InputT, tuple[Effect | None, StateT]]]
"""State and input to effect and next state; a pair without a row is a breach."""
