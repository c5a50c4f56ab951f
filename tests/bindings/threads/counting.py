"""What is left behind: threads, descriptors, processes."""

import contextlib
import threading
from collections.abc import Collection, Iterator

from tests.bindings.looking import descriptors


def threads(before: Collection[threading.Thread] = ()) -> set[str]:
    """Return the names of our threads, but for those that were there before."""
    running = (thread for thread in threading.enumerate() if thread not in before)
    return {thread.name for thread in running if thread.name.startswith("sansmcp")}


def join_handlers(before: Collection[threading.Thread] = ()) -> None:
    """Wait for handlers that nobody waits for any more, and for what they still tell the log."""
    for thread in threading.enumerate():
        if thread.name == "sansmcp handler" and thread not in before:
            thread.join(timeout=20)


@contextlib.contextmanager
def nothing_left() -> Iterator[None]:
    """Check that what a test does leaves neither threads nor descriptors."""
    before, running = descriptors(), set(threading.enumerate())
    yield
    # Nobody can end a handler that was running; it ends when it has seen that nobody waits.
    assert threads(running) <= {"sansmcp handler"}
    join_handlers(running)
    assert threads(running) == set()
    # Those of other runtimes may end meanwhile.
    assert set(threading.enumerate()) <= running
    assert descriptors() == before


@contextlib.contextmanager
def in_thread(work) -> Iterator[None]:
    """Do something in another thread meanwhile, and let what it raises come out."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    thread = threading.Thread(target=run, name="test", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=60)
        assert not thread.is_alive()
    if raised:
        raise raised[0]


@contextlib.contextmanager
def no_threads_to_be_had() -> Iterator[None]:
    """Ask for stacks that no machine has, so that no thread can be started."""
    before = threading.stack_size(1 << 60)
    try:
        yield
    finally:
        threading.stack_size(before)
