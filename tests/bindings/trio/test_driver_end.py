"""A driver ends with the block of its tasks, which stands in for a cancel of its own."""

import pytest
import trio
from tests.bindings.ring import Heard, Ring
from tests.bindings.trio.running import run_in_no_time
from trio.testing import wait_all_tasks_blocked

from sansmcp.session import Dial
from sansmcp_trio import Driver, MemoryStream, Tasks, memory_pair


@pytest.mark.parametrize("fault", [None, ValueError("of the body")])
def test_leaving_the_block_of_the_tasks_ends_every_link_and_closes_its_stream(fault) -> None:
    near, far = memory_pair()
    ring = Ring()

    async def dial(_address: str) -> MemoryStream:
        await trio.lowlevel.checkpoint()
        return near

    async def drive() -> None:
        async with Tasks() as tasks:
            driver: Driver[Ring, Heard] = Driver(ring, lambda _ring, _event: None, tasks, dial)
            ring.deeds.append(Dial(link=ring.accept(), address="home"))
            driver.settle()
            await wait_all_tasks_blocked()
            assert not ring.links[0].done
            if fault is not None:
                raise fault

    async def work() -> None:
        if fault is None:
            await drive()
        else:
            with pytest.raises(ValueError, match="of the body"):
                await drive()
        assert ring.links[0].done
        assert await far.receive_some() == b""

    run_in_no_time(work)
