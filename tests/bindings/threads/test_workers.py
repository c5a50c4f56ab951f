"""The pool of daemon threads that handlers run on."""

import threading

import pytest
from tests.bindings.threads.counting import nothing_left, threads

from sansmcp_threads import Workers

PATIENCE = 60


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    with nothing_left():
        yield


def test_jobs_that_block_run_side_by_side_up_to_the_bound_and_each_is_settled() -> None:
    workers = Workers(5)
    meeting = threading.Barrier(5)
    settled = threading.Semaphore(0)

    for _ in range(5):
        workers.submit(lambda: meeting.wait(PATIENCE), settled.release)
    for _ in range(5):
        assert settled.acquire(timeout=PATIENCE)
    assert not meeting.broken
    workers.close()


def test_every_job_is_settled_after_it_has_ended() -> None:
    workers = Workers(3)
    ended, seen = [0], [0]
    lock, all_seen = threading.Lock(), threading.Event()

    def job() -> None:
        with lock:
            ended[0] += 1

    def settle() -> None:
        with lock:
            seen[0] = ended[0]
            if seen[0] == 6000:
                all_seen.set()

    def submit() -> None:
        for _ in range(2000):
            workers.submit(job, settle)

    threads = [threading.Thread(target=submit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert all_seen.wait(PATIENCE)
    workers.close()


def test_what_is_submitted_to_a_closed_pool_is_dropped() -> None:
    workers, done = Workers(), []
    workers.close()
    workers.submit(lambda: done.append("run"), lambda: done.append("settled"))
    workers.close()
    assert threads() == set()
    assert done == []


def test_a_job_is_settled_while_the_one_after_it_blocks() -> None:
    workers = Workers(2)
    settled, released, done = threading.Event(), threading.Event(), threading.Event()
    gate = threading.Event()
    workers.submit(lambda: gate.wait(PATIENCE), settled.set)
    workers.submit(lambda: released.wait(PATIENCE), done.set)
    workers.submit(lambda: None, lambda: None)
    gate.set()
    assert settled.wait(PATIENCE)
    assert not done.is_set()
    released.set()
    assert done.wait(PATIENCE)
    workers.close()
