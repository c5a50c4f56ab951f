"""The legal transitions of Streamable HTTP: all that moves a state of an exchange, a stream or a session.

`EXCHANGE` is one request and its response at the server; `STREAM` is one logical stream of events, which
exchanges carry one after the other; `SESSION` is what a legacy client opened, as the table of them sees it.
`RESPONSE` is one request and its response at the client; `FOLLOWING` is a stream as its client follows it.

Source: Transports (2025-03-26 to 2026-07-28).
"""

from collections.abc import Mapping
from typing import Final

from sansmcp.values import Word


class HttpEffect(Word):
    """What a transition asks of what made it."""

    SERVE = "hand the request on"
    WRITE = "write the whole response"
    BEGIN_EVENTS = "write the head of a stream of events"
    END_EVENTS = "end the response"
    LEAVE = "tell whatever was carried"
    ATTACH = "write what waited"
    LOAD = "ask for the stored events"
    REPLAY = "write the stored events, then what waited"
    KEEP = "keep what comes"
    FORGET = "forget it"
    WATCH = "count the idle time from now"
    EXPIRE = "end the session"


class ExchangeState(Word):
    """Where one request and its response stand."""

    RECEIVING = "receiving"
    """The request is coming in, or who sent it is being found out."""
    SERVING = "serving"
    """The request is complete, and nothing of the response was written."""
    STREAMING = "streaming"
    """The head of a stream of events was written."""
    ANSWERED = "answered"
    """The response is complete and waits to be taken."""
    DONE = "done"
    """The end of the response was taken, or nobody reads any more."""


class ExchangeInput(Word):
    """What happens to an exchange."""

    REQUEST = "the request is complete"
    WHOLE = "a whole response, such as an answer in JSON or a refusal"
    EVENT = "an event, or a comment after a quiet time"
    END = "nothing more comes"
    TAKEN = "the end was taken"
    GONE = "the client is gone"


class StreamState(Word):
    """Who carries a stream of events."""

    CARRIED = "carried"
    """An exchange does."""
    DETACHED = "detached"
    """None does; another one may come."""
    LOADING = "loading"
    """An exchange will, once the events that it missed are loaded."""
    OVER = "over"
    """Nothing more belongs to it; what was stored may still be asked for."""


class StreamInput(Word):
    """What happens to a stream."""

    CUT = "the exchange is gone, or was released"
    ATTACH = "an exchange comes without the id of an event"
    RESUME = "an exchange comes with the id of an event"
    LOADED = "the stored events are there"
    UNKNOWN = "there is no such event"
    FINISHED = "the last answer was handed over, or the session ends"


class SessionState(Word):
    """Whether a session may expire."""

    IDLE = "idle"
    """No request and no exchange is in flight."""
    BUSY = "busy"
    """Some are; it never expires."""
    ENDED = "ended"
    """Its id is unknown from now on."""


class SessionInput(Word):
    """What happens to a session in the table."""

    WORK = "a request or an exchange begins"
    REST = "the last of them ends"
    EXPIRE = "it was idle for too long"
    END = "the client or our side ends it"


class ResponseState(Word):
    """Where a client stands with the response to one request."""

    WAITING = "waiting"
    """No head has come."""
    READING = "reading"
    """A body comes that is no stream of events."""
    LISTENING = "listening"
    """A stream of events comes."""
    OVER = "over"
    """Nothing more of it is wanted."""


class ResponseInput(Word):
    """What happens to a response."""

    HEAD = "the head of a response that is no stream"
    EVENTS = "the head of a stream of events"
    END = "it is complete, has broken off, or cannot be used"
    LEFT = "our side wants no more of it"


class FollowingState(Word):
    """Whether a client's stream has an exchange."""

    OPEN = "open"
    """One is open for it."""
    PAUSED = "paused"
    """It was cut, and is taken up again at a time to come."""
    OVER = "over"
    """Nothing is owed any more, or there is no hope."""


class FollowingInput(Word):
    """What happens to a client's stream."""

    CUT = "its exchange has ended, and there is hope"
    TAKE_UP = "the time has come"
    FINISHED = "every request is answered, or it is given up"


