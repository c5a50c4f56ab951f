"""The driver on flows of the user's: what is free is written to at once, and what breaks ends its link."""

import attrs
import pytest
from tests.bindings.asyncio.running import quiet, run_in_no_time, turns
from tests.bindings.ring import Heard, Ring, RingLink

from sansmcp_asyncio import Driver


class Immediate:
    """A flow of a user's: it hands over what it is given, and breaks as it is told."""

    def __init__(self, fault: Exception | None = None, *, at: str = "write_now") -> None:
        self.written: list[bytes] = []
        self.is_closed = False
        self._fault, self._at = fault, at

    def start(self, receive, end) -> None:
        self.receive, self.end = receive, end
        self._break("start")

    @property
    def is_free(self) -> bool:
        return self._at != "flush"

    def write_now(self, data: bytes) -> None:
        self._break("write_now")
        self.written.append(data)

    async def flush(self, _timeout: float) -> None:
        self._break("flush")

    async def close(self) -> None:
        self.is_closed = True
        self._break("close")

    def _break(self, at: str) -> None:
        if at == self._at and self._fault is not None:
            raise self._fault


def test_a_flow_is_written_to_without_a_turn_of_the_loop() -> None:
    async def work() -> None:
        ring, flow = Ring(), Immediate()
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        carrying = driver.carry(ring.accept(), flow)
        await quiet()
        before = turns()
        flow.receive(b"hello")
        assert flow.written == [b"hello"]
        assert turns() == before
        flow.end(None)
        await carrying
        assert ring.links[0].ends == ["it ended"]
        assert flow.is_closed

    run_in_no_time(work)


def test_what_a_flow_says_of_its_own_timeout_is_told() -> None:
    async def work() -> None:
        ring, flow = Ring(), Immediate(TimeoutError("of the flow"), at="flush")
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        await driver.carry(ring.accept(), flow)
        assert ring.links[0].ends == ["of the flow"]

    run_in_no_time(work)


@attrs.define(eq=False)
class Crowded(RingLink):
    """A link on which something waits until its bytes are taken."""

    def data_to_send(self) -> bytes:
        data = super().data_to_send()
        if data:
            self.ring.events.append(Heard(b"room after " + data))
        return data


def test_what_waits_for_bytes_to_be_taken_goes_on_though_nobody_reads_them() -> None:
    async def work() -> None:
        ring, flow, heard = Ring(), Immediate(BrokenPipeError()), list[bytes]()
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, event: heard.append(event.data))
        link = Crowded(ring)
        carrying = driver.carry(link, flow)
        for said in (b"one", b"two"):
            await quiet()
            link.say(said)
            driver.settle()
        await quiet()
        assert not link.done
        assert heard == [b"room after one", b"room after two"]
        await carrying

    run_in_no_time(work)


def test_a_flow_that_breaks_ends_its_link_as_the_end_of_its_peer() -> None:
    async def work() -> None:
        ring, flow = Ring(), Immediate(BrokenPipeError())
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        carrying = driver.carry(ring.accept(), flow)
        await quiet()
        ring.links[0].say(b"hello")
        driver.settle()
        await carrying
        assert ring.links[0].done
        assert flow.is_closed

    run_in_no_time(work)


@pytest.mark.parametrize("at", ["start", "write_now", "flush", "close"])
def test_a_fault_of_a_flow_comes_out_as_itself(at: str) -> None:
    async def work() -> None:
        ring, flow = Ring(), Immediate(ValueError(f"of {at}"), at=at)
        driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None)
        carrying = driver.carry(ring.accept(), flow)
        await quiet()
        ring.links[0].say(b"hello")
        ring.end()
        driver.settle()
        with pytest.raises(ValueError, match=f"of {at}"):
            await carrying
        assert flow.is_closed
        await driver.wait_done()

    run_in_no_time(work)
