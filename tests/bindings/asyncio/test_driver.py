"""The driver against an endpoint that knows neither lines nor JSON: three links that share one session."""

import asyncio

import attrs
import pytest
from tests.bindings.asyncio.running import quiet, run_in_no_time, turns, until
from tests.bindings.ring import Heard, Remember, Ring

from sansmcp.session import Dial, Errand
from sansmcp_asyncio import Driver, MemoryStream, memory_pair


async def receive(stream: MemoryStream, expected: bytes) -> None:
    received = b""
    while len(received) < len(expected):
        received += await stream.read()
    assert received == expected


@attrs.define(eq=False)
class Joined:
    """A ring of three links that a driver runs over streams in memory."""

    ring: Ring
    driver: Driver[Ring, Heard]
    ends: list[MemoryStream]
    heard: list[bytes]
    carrying: list[asyncio.Task[None]]

    async def part(self) -> None:
        self.ring.end()
        self.driver.settle()
        await self.driver.wait_done()


async def join(*, puts_off: bool = False) -> Joined:
    ring, heard = Ring(), list[bytes]()

    def hear(_ring: Ring, event: Heard) -> None:
        heard.append(event.data)
        if puts_off:
            driver.put_off()

    driver = Driver(ring, hear)
    joined = Joined(ring, driver, [], heard, [])
    for _ in range(3):
        near, far = memory_pair()
        joined.carrying.append(driver.carry(ring.accept(), near))
        joined.ends.append(far)
    await quiet()
    return joined


@pytest.mark.parametrize("puts_off", [False, True])
def test_input_on_one_link_makes_output_on_another_though_a_handler_that_began_takes_its_time(
    *, puts_off: bool
) -> None:
    async def work() -> None:
        joined = await join(puts_off=puts_off)
        for number, (one, other) in enumerate([(0, 1), (1, 2), (2, 0)]):
            said = b"message %d" % number
            await joined.ends[one].write(said)
            await receive(joined.ends[other], said)
        assert joined.heard == [b"message 0", b"message 1", b"message 2"]
        await joined.part()

    run_in_no_time(work)


async def turns_of_a_day() -> int:
    before = turns()
    await until(asyncio.get_running_loop().time() + 86_000)
    return turns() - before


def test_nothing_turns_the_loop_and_nobody_is_asked_while_nothing_happens() -> None:
    async def work() -> None:
        alone = await turns_of_a_day()
        joined = await join()
        await joined.ends[0].write(b"hello")
        await receive(joined.ends[1], b"hello")
        await quiet()
        asked = joined.ring.asked
        assert await turns_of_a_day() == alone
        assert joined.ring.asked == asked
        await joined.ends[2].write(b"hello")
        await receive(joined.ends[0], b"hello")
        assert joined.ring.asked > asked
        await joined.part()

    run_in_no_time(work)


def test_deadlines_of_the_endpoint_and_of_links_fire_in_order_and_turn_the_loop_once_each() -> None:
    async def work() -> None:
        alone = await turns_of_a_day()
        joined = await join()
        ring, start = joined.ring, joined.driver.now()
        ring.alarm = start + 10
        ring.links[0].wake_at(start + 20)
        ring.links[1].wake_at(start + 5)
        joined.driver.settle()
        assert await turns_of_a_day() == alone + 3
        assert ring.links[1].alarms == pytest.approx([start + 5])
        assert ring.alarms == pytest.approx([start + 10])
        assert ring.links[0].alarms == pytest.approx([start + 20])
        await joined.part()

    run_in_no_time(work)


def test_a_deadline_that_is_moved_fires_at_its_new_time_only() -> None:
    async def work() -> None:
        joined = await join()
        link, start = joined.ring.links[0], joined.driver.now()
        link.wake_at(start + 10)
        joined.driver.settle()
        await until(start + 5)
        link.wake_at(start + 30)
        joined.driver.settle()
        await until(start + 25)
        assert link.alarms == []
        await until(start + 45)
        assert link.alarms == pytest.approx([start + 30])
        link.wake_at(start + 60)
        joined.driver.settle()
        link.wake_at(None)
        joined.driver.settle()
        await until(start + 145)
        assert link.alarms == pytest.approx([start + 30])
        await joined.part()

    run_in_no_time(work)


def test_an_earlier_deadline_replaces_a_later_one() -> None:
    async def work() -> None:
        joined = await join()
        link, start = joined.ring.links[0], joined.driver.now()
        link.wake_at(start + 30)
        joined.driver.settle()
        link.wake_at(start + 10)
        joined.driver.settle()
        await until(start + 100)
        assert link.alarms == pytest.approx([start + 10])
        await joined.part()

    run_in_no_time(work)


