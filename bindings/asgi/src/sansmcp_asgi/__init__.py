"""sansmcp in ASGI applications, on asyncio and on trio."""

from sansmcp_asgi.app import App
from sansmcp_asgi.exchanges import Receive, Send
from sansmcp_asgi.heads import AsgiMessage, Scope
from sansmcp_asgi.runtime import Flag, Runtime

__all__ = ["App", "AsgiMessage", "Flag", "Receive", "Runtime", "Scope", "Send"]
