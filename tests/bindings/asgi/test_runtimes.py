"""What adapters are given of a loop, the same on asyncio and on trio."""

import functools
import threading

import anyio
import pytest
import trio
import trio.lowlevel
from tests.bindings.asgi.talking import each_loop, each_real_loop
from tests.bindings.asyncio import running as running_asyncio
from tests.bindings.trio import running as running_trio

from sansmcp_asgi.runtime import loop_here, runtime_of_this_loop


@each_loop
def test_what_is_spawned_runs_beside_and_is_cancelled(run):
    async def work():
        runtime, steps = runtime_of_this_loop(), []

        async def sleep(name):
            steps.append(f"{name} begins")
            try:
                await anyio.sleep(10)
                steps.append(f"{name} ends")
            except anyio.get_cancelled_exc_class():
                steps.append(f"{name} is cancelled")
                raise

        runtime.spawn(functools.partial(sleep, "one"), "one")
        stop = runtime.spawn(functools.partial(sleep, "two"), "two")
        await anyio.sleep(1)
        stop()
        # One that is stopped before it begins hears of it all the same.
        runtime.spawn(functools.partial(sleep, "three"), "three")()
        await anyio.sleep(20)
        assert sorted(steps[:2]) == ["one begins", "two begins"]
        rest = ["one ends", "three begins", "three is cancelled", "two is cancelled"]
        assert sorted(steps[2:]) == rest

    run(work)


@each_loop
@pytest.mark.parametrize(
    ("error", "is_told"),
    [(ValueError("no"), True), (SystemExit(3), False), (BaseExceptionGroup("all", [SystemExit(3)]), False)],
    ids=["an exception", "an exit", "a group of exits"],
)
def test_what_is_raised_there_ends_nothing_else(run, error, is_told, caplog):
    async def work():
        runtime = runtime_of_this_loop()

        async def fail():
            raise error

        runtime.spawn(fail, "fails")
        await anyio.sleep(1)
        assert not runtime.is_over

    run(work)
    assert bool(caplog.records) is is_told


@each_loop
def test_a_wait_ends_with_what_is_waited_for_or_at_its_time(run):
    async def work():
        runtime = runtime_of_this_loop()
        began = runtime.now()
        assert await runtime.sleep_until(began + 5, functools.partial(anyio.sleep, 2))
        assert runtime.now() - began == pytest.approx(2)
        assert not await runtime.sleep_until(began + 5, anyio.sleep_forever)
        assert runtime.now() - began == pytest.approx(5)
        assert await runtime.sleep_until(None, functools.partial(anyio.sleep, 1))

        async def fail():
            raise TimeoutError("of its own")

        with pytest.raises(TimeoutError, match="of its own"):
            await runtime.sleep_until(began + 100, fail)

    run(work)


@each_loop
def test_who_is_out_of_time_hears_of_it_and_may_wait_again_to_end_well(run):
    async def work():
        runtime, steps = runtime_of_this_loop(), []
        began = runtime.now()

        async def wait():
            await anyio.sleep(1)
            steps.append("once")
            try:
                await anyio.sleep(10)
            except anyio.get_cancelled_exc_class():
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(1)
                steps.append("ended well")
                raise

        assert not await runtime.sleep_until(began + 3, wait)
        assert steps == ["once", "ended well"]
        assert runtime.now() - began == pytest.approx(4)

    run(work)


@each_loop
def test_what_others_can_do_at_once_is_done_after_a_turn(run):
    async def work():
        runtime, steps = runtime_of_this_loop(), []

        async def step():
            steps.append("done")

        runtime.spawn(step, "step")
        # Trio draws lots for who goes first.
        await runtime.turn()
        await runtime.turn()
        assert steps == ["done"]

    run(work)


@each_loop
def test_a_flag_is_set_and_cleared(run):
    async def work():
        flag = runtime_of_this_loop().flag()
        assert not flag.is_set()
        flag.set()
        await flag.wait()
        assert flag.is_set()
        flag.clear()
        flag.clear()
        with anyio.move_on_after(1) as scope:
            await flag.wait()
        assert scope.cancelled_caught

    run(work)


@each_real_loop
def test_what_threads_want_called_is_called_in_order_by_the_loop(run):
    async def work():
        runtime, heard, all_heard = runtime_of_this_loop(), [], anyio.Event()

        def hear(number):
            heard.append((number, threading.get_ident()))

        def job():
            for number in range(10):
                runtime.wake(functools.partial(hear, number))
            runtime.wake(all_heard.set)

        runtime.in_thread(job)
        await all_heard.wait()
        assert heard == [(number, threading.get_ident()) for number in range(10)]
        runtime.release()

    run(work)


@pytest.mark.parametrize("run", [running_asyncio.run, running_trio.run], ids=["asyncio", "trio"])
def test_a_loop_that_has_ended_is_over_and_hears_nothing(run):
    found = []

    async def work():
        found.append((runtime_of_this_loop(), loop_here()))
        assert not found[-1][0].is_over

    run(work)
    run(work)
    (one, here), (two, there) = found
    assert one.is_over
    assert two.is_over
    assert here is not there
    one.wake(lambda: pytest.fail("it was called"))


def test_what_a_call_raises_does_not_end_a_run_of_trio(caplog):
    async def work():
        runtime = runtime_of_this_loop()

        def fail():
            raise ValueError("no")

        runtime.wake(fail)
        await trio.testing.wait_all_tasks_blocked()
        await trio.lowlevel.checkpoint()

    running_trio.run(work)
    assert [record.getMessage() for record in caplog.records] == ["a call failed"]


@each_loop
def test_closing_cancels_what_is_left_and_waits_for_it_but_not_for_long(run):
    async def work():
        runtime, steps = runtime_of_this_loop(), []

        async def linger(seconds):
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(seconds)
                steps.append(seconds)

        for seconds in (1, 3):
            runtime.spawn(functools.partial(linger, seconds), "lingers")
        await anyio.sleep(1)
        began = runtime.now()
        await runtime.close(2)
        assert runtime.now() - began == pytest.approx(2)
        assert steps == [1]
        await anyio.sleep(5)
        assert steps == [1, 3]

    run(work)