def test_a_link_whose_peer_ends_hears_of_it_and_the_others_go_on() -> None:
    async def work() -> None:
        joined = await join()
        await joined.ends[2].close()
        await quiet()
        assert joined.ring.links[2].ends == ["it ended"]
        assert joined.carrying[2].done()
        await joined.ends[0].write(b"hello")
        await receive(joined.ends[1], b"hello")
        await joined.part()

    run_in_no_time(work)


@pytest.mark.parametrize("delay", [None, 0, 1])
def test_a_link_that_is_cancelled_ends_at_once_and_its_stream_is_closed(delay: float | None) -> None:
    async def work() -> None:
        ring = Ring()
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        near, far = memory_pair()
        carrying = driver.carry(ring.accept(), near)
        if delay is not None:
            await asyncio.sleep(delay)
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
        await driver.wait_done()
        assert ring.links[0].done
        assert await far.read() == b""

    run_in_no_time(work)


def test_a_link_that_is_cancelled_twice_closes_its_stream_all_the_same() -> None:
    class Slow:
        closed = False

        async def read(self) -> bytes:
            await asyncio.Event().wait()
            return b""

        async def write(self, data: bytes) -> None:
            """Take it."""

        async def close(self) -> None:
            await released.wait()
            self.closed = True

    released = asyncio.Event()

    async def work() -> None:
        ring, slow = Ring(), Slow()
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        carrying = driver.carry(ring.accept(), slow)
        await quiet()
        for _ in range(2):
            carrying.cancel()
            await quiet()
        assert carrying.done()
        assert not slow.closed
        released.set()
        await driver.wait_done()
        assert slow.closed

    run_in_no_time(work)


def test_a_stream_that_does_not_close_is_given_up_after_five_seconds() -> None:
    class Stuck:
        async def read(self) -> bytes:
            return b""

        async def write(self, data: bytes) -> None:
            """Take it."""

        async def close(self) -> None:
            await asyncio.Event().wait()

    async def work() -> None:
        ring = Ring()
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        start = driver.now()
        await driver.carry(ring.accept(), Stuck())
        assert driver.now() - start == pytest.approx(5)

    run_in_no_time(work)


def test_a_taker_of_events_that_fails_ends_every_link_and_is_told() -> None:
    def fail(_ring: Ring, _event: Heard) -> None:
        raise ValueError("of the taker")

    async def work() -> None:
        ring = Ring()
        driver = Driver(ring, fail)
        near, far = memory_pair()
        other, _ = memory_pair()
        carrying = [driver.carry(ring.accept(), near), driver.carry(ring.accept(), other)]
        await far.write(b"hello")
        for task in carrying:
            with pytest.raises(ValueError, match="of the taker"):
                await task
        assert all(link.done for link in ring.links)
        await driver.wait_done()

    run_in_no_time(work)


def test_a_taker_of_events_that_fails_does_not_fail_in_the_face_of_who_settles() -> None:
    def fail(_ring: Ring, _event: Heard) -> None:
        raise ValueError("of the taker")

    async def work() -> None:
        ring = Ring()
        driver = Driver(ring, fail)
        ring.events.append(Heard(b"hello"))
        driver.settle()
        with pytest.raises(ValueError, match="of the taker"):
            await driver.wait_done()
        await driver.wait_done()

    run_in_no_time(work)


def test_a_link_that_fails_as_its_time_comes_ends_every_link() -> None:
    class Failing(Ring):
        def handle_timeout(self, now: float) -> None:
            super().handle_timeout(now)
            raise ValueError("of the endpoint")

    async def work() -> None:
        ring = Failing()
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        near, _far = memory_pair()
        carrying = driver.carry(ring.accept(), near)
        ring.alarm = driver.now() + 10
        driver.settle()
        with pytest.raises(ValueError, match="of the endpoint"):
            await carrying
        await driver.wait_done()

    run_in_no_time(work)


async def dialling(dial) -> tuple[Ring, Driver[Ring, Heard]]:
    """Return a ring and a driver that has been asked to dial."""
    ring = Ring()
    driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None, dial)
    ring.deeds.append(Dial(link=ring.accept(), address="home"))
    driver.settle()
    return ring, driver


