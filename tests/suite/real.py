"""What the harnesses of all runtimes share: the kinds of streams, and the count of what is left."""

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

import attrs
from tests.suite.counting import Snapshot
from tests.suite.relay import Relay

from sansmcp import Server
from sansmcp.session import Restart
from sansmcp.testing import OVER_HTTP, OVER_WSGI_WITHOUT_THREADS, Ability, Peer, wrap_suite_server

FULL = os.environ.get("SANSMCP_MATRIX") == "full"
"""Whether every scenario is played in every revision over every kind of stream.

By default it is played in one revision over each kind, in every one where its trace is compared over memory.
"""

MOUNTED = ("asgi", "wsgi", "wsgi-single")
"""The kinds that are an application, which a server of others is given."""

HTTP = ("http", *MOUNTED)
"""The kinds that are HTTP: spoken by ourselves, or by a server that an application is given to."""

DIFFERENCES = {**dict.fromkeys(HTTP, OVER_HTTP), "wsgi-single": OVER_WSGI_WITHOUT_THREADS}
"""What goes differently over a kind of stream; nothing over those that are not named."""

KINDS = ("memory", "tcp", "unix", "process", *HTTP)

_ABILITIES = {
    "memory": {Ability.PEERS, Ability.BREAK, Ability.CANCEL, Ability.CONNECTED, Ability.SEES_SERVER},
    "tcp": set(Ability) - {Ability.SHOUTS},
    "unix": set(Ability) - {Ability.SHOUTS},
    **dict.fromkeys(HTTP, set(Ability) - {Ability.SHOUTS, Ability.HALF_CLOSE, Ability.CONNECTED}),
    "process": {Ability.PEERS, Ability.BREAK, Ability.CANCEL, Ability.CONNECTED, Ability.SHOUTS},
}

_GONE = {
    Peer.GONE_AT_ONCE: (sys.executable, "-c", "pass"),
    Peer.GONE_ON_FIRST_BYTES: (sys.executable, "-c", "input()"),
}


class RealHarness:
    """A runtime with one kind of stream; what is coloured is left to the harness of the runtime.

    Args:
        kind: one of `KINDS`.
        folder: where sockets and files may be put.
    """

    runtime = ""
    mounts = ("asgi",)
    cannot = frozenset()
    server_kind = Server

    def __init__(self, kind: str, folder: Path):
        self.kind = kind
        self.abilities = self.abilities_with(kind)
        self.uncaught = []
        self._folder = folder
        self._snapshot = Snapshot()
        self._relay = None
        self._thread_hook = threading.excepthook
        threading.excepthook = self._hear_thread
        self.start()

    @classmethod
    def kinds(cls):
        """Return the kinds of streams that the runtime has: not every application runs on it."""
        return [kind for kind in KINDS if kind not in MOUNTED or kind in cls.mounts]

    @classmethod
    def abilities_with(cls, kind):
        """Return what the runtime can do over a kind of stream."""
        return frozenset(_ABILITIES[kind]) - cls.cannot

    def open(self, setup):
        if setup.wrapped:
            wrap_suite_server(self._server)
        target = self._target(setup)
        if self.kind in HTTP:
            # A server that is gone for good is not tried for long.
            client = {**setup.client, "restart": Restart(attempts=1)}
            setup = attrs.evolve(setup, client=client)
        return self.connect(target, setup)

    def break_off(self):
        if self.kind == "memory":
            self.break_memory()
        elif self.kind == "process":
            os.kill(int(self._pid_file.read_text()), signal.SIGKILL)
        else:
            self._relay.break_off()

    def end_output(self):
        self._relay.end_output()

    def stop_reading(self, side):
        self._relay.hold(side)

    def go_on_reading(self):
        self._relay.go_on()

    def end(self):
        """End the server, then the relay, and count."""
        left = self.stop()
        if self._relay is not None:
            self._relay.close()
        if self.kind == "process" and self._pid_file.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self._pid_file.read_text()), 0)
                left.append("the server's process")
        left += self._snapshot.left_since() + self.uncaught
        threading.excepthook = self._thread_hook
        return left

    @property
    def _pid_file(self):
        return self._folder / "pid"

    def _target(self, setup):
        if self.kind == "memory":
            return self.memory(setup)
        if self.kind == "process":
            words = ["--runtime", self.runtime, "--grace", str(setup.grace), "--pid", str(self._pid_file)]
            words += ["--wrapped"] * setup.wrapped
            return _GONE.get(setup.peer, (sys.executable, "-m", "tests.suite.server", *words))
        place, near = (
            map(str, (self._folder / "s", self._folder / "r")) if self.kind == "unix" else (None, None)
        )
        address = self.listen(place, setup) if setup.peer is Peer.SERVER else None
        self._relay = Relay(address, near, setup.peer)
        return self._url(setup) if self.kind in HTTP else self._relay.address

    def _url(self, setup):
        path = "/sse" if setup.revision == "2024-11-05" else "/mcp"
        return self._relay.address.replace("tcp:", "http:") + path

    def _hear_thread(self, told):
        self.uncaught.append(f"uncaught in thread {told.thread.name!r}: {told.exc_value!r}")
