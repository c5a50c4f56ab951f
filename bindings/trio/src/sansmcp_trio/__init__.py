"""sansmcp on trio: servers and clients over standard input and output, processes, TCP and Unix sockets.

The time is trio's, so a `trio.testing.MockClock` moves every timeout. A clock that jumps as soon as all tasks
wait does not know of the threads that run `def` handlers: give it a threshold, or handlers that do not block.
"""

from sansmcp_trio.client import Client, Connecting, connect
from sansmcp_trio.driver import Driver
from sansmcp_trio.groups import ConnectingGroup, Group, connect_group
from sansmcp_trio.handlers import Handlers
from sansmcp_trio.http import serve_http
from sansmcp_trio.logs import LogHandler
from sansmcp_trio.peers import serve_tcp, serve_unix
from sansmcp_trio.processes import Process, start_process
from sansmcp_trio.runtime import Flag, Runtime
from sansmcp_trio.serving import serve_stdio, serve_stream
from sansmcp_trio.streams import ByteStream, MemoryStream, PromptStream, StdioStream, memory_pair
from sansmcp_trio.tasks import Tasks
from sansmcp_trio.workers import Workers

__all__ = [
    "ByteStream",
    "Client",
    "Connecting",
    "ConnectingGroup",
    "Driver",
    "Flag",
    "Group",
    "Handlers",
    "LogHandler",
    "MemoryStream",
    "Process",
    "PromptStream",
    "Runtime",
    "StdioStream",
    "Tasks",
    "Workers",
    "connect",
    "connect_group",
    "memory_pair",
    "serve_http",
    "serve_stdio",
    "serve_stream",
    "serve_tcp",
    "serve_unix",
    "start_process",
]
