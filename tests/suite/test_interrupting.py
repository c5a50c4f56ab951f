"""A thread that waits for a call is interrupted as threads are: by a signal whose handler raises."""

import signal
import sys
import threading

import pytest
from tests.suite.counting import wait_for
from tests.suite.hold_threads import hold, talk

from sansmcp.schema import REVISIONS
from sansmcp.testing import suite_server
from sansmcp_threads import connect, memory_pair, serve_stream


class Interrupted(Exception):
    """What the handler of the signal raises."""


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_interrupted_wait_cancels_the_call_on_the_server_and_the_next_one_works(revision):
    def interrupt(_sign, _frame):
        raise Interrupted

    waiting = threading.main_thread().ident

    def begun(_event):
        # A signal that came before the wait would interrupt something else.
        wait_for(lambda: sys._current_frames()[waiting].f_code.co_name == "wait")
        signal.pthread_kill(waiting, signal.SIGUSR1)

    seen = []
    near, far = memory_pair()
    settings = {"on_event": lambda _session, event: seen.append(type(event).__name__)}
    serving = threading.Thread(target=lambda: serve_stream(suite_server(hold, talk), far, **settings))
    serving.start()
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with connect(near, revisions=[revision]) as client:
            with pytest.raises(Interrupted):
                client.call_tool("hold", {"seconds": 3600.0}, on_progress=begun)
            wait_for(lambda: "RequestCancelled" in seen)
            assert client.call_tool("add", {"a": 1, "b": 2}).content[0].text == "3"
    finally:
        signal.signal(signal.SIGUSR1, before)
        serving.join()
