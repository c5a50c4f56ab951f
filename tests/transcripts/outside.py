"""Take away what lies outside the process: files, sockets, clocks, chance, threads and standard streams."""

import asyncio
import builtins
import contextlib
import io
import logging
import os
import random
import secrets
import select
import socket
import subprocess
import sys
import threading
import time
import uuid
from unittest import mock

STUBBED = (
    (builtins, ("open", "print", "input", "breakpoint")),
    (io, ("open", "FileIO")),
    (
        os,
        (
            "getenv",
            "getpid",
            "getrandom",
            "listdir",
            "open",
            "read",
            "scandir",
            "stat",
            "system",
            "urandom",
            "write",
        ),
    ),
    (socket, ("socket", "socketpair", "create_connection", "getaddrinfo")),
    (select, ("select", "poll", "epoll", "kqueue")),
    (subprocess, ("Popen",)),
    (threading, ("Thread", "Timer")),
    (asyncio, ("new_event_loop", "get_running_loop", "run", "sleep")),
    (
        time,
        (
            "time",
            "time_ns",
            "monotonic",
            "monotonic_ns",
            "perf_counter",
            "perf_counter_ns",
            "process_time",
            "sleep",
            "localtime",
            "gmtime",
        ),
    ),
    (random, ("random", "randint", "randbytes", "choice", "getrandbits", "Random", "SystemRandom")),
    (secrets, ("token_bytes", "token_hex", "token_urlsafe", "randbelow", "choice")),
    (uuid, ("uuid1", "uuid4")),
    (logging, ("getLogger", "log", "debug", "info", "warning", "error")),
    (sys, ("stdin", "stdout", "stderr")),
)
"""What is replaced, by the module that has it; names that a platform does not have are left out."""


class Outside(BaseException):
    """Something reached for what lies outside; nothing under test may catch it."""


class Gone:
    """Stands in the place of something outside: any use of it raises."""

    def __init__(self, name):
        object.__setattr__(self, "_name", name)

    def __call__(self, *arguments, **options):
        """Raise, however it is called."""
        del arguments, options
        raise Outside(f"{object.__getattribute__(self, '_name')}() was called")

    def __getattr__(self, attribute):
        """Raise, whatever is asked of it."""
        raise Outside(f"{object.__getattribute__(self, '_name')}.{attribute} was used")


@contextlib.contextmanager
def outside_gone():
    """Replace everything outside for a while."""
    with contextlib.ExitStack() as stack:
        patches = [
            mock.patch.object(module, name, Gone(f"{module.__name__}.{name}"))
            for module, names in STUBBED
            for name in names
            if hasattr(module, name)
        ]
        for patch in patches:
            stack.enter_context(patch)
        yield
