"""sansmcp on asyncio: servers and clients over standard input and output, processes, TCP and Unix sockets."""

from sansmcp_asyncio.client import Client, Connecting, connect
from sansmcp_asyncio.driver import Driver
from sansmcp_asyncio.flows import Flow, Stream
from sansmcp_asyncio.groups import ConnectingGroup, Group, connect_group
from sansmcp_asyncio.handlers import Handlers
from sansmcp_asyncio.http import serve_http
from sansmcp_asyncio.logs import LogHandler
from sansmcp_asyncio.peers import serve_tcp, serve_unix
from sansmcp_asyncio.processes import Process, start_process
from sansmcp_asyncio.runtime import Runtime
from sansmcp_asyncio.serving import serve_stdio, serve_stream
from sansmcp_asyncio.stdio import StdioStream
from sansmcp_asyncio.streams import ByteStream, MemoryStream, StreamPair, memory_pair
from sansmcp_asyncio.workers import Workers

__all__ = [
    "ByteStream",
    "Client",
    "Connecting",
    "ConnectingGroup",
    "Driver",
    "Flow",
    "Group",
    "Handlers",
    "LogHandler",
    "MemoryStream",
    "Process",
    "Runtime",
    "StdioStream",
    "Stream",
    "StreamPair",
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
