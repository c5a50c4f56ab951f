"""Middleware: its shape, the messages that it sees, and seven that are ready to use.

All of them take the time from the message, so they are tested with a virtual clock, and all of them work
in both roles: around what a server receives, and around what a client sends.
"""

from sansmcp.middleware.caching import cache_results
from sansmcp.middleware.logs import Logged, log_messages
from sansmcp.middleware.masking import mask_errors
from sansmcp.middleware.rates import limit_rate, per_principal, per_session, per_tool
from sansmcp.middleware.retrying import retry
from sansmcp.middleware.sizes import limit_results
from sansmcp.middleware.timing import Timing, Timings

__all__ = [
    "Logged",
    "Timing",
    "Timings",
    "cache_results",
    "limit_rate",
    "limit_results",
    "log_messages",
    "mask_errors",
    "per_principal",
    "per_session",
    "per_tool",
    "retry",
]
