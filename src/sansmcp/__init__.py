"""The Model Context Protocol as sans-IO state machines: the public face.

What a server or a client is written with is here. Who embeds the protocol itself finds the machines in
`sansmcp.session`, the vocabulary in `sansmcp.schema`, messages and framing in `sansmcp.wire`, calls as
values in `sansmcp.client` and both ends joined in one test in `sansmcp.testing`. What runs them on a loop
is a distribution of its own, such as `sansmcp_asyncio`.
"""

from sansmcp.client import accept, cancel, decline
from sansmcp.environment import Environment
from sansmcp.errors import (
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
    RpcError,
    SansmcpError,
    ToolError,
    UrlElicitationRequired,
)
from sansmcp.server import (
    Accepted,
    Cancelled,
    Context,
    Declined,
    Description,
    Elicit,
    Elicited,
    Ge,
    Gt,
    Le,
    Lt,
    MaxLength,
    MinLength,
    Pattern,
    Roots,
    Sample,
    Server,
)
from sansmcp.session import Delay, Incoming, Outgoing, Proceed, Steps

__all__ = [
    "Accepted",
    "CallEnded",
    "Cancelled",
    "Context",
    "Declined",
    "Delay",
    "Description",
    "Elicit",
    "Elicited",
    "Environment",
    "Ge",
    "Gt",
    "Incoming",
    "InputNeeded",
    "InputRefused",
    "Le",
    "LocalProtocolError",
    "Lt",
    "MaxLength",
    "MinLength",
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
    "Roots",
    "RpcError",
    "Sample",
    "SansmcpError",
    "Server",
    "Steps",
    "ToolError",
    "UrlElicitationRequired",
    "accept",
    "cancel",
    "decline",
]
