"""The harness on plain threads, over memory, TCP, Unix sockets, HTTP and a process."""

import threading

from tests.suite.counting import GUARD, wait_for
from tests.suite.hold_threads import hold, talk
from tests.suite.mounted import MountedOnThreads
from tests.suite.real import RealHarness

from sansmcp.testing import Ability, Peer, Raised, Returned, suite_server
from sansmcp_threads import connect, listen_http, listen_tcp, listen_unix, memory_pair, serve_stream


class ThreadsHarness(RealHarness):
    """Plays the suite with a thread for each call that waits."""

    runtime = "threads"
    mounts = ("wsgi", "wsgi-single")
    cannot = frozenset({Ability.CANCEL})

    def start(self):
        self._server = suite_server(hold, talk, self.server_kind)
        self._listener = None
        self._threads = []
        self._ended = {}
        self._client = None
        self._released = threading.Event()

    def never(self, request):  # noqa: ARG002  # whatever is asked
        # Nothing stops a thread that waits, so the end of the scenario does.
        self._released.wait(GUARD)

    def begin(self, label, call):
        self._start(lambda: self._ended.__setitem__(label, self._outcome_of(call)))

    def wait(self, label):
        wait_for(lambda: label in self._ended)
        return self._ended.pop(label)

    def notify(self, method, params):
        self._client.perform(lambda now: self._client.session.notify(method, params, now))

    def subscribe(self, uri):
        self._updates = self._client.resource_updates(uri)
        self._updates.__enter__()

    def next_update(self):
        return next(self._updates)

    def wait_until(self, condition):
        wait_for(condition)

    def close(self):
        self.close_elsewhere(1)

    def begin_close(self):
        self._start(self._client.close)

    def close_elsewhere(self, times):
        raised = []

        def close():
            try:
                self._client.close()
            except BaseException as error:  # noqa: BLE001  # the suite judges it
                raised.append(error)

        for thread in [self._start(close) for _ in range(times)]:
            self._join(thread)
        if raised:
            raise raised[0]

    def connect(self, target, setup):
        self._client = self.opened(target, setup)
        return self._client.revision

    def opened(self, target, setup):
        return connect(target, **setup.client)

    def listen(self, path, setup):
        if self.kind == "http":
            self._listener = listen_http(self._server, port=0, http_sse=True, **setup.server)
        elif self.kind in self.mounts:
            is_threaded = self.kind == "wsgi"
            self._listener = MountedOnThreads(self._server, setup.server, is_threaded=is_threaded)
        elif path is None:
            self._listener = listen_tcp(self._server, **setup.server)
        else:
            self._listener = listen_unix(self._server, path, **setup.server)
        return self._listener.address

    def memory(self, setup):
        near, far = memory_pair()

        def leave():
            if setup.peer is Peer.GONE_ON_FIRST_BYTES:
                far.read()
            far.close()

        if setup.peer is Peer.SERVER:
            self._start(lambda: serve_stream(self._server, far, **setup.server))
        else:
            self._start(leave)
        self._far = far
        return near

    def break_memory(self):
        self._far.close()

    def stop(self):
        self._released.set()
        if self._listener is not None:
            self._listener.close()
        for thread in self._threads:
            self._join(thread)
        return []

    def _start(self, work):
        # A daemon, so that one that hangs fails its test and not the whole run.
        thread = threading.Thread(target=work, name="suite caller", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _join(self, thread):
        thread.join(GUARD)
        if thread.is_alive():
            raise AssertionError(f"it did not end within {GUARD} s")

    def _outcome_of(self, call):
        try:
            return Returned(self._client.call(call))
        except BaseException as error:  # noqa: BLE001  # the suite judges it
            return Raised(error)
