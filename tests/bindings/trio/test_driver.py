"""The driver against an endpoint that knows neither lines nor JSON: three links that share one session.

Whatever comes on one link goes out on the next one. The endpoint names whom to wake, the driver does not ask.
"""

import itertools
import math

import attrs
import pytest
import trio
from tests.bindings.ring import Heard, Remember, Ring
from tests.bindings.trio.running import run, run_in_no_time
from trio.testing import wait_all_tasks_blocked

from sansmcp.session import Dial, Errand
from sansmcp_trio import Driver, MemoryStream, PromptStream, Tasks, memory_pair


class Steps(trio.abc.Instrument):
    """Counts the steps of tasks."""

    def __init__(self) -> None:
        self.count = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.count += task.name.startswith("sansmcp")


async def receive(stream: MemoryStream, expected: bytes) -> None:
    received = b""
    while len(received) < len(expected):
        received += await stream.receive_some()
    assert received == expected


@attrs.define(eq=False)
class Joined:
    """A ring of three links that a driver runs over streams in memory."""

    ring: Ring
    driver: Driver[Ring, Heard]
    ends: list[MemoryStream]
    heard: list[bytes]


async def join(tasks: Tasks, nursery: trio.Nursery) -> Joined:
    ring, heard = Ring(), list[bytes]()
    driver = Driver(ring, lambda _ring, event: heard.append(event.data), tasks)
    ends: list[MemoryStream] = []
    for _ in range(3):
        near, far = memory_pair()
        nursery.start_soon(driver.carry, ring.accept(), near)
        ends.append(far)
    await wait_all_tasks_blocked()
    return Joined(ring, driver, ends, heard)


def test_input_on_one_link_makes_output_on_another() -> None:
    async def work() -> None:
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            joined = await join(tasks, nursery)
            for number, (one, other) in enumerate([(0, 1), (1, 2), (2, 0)]):
                said = b"message %d" % number
                await joined.ends[one].send_all(said)
                await receive(joined.ends[other], said)
            assert joined.heard == [b"message 0", b"message 1", b"message 2"]
            joined.ring.end()
            joined.driver.settle()

    run(work)


def test_no_task_of_the_driver_takes_a_step_while_nothing_happens() -> None:
    async def work() -> None:
        steps = Steps()
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            joined = await join(tasks, nursery)
            await joined.ends[0].send_all(b"hello")
            await receive(joined.ends[1], b"hello")
            await wait_all_tasks_blocked()
            trio.lowlevel.add_instrument(steps)
            # A day of virtual time, and of real turns of the loop.
            start = trio.current_time()
            for turn in range(1000):
                await trio.sleep_until(start + 86.4 * (turn + 1))
            assert steps.count == 0
            await joined.ends[2].send_all(b"hello")
            await receive(joined.ends[0], b"hello")
            assert steps.count > 0
            joined.ring.end()
            joined.driver.settle()

    run_in_no_time(work)


def test_a_message_wakes_the_two_tasks_it_concerns_and_no_other() -> None:
    class Names(trio.abc.Instrument):
        def __init__(self) -> None:
            self.tasks: set[trio.lowlevel.Task] = set()

        def before_task_step(self, task: trio.lowlevel.Task) -> None:
            if task.name.startswith("sansmcp"):
                self.tasks.add(task)

    async def work() -> None:
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            joined = await join(tasks, nursery)
            names = Names()
            trio.lowlevel.add_instrument(names)
            await joined.ends[0].send_all(b"hello")
            await receive(joined.ends[1], b"hello")
            await wait_all_tasks_blocked()
            # The reader of the first link and the writer of the second one.
            assert len(names.tasks) == 2
            trio.lowlevel.remove_instrument(names)
            joined.ring.end()
            joined.driver.settle()

    run(work)


def test_deadlines_of_the_endpoint_and_of_links_share_one_timer() -> None:
    async def work() -> None:
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            joined = await join(tasks, nursery)
            ring, start = joined.ring, trio.current_time()
            ring.alarm = start + 10
            ring.links[0].wake_at(start + 20)
            ring.links[1].wake_at(start + 5)
            joined.driver.settle()
            await trio.sleep_until(start + 100)
            assert ring.links[1].alarms == [start + 5]
            assert ring.alarms == [start + 10]
            assert ring.links[0].alarms == [start + 20]
            ring.end()
            joined.driver.settle()

    run_in_no_time(work)


