"""What a client asks: calls as values, the two surfaces over them, and handlers of the server's questions."""

from sansmcp.client.addresses import (
    PASSED_ON,
    PATIENCE,
    Address,
    Command,
    TcpAddress,
    UnixAddress,
    address_of,
    environment_for_server,
)
from sansmcp.client.awaitable import AwaitableCalls
from sansmcp.client.blocking import BlockingCalls
from sansmcp.client.calls import (
    Call,
    OnProgress,
    call_tool,
    complete,
    get_prompt,
    list_prompts,
    list_resource_templates,
    list_resources,
    list_tools,
    ping,
    read_resource,
    request,
    set_log_level,
)
from sansmcp.client.connection import ClientConnection, Pending, Waiter
from sansmcp.client.forms import accept, cancel, checked_answer, decline
from sansmcp.client.handlers import ElicitationHandler, InputHandlers, InputInvocation, Roots, SamplingHandler
from sansmcp.client.known import KnownServer
from sansmcp.client.options import ClientOptions, ClientSettings
from sansmcp.client.outcomes import Failure, Outcome, exception_of, value_of
from sansmcp.client.pages import MAX_PAGES, AwaitableItems, BlockingItems, Page, Walk, walk

__all__ = [
    "MAX_PAGES",
    "PASSED_ON",
    "PATIENCE",
    "Address",
    "AwaitableCalls",
    "AwaitableItems",
    "BlockingCalls",
    "BlockingItems",
    "Call",
    "ClientConnection",
    "ClientOptions",
    "ClientSettings",
    "Command",
    "ElicitationHandler",
    "Failure",
    "InputHandlers",
    "InputInvocation",
    "KnownServer",
    "OnProgress",
    "Outcome",
    "Page",
    "Pending",
    "Roots",
    "SamplingHandler",
    "TcpAddress",
    "UnixAddress",
    "Waiter",
    "Walk",
    "accept",
    "address_of",
    "call_tool",
    "cancel",
    "checked_answer",
    "complete",
    "decline",
    "environment_for_server",
    "exception_of",
    "get_prompt",
    "list_prompts",
    "list_resource_templates",
    "list_resources",
    "list_tools",
    "ping",
    "read_resource",
    "request",
    "set_log_level",
    "value_of",
    "walk",
]
