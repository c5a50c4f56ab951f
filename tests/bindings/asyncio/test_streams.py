"""Streams in memory."""

import asyncio

import pytest

from sansmcp_asyncio import memory_pair


def test_what_one_end_writes_the_other_reads() -> None:
    async def work() -> None:
        near, far = memory_pair()
        await near.write(b"abc")
        assert await far.read() == b"abc"
        await far.write(b"def")
        assert await near.read() == b"def"

    asyncio.run(work())


def test_a_writer_waits_while_nobody_reads() -> None:
    async def work() -> None:
        near, far = memory_pair()
        writing = asyncio.ensure_future(near.write(b"x" * 1_000_000))
        await asyncio.sleep(0)
        assert not writing.done()
        assert len(await far.read()) == 1_000_000
        await writing

    asyncio.run(work())


def test_an_end_that_closes_ends_both_directions() -> None:
    async def work() -> None:
        near, far = memory_pair()
        await near.write(b"unread")
        waiting = asyncio.ensure_future(near.read())
        await asyncio.sleep(0)
        await far.close()
        assert await waiting == b""
        with pytest.raises(BrokenPipeError):
            await near.write(b"more")
        assert await far.read() == b"unread"
        assert await far.read() == b""

    asyncio.run(work())
