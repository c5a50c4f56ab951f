"""What can answer a request: the interface, and what answers where nothing was registered."""

import abc

import attrs

from sansmcp import schema
from sansmcp.errors import RpcError, SansmcpError
from sansmcp.schema.inference.vocabulary import PLAIN, Vocabulary
from sansmcp.server.context import Context
from sansmcp.session import RequestReceived
from sansmcp.values import JSON, Value


class ArgumentsRefusedError(SansmcpError):
    """The arguments of a request do not fit; the text says where, and is for the peer."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Target(Value, abc.ABC):
    """Something that answers requests; the same one answers many at a time."""

    name: str
    """Its name, for logs."""
    is_async: bool = False
    """Whether `call` returns a coroutine."""
    blocks: bool = False
    """Whether `call` must not run on a loop's thread."""
    wants_context: bool = False
    """Whether `call` needs a context."""
    vocabulary: Vocabulary = attrs.field(default=PLAIN, repr=False)
    """What is known of the types that it asks for."""

    @abc.abstractmethod
    def call(self, event: RequestReceived, context: Context | None, /) -> JSON:
        """Run the user's code; it may raise anything.

        Raises:
            ArgumentsRefusedError: the arguments of the request do not fit.
        """

    @abc.abstractmethod
    def answer(self, value: JSON, event: RequestReceived, /) -> JSON:
        """Return the result that says what `call` returned.

        Raises:
            SchemaError: it is not what was promised.
            LocalProtocolError: JSON has nothing for it.
        """

    def error_answer(self, _text: str, /) -> schema.CallToolResult | None:
        """Return a result that says that it failed, or None where only an error can say so."""
        return None

    def outer_uri(self, uri: str, /) -> str:
        """Return what a client calls a URI of the handler's."""
        return uri


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Refused(Target):
    """Answers with an error."""

    error: RpcError
    """The error."""
    cause: BaseException | None = None
    """Why, where that is for our side only."""

    def call(self, _event: RequestReceived, _context: Context | None, /) -> JSON:
        """Raise the error."""
        raise self.error from self.cause

    def answer(self, _value: JSON, _event: RequestReceived, /) -> JSON:
        """Never called: `call` returns nothing."""
        raise AssertionError("unreachable: a refused request has no result")
