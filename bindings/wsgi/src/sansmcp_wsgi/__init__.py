"""sansmcp in WSGI applications, without a loop."""

from sansmcp_threads.handlers import AsyncRunner
from sansmcp_wsgi.app import App
from sansmcp_wsgi.heads import Environ
from sansmcp_wsgi.responses import StartResponse

__all__ = ["App", "AsyncRunner", "Environ", "StartResponse"]
