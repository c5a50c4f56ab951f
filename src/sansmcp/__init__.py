"""The Model Context Protocol as sans-IO state machines: the public face.

What a server or a client is written with is here. Who embeds the protocol itself finds the machines in
`sansmcp.session`, the vocabulary in `sansmcp.schema`, messages and framing in `sansmcp.wire`, calls as
values in `sansmcp.client` and both ends joined in one test in `sansmcp.testing`. What runs them on a loop
is a distribution of its own, such as `sansmcp_asyncio`.

Only what is asked for is loaded, so that each part can be used without the parts above it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sansmcp.client import accept, cancel, decline
    from sansmcp.environment import Environment
    from sansmcp.errors import (
        CallCancelled,
        CallEnded,
        InputNeeded,
        InputRefused,
        LocalProtocolError,
        NotConnected,
        ProtocolError,
        RemoteProtocolError,
        RequestFailed,
        RequestLost,
        RequestTimedOut,
        ResourceNotFound,
        ResultInvalid,
        RpcError,
        SansmcpError,
        ToolError,
        ToolFailed,
        UrlElicitationRequired,
    )
    from sansmcp.server import (
        Accepted,
        Audio,
        Cancelled,
        Complete,
        Context,
        Declined,
        Description,
        Elicit,
        Elicited,
        ElicitUrl,
        Embedded,
        Ge,
        Gt,
        Header,
        Image,
        Le,
        Lt,
        MaxLength,
        MinLength,
        MultipleOf,
        Pattern,
        Roots,
        Sample,
        Server,
        Text,
        Title,
        TypeSchema,
    )
    from sansmcp.session import Delay, Incoming, Outgoing, Proceed, Steps

else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module 'sansmcp' has no attribute {name!r}")
        value = next(getattr(part, name) for part in _parts() if hasattr(part, name))
        return globals().setdefault(name, value)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def _parts() -> Iterator[object]:
        """Yield the parts that names come from; of a name that two have, the first one's is meant."""
        from sansmcp import errors  # noqa: PLC0415

        yield errors
        from sansmcp import environment  # noqa: PLC0415

        yield environment
        from sansmcp import server  # noqa: PLC0415

        yield server
        from sansmcp import client, session  # noqa: PLC0415

        yield from (client, session)


__all__ = [
    "Accepted",
    "Audio",
    "CallCancelled",
    "CallEnded",
    "Cancelled",
    "Complete",
    "Context",
    "Declined",
    "Delay",
    "Description",
    "Elicit",
    "ElicitUrl",
    "Elicited",
    "Embedded",
    "Environment",
    "Ge",
    "Gt",
    "Header",
    "Image",
    "Incoming",
    "InputNeeded",
    "InputRefused",
    "Le",
    "LocalProtocolError",
    "Lt",
    "MaxLength",
    "MinLength",
    "MultipleOf",
    "NotConnected",
    "Outgoing",
    "Pattern",
    "Proceed",
    "ProtocolError",
    "RemoteProtocolError",
    "RequestFailed",
    "RequestLost",
    "RequestTimedOut",
    "ResourceNotFound",
    "ResultInvalid",
    "Roots",
    "RpcError",
    "Sample",
    "SansmcpError",
    "Server",
    "Steps",
    "Text",
    "Title",
    "ToolError",
    "ToolFailed",
    "TypeSchema",
    "UrlElicitationRequired",
    "accept",
    "cancel",
    "decline",
]
