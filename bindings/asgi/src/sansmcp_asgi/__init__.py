"""sansmcp in ASGI applications, on asyncio and on trio."""

from sansmcp_asgi.app import App
from sansmcp_asgi.exchanges import Receive, Send
from sansmcp_asgi.heads import Message, Scope
from sansmcp_asgi.runtime import Flag, Runtime

__all__ = ["App", "Flag", "Message", "Receive", "Runtime", "Scope", "Send"]