EXCHANGE: Final[Mapping[ExchangeState, Mapping[ExchangeInput, tuple[HttpEffect | None, ExchangeState]]]] = {
    ExchangeState.RECEIVING: {
        ExchangeInput.REQUEST: (HttpEffect.SERVE, ExchangeState.SERVING),
        ExchangeInput.WHOLE: (HttpEffect.WRITE, ExchangeState.ANSWERED),
        ExchangeInput.GONE: (None, ExchangeState.DONE),
    },
    ExchangeState.SERVING: {
        ExchangeInput.WHOLE: (HttpEffect.WRITE, ExchangeState.ANSWERED),
        ExchangeInput.EVENT: (HttpEffect.BEGIN_EVENTS, ExchangeState.STREAMING),
        ExchangeInput.GONE: (HttpEffect.LEAVE, ExchangeState.DONE),
    },
    ExchangeState.STREAMING: {
        ExchangeInput.EVENT: (None, ExchangeState.STREAMING),
        ExchangeInput.END: (HttpEffect.END_EVENTS, ExchangeState.ANSWERED),
        ExchangeInput.GONE: (HttpEffect.LEAVE, ExchangeState.DONE),
    },
    ExchangeState.ANSWERED: {
        ExchangeInput.TAKEN: (None, ExchangeState.DONE),
        ExchangeInput.GONE: (None, ExchangeState.DONE),
    },
    ExchangeState.DONE: {
        ExchangeInput.GONE: (None, ExchangeState.DONE),
    },
}

STREAM: Final[Mapping[StreamState, Mapping[StreamInput, tuple[HttpEffect | None, StreamState]]]] = {
    StreamState.CARRIED: {
        StreamInput.CUT: (HttpEffect.KEEP, StreamState.DETACHED),
        # The exchange that carries it still looks alive; the one that comes knows better.
        StreamInput.RESUME: (HttpEffect.LOAD, StreamState.LOADING),
        StreamInput.FINISHED: (HttpEffect.FORGET, StreamState.OVER),
    },
    StreamState.DETACHED: {
        StreamInput.ATTACH: (HttpEffect.ATTACH, StreamState.CARRIED),
        StreamInput.RESUME: (HttpEffect.LOAD, StreamState.LOADING),
        StreamInput.FINISHED: (HttpEffect.FORGET, StreamState.OVER),
    },
    StreamState.LOADING: {
        StreamInput.LOADED: (HttpEffect.REPLAY, StreamState.CARRIED),
        StreamInput.UNKNOWN: (HttpEffect.KEEP, StreamState.DETACHED),
        StreamInput.CUT: (HttpEffect.KEEP, StreamState.DETACHED),
        StreamInput.RESUME: (HttpEffect.LOAD, StreamState.LOADING),
        StreamInput.FINISHED: (HttpEffect.FORGET, StreamState.OVER),
    },
    StreamState.OVER: {},
}

SESSION: Final[Mapping[SessionState, Mapping[SessionInput, tuple[HttpEffect | None, SessionState]]]] = {
    SessionState.IDLE: {
        SessionInput.WORK: (None, SessionState.BUSY),
        # A notification came and went.
        SessionInput.REST: (HttpEffect.WATCH, SessionState.IDLE),
        SessionInput.EXPIRE: (HttpEffect.EXPIRE, SessionState.ENDED),
        SessionInput.END: (HttpEffect.FORGET, SessionState.ENDED),
    },
    SessionState.BUSY: {
        SessionInput.WORK: (None, SessionState.BUSY),
        SessionInput.REST: (HttpEffect.WATCH, SessionState.IDLE),
        # All that is left are questions, and the client is gone.
        SessionInput.EXPIRE: (HttpEffect.EXPIRE, SessionState.ENDED),
        SessionInput.END: (HttpEffect.FORGET, SessionState.ENDED),
    },
    SessionState.ENDED: {},
}

RESPONSE: Final[Mapping[ResponseState, Mapping[ResponseInput, tuple[HttpEffect | None, ResponseState]]]] = {
    ResponseState.WAITING: {
        ResponseInput.HEAD: (None, ResponseState.READING),
        ResponseInput.EVENTS: (None, ResponseState.LISTENING),
        ResponseInput.END: (None, ResponseState.OVER),
        ResponseInput.LEFT: (None, ResponseState.OVER),
    },
    ResponseState.READING: {
        ResponseInput.END: (None, ResponseState.OVER),
        ResponseInput.LEFT: (None, ResponseState.OVER),
    },
    ResponseState.LISTENING: {
        ResponseInput.END: (None, ResponseState.OVER),
        ResponseInput.LEFT: (None, ResponseState.OVER),
    },
    ResponseState.OVER: {
        ResponseInput.END: (None, ResponseState.OVER),
        ResponseInput.LEFT: (None, ResponseState.OVER),
    },
}

FOLLOWING: Final[
    Mapping[FollowingState, Mapping[FollowingInput, tuple[HttpEffect | None, FollowingState]]]
] = {
    FollowingState.OPEN: {
        FollowingInput.CUT: (None, FollowingState.PAUSED),
        FollowingInput.FINISHED: (None, FollowingState.OVER),
    },
    FollowingState.PAUSED: {
        FollowingInput.TAKE_UP: (None, FollowingState.OPEN),
        FollowingInput.FINISHED: (None, FollowingState.OVER),
    },
    FollowingState.OVER: {
        FollowingInput.FINISHED: (None, FollowingState.OVER),
    },
}
