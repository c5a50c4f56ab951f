"""The legal transitions of HTTP/1.1: all that moves the state of a connection.

`SERVER_CONNECTION` is one as a server reads it, `CLIENT_CONNECTION` one as a client uses it.

Source: RFC 9112.
"""

from collections.abc import Mapping
from typing import Final

from sansmcp.values import Word


class ServerPlace(Word):
    """Where a connection of a server stands."""

    IDLE = "idle"
    """It waits for another request."""
    HEAD = "head"
    """It waits for the rest of a head; a new connection for all of it."""
    REQUEST = "request"
    """It reads a request."""
    ANSWER = "answer"
    """The request is complete, its answer is not."""
    REST = "rest"
    """The answer is complete, the request is not."""
    CLOSED = "closed"
    """Nothing is read any more."""


class ServerInput(Word):
    """What happens to a connection of a server."""

    BYTES = "bytes of another request"
    HEAD = "its head is complete"
    REQUEST = "the request is complete"
    ANSWER = "the answer is complete"
    END = "either side ends it"


class ClientPlace(Word):
    """Where a connection of a client stands."""

    IDLE = "idle"
    """It waits for another request."""
    REQUEST = "request"
    """It has one that was not sent."""
    HEAD = "head"
    """It waits for the head of the response."""
    BODY = "body"
    """It reads the response."""
    REST = "rest"
    """It drops what is left of a response that nobody wants."""
    CLOSED = "closed"
    """Nothing is read any more."""


class ClientInput(Word):
    """What happens to a connection of a client."""

    REQUEST = "a request is to be sent"
    SENT = "it was taken to be sent"
    HEAD = "the head of the response, and no interim one"
    UNWANTED = "nobody wants the rest"
    COMPLETE = "the response is complete"
    END = "either side ends it"


SERVER_CONNECTION: Final[Mapping[ServerPlace, Mapping[ServerInput, tuple[None, ServerPlace]]]] = {
    ServerPlace.IDLE: {
        ServerInput.BYTES: (None, ServerPlace.HEAD),
        ServerInput.END: (None, ServerPlace.CLOSED),
    },
    ServerPlace.HEAD: {
        ServerInput.HEAD: (None, ServerPlace.REQUEST),
        ServerInput.END: (None, ServerPlace.CLOSED),
    },
    ServerPlace.REQUEST: {
        ServerInput.REQUEST: (None, ServerPlace.ANSWER),
        # A refusal need not wait for what it refuses.
        ServerInput.ANSWER: (None, ServerPlace.REST),
        ServerInput.END: (None, ServerPlace.CLOSED),
    },
    ServerPlace.ANSWER: {
        ServerInput.ANSWER: (None, ServerPlace.IDLE),
        ServerInput.END: (None, ServerPlace.CLOSED),
    },
    ServerPlace.REST: {
        ServerInput.REQUEST: (None, ServerPlace.IDLE),
        ServerInput.END: (None, ServerPlace.CLOSED),
    },
    ServerPlace.CLOSED: {},
}

CLIENT_CONNECTION: Final[Mapping[ClientPlace, Mapping[ClientInput, tuple[None, ClientPlace]]]] = {
    ClientPlace.IDLE: {
        ClientInput.REQUEST: (None, ClientPlace.REQUEST),
        ClientInput.END: (None, ClientPlace.CLOSED),
    },
    ClientPlace.REQUEST: {
        ClientInput.SENT: (None, ClientPlace.HEAD),
        ClientInput.END: (None, ClientPlace.CLOSED),
    },
    ClientPlace.HEAD: {
        ClientInput.HEAD: (None, ClientPlace.BODY),
        ClientInput.END: (None, ClientPlace.CLOSED),
    },
    ClientPlace.BODY: {
        ClientInput.UNWANTED: (None, ClientPlace.REST),
        ClientInput.COMPLETE: (None, ClientPlace.IDLE),
        ClientInput.END: (None, ClientPlace.CLOSED),
    },
    ClientPlace.REST: {
        ClientInput.COMPLETE: (None, ClientPlace.IDLE),
        ClientInput.END: (None, ClientPlace.CLOSED),
    },
    ClientPlace.CLOSED: {
        # Who aborts it need not know.
        ClientInput.END: (None, ClientPlace.CLOSED),
    },
}