def test_a_dial_that_fails_tells_its_link_why() -> None:
    async def dial(address: str) -> MemoryStream:
        raise ConnectionRefusedError(f"nobody at {address}")

    async def work() -> None:
        ring, driver = await dialling(dial)
        await driver.wait_done()
        assert ring.links[0].ends == ["nobody at home"]

    run_in_no_time(work)


def test_a_dial_for_a_link_that_is_done_is_given_up() -> None:
    given_up: list[bool] = []

    async def dial(_address: str) -> MemoryStream:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.append(True)
        raise AssertionError("unreachable: it is given up")

    async def work() -> None:
        ring, driver = await dialling(dial)
        start = driver.now()
        await quiet()
        ring.end()
        driver.settle()
        await driver.wait_done()
        assert driver.now() - start < 1

    run_in_no_time(work)
    assert given_up == [True]


@pytest.mark.parametrize("delay", [None, 1])
def test_cancelling_a_driver_that_dials_tells_the_link(delay: float | None) -> None:
    async def dial(_address: str) -> MemoryStream:
        await asyncio.Event().wait()
        raise AssertionError("unreachable: it is given up")

    async def work() -> None:
        ring, driver = await dialling(dial)
        if delay is not None:
            await asyncio.sleep(delay)
        await driver.cancel()
        assert ring.links[0].ends == ["it ended"]

    run_in_no_time(work)


def test_a_stream_that_comes_when_its_link_is_done_is_closed() -> None:
    near, far = memory_pair()

    async def dial(_address: str) -> MemoryStream:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return near
        raise AssertionError("unreachable: it is given up")

    async def work() -> None:
        ring, driver = await dialling(dial)
        await quiet()
        ring.end()
        driver.settle()
        await driver.wait_done()
        assert await far.read() == b""

    run_in_no_time(work)


def test_a_fault_of_a_dial_ends_its_link_and_comes_out_where_the_end_is_waited_for() -> None:
    async def dial(_address: str) -> MemoryStream:
        raise ValueError("of the dial")

    async def work() -> None:
        ring, driver = await dialling(dial)
        with pytest.raises(ValueError, match="of the dial"):
            await driver.wait_done()
        assert ring.links[0].done
        await driver.wait_done()

    run_in_no_time(work)


def test_last_bytes_that_nobody_takes_are_given_up_soon_after_the_end() -> None:
    async def work() -> None:
        joined = await join()
        start = joined.driver.now()
        joined.ring.links[0].say(b"x" * 1_000_000)
        await joined.part()
        assert joined.driver.now() - start == pytest.approx(0.4)

    run_in_no_time(work)


def test_last_bytes_of_a_link_that_was_done_before_it_was_carried_are_given_up_as_soon() -> None:
    async def work() -> None:
        ring = Ring()
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        near, _far = memory_pair()
        link = ring.accept()
        link.say(b"x" * 1_000_000)
        link.done = True
        start = driver.now()
        await driver.carry(link, near)
        assert driver.now() - start == pytest.approx(0.4)

    run_in_no_time(work)


def test_a_write_that_stalls_ends_the_link_and_says_so() -> None:
    async def work() -> None:
        joined = await join()
        start = joined.driver.now()
        joined.ring.links[0].say(b"x" * 1_000_000)
        joined.driver.settle()
        await until(start + 29)
        assert not joined.ring.links[0].done
        await until(start + 32)
        assert joined.ring.links[0].ends == ["the peer has read nothing for 30 s"]
        await joined.part()

    run_in_no_time(work)


def test_two_links_whose_pipes_are_full_do_not_block_each_other() -> None:
    async def work() -> None:
        joined = await join()
        flood = b"x" * 1_000_000
        writing = [asyncio.create_task(end.write(flood)) for end in joined.ends]
        assert await asyncio.gather(*writing) == [None] * len(joined.ends)
        for end in joined.ends:
            await receive(end, flood)
        await joined.part()

    run_in_no_time(work)


def test_errands_are_handed_on_in_order_and_what_answers_them_is_heard() -> None:
    async def work() -> None:
        ring, heard, loop = Ring(), list[bytes](), asyncio.get_running_loop()

        def perform(errand: Errand) -> None:
            assert isinstance(errand, Remember)
            loop.call_soon(answer, errand.word)

        def answer(word: bytes) -> None:
            ring.remembered(word)
            driver.settle()

        driver = Driver(ring, lambda _ring, event: heard.append(event.data), perform=perform)
        ring.deeds = [Remember(word=b"one"), Remember(word=b"two")]
        driver.settle()
        assert heard == []
        await quiet()
        assert heard == [b"one", b"two"]

    run_in_no_time(work)
