"""The timer where no thread can be started."""

import threading
import time

from tests.bindings.threads.counting import no_threads_to_be_had

from sansmcp_threads.timers import Timer

PATIENCE = 60


def test_a_timer_without_a_thread_tries_again_when_it_is_armed_next() -> None:
    due = threading.Event()
    timer = Timer(due.set)
    with no_threads_to_be_had():
        timer.arm(time.monotonic())
    assert not due.is_set()
    timer.arm(time.monotonic())
    assert due.wait(PATIENCE)
    timer.stop()
