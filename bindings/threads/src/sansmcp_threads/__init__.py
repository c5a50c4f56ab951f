"""sansmcp on plain threads: servers and clients that block, over processes, sockets and any stream."""

from sansmcp_threads.client import Client, connect
from sansmcp_threads.driver import Driver
from sansmcp_threads.groups import Group, connect_group
from sansmcp_threads.handlers import Handlers
from sansmcp_threads.http import listen_http, serve_http
from sansmcp_threads.listening import Listener
from sansmcp_threads.logs import LogHandler
from sansmcp_threads.peers import listen_tcp, listen_unix, serve_tcp, serve_unix
from sansmcp_threads.processes import Process, start_process
from sansmcp_threads.serving import serve_stdio, serve_stream
from sansmcp_threads.streams import ByteStream, MemoryStream, StdioStream, StreamPair, memory_pair
from sansmcp_threads.workers import Workers

__all__ = [
    "ByteStream",
    "Client",
    "Driver",
    "Group",
    "Handlers",
    "Listener",
    "LogHandler",
    "MemoryStream",
    "Process",
    "StdioStream",
    "StreamPair",
    "Workers",
    "connect",
    "connect_group",
    "listen_http",
    "listen_tcp",
    "listen_unix",
    "memory_pair",
    "serve_http",
    "serve_stdio",
    "serve_stream",
    "serve_tcp",
    "serve_unix",
    "start_process",
]