def test_a_deadline_that_is_moved_fires_at_its_new_time_only() -> None:
    async def work() -> None:
        steps = Steps()
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            joined = await join(tasks, nursery)
            link, start = joined.ring.links[0], trio.current_time()
            link.wake_at(start + 10)
            joined.driver.settle()
            await trio.sleep_until(start + 5)
            link.wake_at(start + 30)
            joined.driver.settle()
            # Where it was, it is looked at.
            await trio.sleep_until(start + 11)
            trio.lowlevel.add_instrument(steps)
            await trio.sleep_until(start + 26)
            assert (steps.count, link.alarms) == (0, [])
            await trio.sleep_until(start + 46)
            assert link.alarms == [start + 30]
            link.wake_at(start + 60)
            joined.driver.settle()
            link.wake_at(None)
            joined.driver.settle()
            await trio.sleep_until(start + 146)
            assert link.alarms == [start + 30]
            joined.ring.end()
            joined.driver.settle()

    run_in_no_time(work)


def test_a_deadline_that_is_moved_as_it_fires_is_not_lost() -> None:
    async def work() -> None:
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            joined = await join(tasks, nursery)
            link, start = joined.ring.links[0], trio.current_time()
            link.wake_at(start + 10)
            joined.driver.settle()
            # The same turn of the loop in which the timer wakes up.
            with trio.CancelScope(deadline=start + 10):
                await trio.sleep_forever()
            link.wake_at(start + 30)
            joined.driver.settle()
            await trio.sleep_until(start + 110)
            assert link.alarms[-1] == start + 30
            assert math.isinf(trio.current_effective_deadline())
            joined.ring.end()
            joined.driver.settle()

    run_in_no_time(work)


def test_a_link_whose_peer_ends_hears_of_it_and_the_others_go_on() -> None:
    async def work() -> None:
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            joined = await join(tasks, nursery)
            await joined.ends[2].aclose()
            await wait_all_tasks_blocked()
            assert joined.ring.links[2].ends == ["it ended"]
            await joined.ends[0].send_all(b"hello")
            await receive(joined.ends[1], b"hello")
            joined.ring.end()
            joined.driver.settle()

    run(work)


def test_a_link_that_is_cancelled_ends_at_once_and_its_stream_is_closed() -> None:
    async def work() -> None:
        async with Tasks() as tasks:
            ring = Ring()
            driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None, tasks)
            near, far = memory_pair()
            with trio.CancelScope() as scope:
                scope.cancel()
                await driver.carry(ring.accept(), near)
            assert scope.cancelled_caught
            assert ring.links[0].done
            assert await far.receive_some() == b""

    run(work)


def test_a_taker_of_events_that_fails_ends_every_link_and_is_told() -> None:
    async def work() -> None:
        def fail(_ring: Ring, _event: Heard) -> None:
            raise ValueError("of the taker")

        async with Tasks() as tasks:
            ring = Ring()
            driver = Driver(ring, fail, tasks)
            near, far = memory_pair()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(far.send_all, b"hello")
                with pytest.raises(ValueError, match="of the taker"):
                    await driver.carry(ring.accept(), near)

    run(work)


def test_a_dial_that_fails_tells_its_link_why() -> None:
    async def dial(address: str) -> MemoryStream:
        await trio.lowlevel.checkpoint()
        raise ConnectionRefusedError(f"nobody at {address}")

    async def work() -> None:
        async with Tasks() as tasks:
            ring = Ring()
            driver = Driver(ring, lambda _ring, _event: None, tasks, dial)
            ring.deeds.append(Dial(link=ring.accept(), address="home"))
            driver.settle()
            await driver.wait_done()
            assert ring.links[0].ends == ["nobody at home"]

    run(work)


