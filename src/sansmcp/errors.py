"""Who broke the rules: us, the peer, or nobody.

`LocalProtocolError` is a mistake of the program that uses sansmcp, raised at the call and before
anything changed. `RemoteProtocolError` is a breach by the peer. `CallEnded` and its kinds are
nobody's fault: the peer said no, the time was up, the link was lost, or our own side gave it up.
`ResultInvalid` and `ToolFailed` carry a result that is not what was wanted. What handlers raise to say
no themselves are `RpcError`, `ToolError` and `ResourceNotFound`; `InputRefused` reaches them where the
client says no to a question, and `InputNeeded`, which is no error, where it has to be asked first.

Events of the same names live in `sansmcp.session`: a binding maps each to its exception, once.
"""

from collections.abc import Iterable

from sansmcp.values import ABSENT, JSON, Absent


class SansmcpError(Exception):
    """The base of every exception that sansmcp raises on purpose."""


class NameWarning(UserWarning):
    """A tool or a prompt has a name that some clients refuse."""


class ProtocolError(SansmcpError):
    """The rules were broken; see the two kinds for who did it."""


class LocalProtocolError(ProtocolError):
    """Our own side asked for what the protocol forbids; nothing was changed and nothing was sent.

    Args:
        message: what was found, what was expected, and what to do.
        state: the state the session was in, where that matters.
    """

    def __init__(self, message: str, *, state: str | None = None) -> None:
        super().__init__(message if state is None else f"{message} (state: {state})")
        self.state = state


class RemoteProtocolError(ProtocolError):
    """The peer broke the rules in a way that ended what was asked for.

    Args:
        message: what was found and what was expected.
        state: the state the session was in, where that matters.
    """

    def __init__(self, message: str, *, state: str | None = None) -> None:
        super().__init__(message if state is None else f"{message} (state: {state})")
        self.state = state


class CallEnded(SansmcpError):
    """A call ended without a result, and nobody broke a rule."""


class RequestFailed(CallEnded):
    """The peer answered with an error.

    Args:
        code: the code of the JSON-RPC error.
        message: its message.
        data: its data, or ABSENT.
        method: the method that was called.
    """

    def __init__(self, code: int, message: str, data: JSON | Absent = ABSENT, *, method: str = "") -> None:
        super().__init__(f"{method + ': ' if method else ''}{message} ({code})")
        self.code = code
        self.message = message
        self.data = data
        self.method = method

    @property
    def is_resource_not_found(self) -> bool:
        """Whether a server said to `resources/read` that there is no such resource.

        Both codes for it count: -32602 of 2026-07-28, though other faults of the params have it too, and
        -32002 of the revisions before.

        Source: 2026-07-28, Resources, Error Handling.
        """
        return self.method == "resources/read" and self.code in (-32602, -32002)


class RequestTimedOut(CallEnded):
    """No answer came in time; the peer was told to stop, and may or may not have done the work."""


class RequestLost(CallEnded):
    """No answer can come any more; the peer may or may not have done the work."""


class CallCancelled(CallEnded):
    """This side gave the call up itself, while another part of the program waited for it."""


class NotConnected(SansmcpError):
    """There is no connection: it could not be made, or it has ended; the message says why."""


class RpcError(SansmcpError):
    """Raise it in a handler to answer the request with this JSON-RPC error, unchanged.

    Args:
        code: any integer; codes of one's own lie outside -32768 to -32000.
        message: one sentence for the peer.
        data: any JSON value, or ABSENT.
    """

    def __init__(self, code: int, message: str, data: JSON | Absent = ABSENT) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.data = data


class ResultInvalid(RemoteProtocolError):
    """The server's result is not what its schema, or the type that the caller named, asks for.

    Args:
        message: what was found and what was expected.
        result: the result as it came, unchecked.
    """

    def __init__(self, message: str, result: JSON) -> None:
        super().__init__(message)
        self.result = result


class ToolFailed(SansmcpError):
    """A tool that was called for a typed value said that it failed.

    Args:
        message: what it said.
        result: its whole result.
    """

    def __init__(self, message: str, result: JSON) -> None:
        super().__init__(message)
        self.result = result


class ToolError(SansmcpError):
    """Raise it in a tool to answer with a result that is an error and shows this message to the model."""


class ResourceNotFound(SansmcpError):
    """Raise it in a handler to answer that there is no such resource.

    Args:
        uri: what was asked for.
    """

    def __init__(self, uri: str) -> None:
        super().__init__(f"there is no resource {uri[:80]!r}")
        self.uri = uri


class InputRefused(SansmcpError):
    """The client answered a handler's question with an error; it did not ask its user.

    Args:
        key: the question, by the handler's key.
        code: the code of the JSON-RPC error.
        message: its message.
        data: its data, or ABSENT.
    """

    def __init__(self, key: str, code: int, message: str, data: JSON | Absent = ABSENT) -> None:
        super().__init__(f"question {key!r}: {message} ({code})")
        self.key = key
        self.code = code
        self.message = message
        self.data = data


class UrlElicitationRequired(SansmcpError):
    """Raise it in a handler to answer that the user must visit a page first; the client may call again then.

    Only 2025-11-25 has an error for that; other clients are told in words. Where the handler can wait for the
    user's consent, `Context.elicit_url` asks in every revision that has pages.

    Args:
        message: what to tell the user.
        url: the page; it must not be of use to anybody but that user.
        elicitation_id: names it, for `Context.elicitation_complete`.
    """

    def __init__(self, message: str, url: str, elicitation_id: str) -> None:
        super().__init__(f"{message} {url}")
        self.message = message
        self.url = url
        self.elicitation_id = elicitation_id


class StateRefusedError(SansmcpError):
    """A request state was not sealed for this request, or is too old; why is for our side only."""


class InputNeeded(BaseException):
    """A handler stops here: the client must be asked first, and the handler runs again with the answer.

    It is no `Exception`, so that handlers do not catch it by accident: let it pass.

    Args:
        key: the question, by the handler's key.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"the client must be asked {key!r} first")
        self.key = key


def refuse_unknown(call: str, said: Iterable[str], expected: Iterable[str]) -> None:
    """Refuse settings that there are not, which a type checker would have said.

    Args:
        call: what the settings were said to.
        said: their names.
        expected: the names that there are.

    Raises:
        LocalProtocolError: one is not among them.
    """
    names = tuple(expected)
    for name in said:
        if name not in names:
            raise LocalProtocolError(
                f"{call}({name}=...): there is no such setting; expected some of {', '.join(names)}"
            )
