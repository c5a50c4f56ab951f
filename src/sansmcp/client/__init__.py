"""What a client asks: calls as values, the two surfaces over them, and handlers of the server's questions."""

from sansmcp.client.addresses import (
    PASSED_ON,
    PATIENCE,
    Address,
    Command,
    TcpAddress,
    UnixAddress,
    address_of,
    check_goes_with,
    environment_for_server,
    no_connection,
    no_target,
    url_at,
)
from sansmcp.client.awaitable import AwaitableCalls
from sansmcp.client.awaitable_client import AwaitableClient
from sansmcp.client.blocking import BlockingCalls
from sansmcp.client.blocking_client import BlockingClient
from sansmcp.client.cache import ResponseCache, ResponseCacheView
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
from sansmcp.client.changes import AwaitableChanges, BlockingChanges
from sansmcp.client.checking import Validate
from sansmcp.client.configuration import ServerEntry, configured, servers_in, servers_of
from sansmcp.client.connection import ClientConnection
from sansmcp.client.feeds import Waiter
from sansmcp.client.forms import accept, cancel, checked_answer, decline
from sansmcp.client.groups import AwaitableGroup, BlockingGroup
from sansmcp.client.handlers import (
    ElicitationHandler,
    InputHandlers,
    InputInvocation,
    RootsSource,
    SamplingHandler,
)
from sansmcp.client.known import KnownServer
from sansmcp.client.log_records import log_records
from sansmcp.client.options import ClientOptions, ClientSettings, MakeEndpoint
from sansmcp.client.outcomes import Failure, Outcome, exception_of, value_of
from sansmcp.client.pages import MAX_PAGES, AwaitableItems, BlockingItems, Page, Walk, walk
from sansmcp.client.pending import Pending
from sansmcp.client.refreshing import ListRefreshed
from sansmcp.client.roots import Roots
from sansmcp.client.running import AwaitableRunning, BlockingRunning

__all__ = [
    "MAX_PAGES",
    "PASSED_ON",
    "PATIENCE",
    "Address",
    "AwaitableCalls",
    "AwaitableChanges",
    "AwaitableClient",
    "AwaitableGroup",
    "AwaitableItems",
    "AwaitableRunning",
    "BlockingCalls",
    "BlockingChanges",
    "BlockingClient",
    "BlockingGroup",
    "BlockingItems",
    "BlockingRunning",
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
    "ListRefreshed",
    "MakeEndpoint",
    "OnProgress",
    "Outcome",
    "Page",
    "Pending",
    "ResponseCache",
    "ResponseCacheView",
    "Roots",
    "RootsSource",
    "SamplingHandler",
    "ServerEntry",
    "TcpAddress",
    "UnixAddress",
    "Validate",
    "Waiter",
    "Walk",
    "accept",
    "address_of",
    "call_tool",
    "cancel",
    "check_goes_with",
    "checked_answer",
    "complete",
    "configured",
    "decline",
    "environment_for_server",
    "exception_of",
    "get_prompt",
    "list_prompts",
    "list_resource_templates",
    "list_resources",
    "list_tools",
    "log_records",
    "no_connection",
    "no_target",
    "ping",
    "read_resource",
    "request",
    "servers_in",
    "servers_of",
    "set_log_level",
    "url_at",
    "value_of",
    "walk",
]
