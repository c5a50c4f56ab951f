"""Threads that one thread starts while another one waits for their end."""

import threading

from tests.bindings.threads.counting import in_thread

from sansmcp_threads.joining import Threads


def test_threads_can_be_joined_while_others_are_being_started() -> None:
    threads = Threads()
    ended: list[None] = []
    all_started = threading.Event()

    def start_all() -> None:
        try:
            for _ in range(500):
                threads.start("test", lambda: ended.append(None))
        finally:
            all_started.set()

    with in_thread(start_all):
        while not all_started.is_set():
            threads.join()
    threads.join()
    assert len(ended) == 500