def test_a_dial_for_a_link_that_is_done_is_given_up() -> None:
    given_up: list[bool] = []

    async def dial(_address: str) -> MemoryStream:
        try:
            await trio.sleep_forever()
        finally:
            given_up.append(True)

    async def work() -> None:
        async with Tasks() as tasks:
            ring = Ring()
            driver = Driver(ring, lambda _ring, _event: None, tasks, dial)
            ring.deeds.append(Dial(link=ring.accept(), address="home"))
            driver.settle()
            await wait_all_tasks_blocked()
            ring.end()
            driver.settle()
            await driver.wait_done()

    run(work)
    assert given_up == [True]


def test_a_fault_of_a_dial_comes_out_where_the_end_is_waited_for() -> None:
    async def dial(_address: str) -> MemoryStream:
        await trio.lowlevel.checkpoint()
        raise ValueError("of the dial")

    async def work() -> None:
        async with Tasks() as tasks:
            ring = Ring()
            driver = Driver(ring, lambda _ring, _event: None, tasks, dial)
            ring.deeds.append(Dial(link=ring.accept(), address="home"))
            driver.settle()
            with pytest.raises(ValueError, match="of the dial"):
                await driver.wait_done()
            await driver.wait_done()

    run(work)


def test_last_bytes_that_nobody_takes_are_given_up_soon_after_the_end() -> None:
    async def work() -> None:
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            joined = await join(tasks, nursery)
            start = trio.current_time()
            joined.ring.links[0].say(b"x" * 1_000_000)
            joined.ring.end()
            joined.driver.settle()
            async with trio.open_nursery():
                pass
        assert trio.current_time() - start == pytest.approx(0.4)

    run_in_no_time(work)


def test_a_write_that_stalls_ends_the_link_and_says_so() -> None:
    async def work() -> None:
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            joined = await join(tasks, nursery)
            start = trio.current_time()
            joined.ring.links[0].say(b"x" * 1_000_000)
            joined.driver.settle()
            await trio.sleep_until(start + 29)
            assert not joined.ring.links[0].done
            await trio.sleep_until(start + 31)
            assert joined.ring.links[0].done
            assert joined.ring.links[0].ends == ["the peer has read nothing for 30 s"]
            assert trio.current_time() - start == 31
            joined.ring.end()
            joined.driver.settle()

    run_in_no_time(work)


class _Narrow(PromptStream):
    """Sends a few bytes at once, now and then none, and the others when it is waited for."""

    def __init__(self) -> None:
        self.sent = b""
        self.at_once = 0
        self._widths = itertools.cycle([3, 0, 100])

    def send_now(self, data: bytes) -> int:
        sent = data[: next(self._widths)]
        self.sent += sent
        self.at_once += len(sent)
        return len(sent)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        for byte in bytes(data):
            await trio.lowlevel.checkpoint()
            self.sent += bytes([byte])

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, _max_bytes: int | None = None) -> bytes:
        return await trio.sleep_forever()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


def test_bytes_leave_in_their_order_though_some_are_sent_at_once() -> None:
    async def work() -> None:
        stream, ring = _Narrow(), Ring()
        said = b""
        async with Tasks() as tasks, trio.open_nursery() as nursery:
            driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None, tasks)
            link = ring.accept()
            nursery.start_soon(driver.carry, link, stream)
            for number in range(300):
                # Sometimes the writer waits by now, sometimes it is in the middle of a write.
                if number % 3 == 0:
                    await wait_all_tasks_blocked()
                for _ in range(number % 7):
                    await trio.lowlevel.checkpoint()
                message = b"message %d;" % number
                said += message
                link.say(message)
                driver.settle()
            await wait_all_tasks_blocked()
            ring.end()
            driver.settle()
        assert stream.sent == said
        assert 0 < stream.at_once < len(said)

    run(work)


def test_errands_are_handed_on_in_order_and_what_answers_them_is_heard() -> None:
    async def work() -> None:
        ring, heard = Ring(), list[bytes]()

        def perform(errand: Errand) -> None:
            assert isinstance(errand, Remember)
            errands.append(errand)

        errands = list[Remember]()
        async with Tasks() as tasks:
            driver = Driver(ring, lambda _ring, event: heard.append(event.data), tasks, perform=perform)
            ring.deeds = [Remember(word=b"one"), Remember(word=b"two")]
            driver.settle()
            for errand in errands:
                ring.remembered(errand.word)
            assert heard == []
            driver.settle()
            assert heard == [b"one", b"two"]

    run(work)
