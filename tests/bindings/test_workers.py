"""The threads of handlers that block, on the runtimes that have a loop."""

import threading

import pytest

import sansmcp_asyncio
import sansmcp_trio

each = pytest.mark.parametrize("binding", [sansmcp_asyncio, sansmcp_trio], ids=["asyncio", "trio"])


@each
def test_two_jobs_that_wait_for_each_other_get_a_thread_each(binding):
    workers, met = binding.Workers(), threading.Semaphore(0)
    meeting = threading.Barrier(2)

    def meet():
        meeting.wait(20)
        met.release()

    for _ in range(300):
        # A quick one before them leaves its thread at the moment when they come.
        workers.submit(met.release)
        workers.submit(meet)
        workers.submit(meet)
        assert all(met.acquire(timeout=20) for _ in range(3))
    workers.close()


@each
def test_there_are_no_more_threads_than_said(binding):
    workers, names, done = binding.Workers(2), set(), threading.Semaphore(0)

    def work():
        names.add(threading.get_ident())
        done.release()

    for _ in range(100):
        workers.submit(work)
    assert all(done.acquire(timeout=20) for _ in range(100))
    assert len(names) <= 2
    workers.close()
