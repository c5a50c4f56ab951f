"""A conversation of the demo on asyncio."""

import asyncio
from collections.abc import Sequence

import attrs

from sansmcp.values import JSON
from sansmcp_asyncio import Client, Process, connect, start_process
from sansmcp_cli.demo.acts import Deed, GiveUp
from sansmcp_cli.demo.conversation import Conversation


def talk(target: Sequence[str] | str, conversation: Conversation) -> int | None:
    """Have the conversation in a loop of its own, and return the exit code of the server that was started.

    Args:
        target: starts the server, or its URL, for which 0 is returned.
        conversation: what is done, and who is told.
    """
    return asyncio.run(_talk(target, conversation))


async def _talk(target: Sequence[str] | str, conversation: Conversation) -> int | None:
    if isinstance(target, str):
        await _converse(target, conversation)
        return 0
    process = await start_process(target)
    await _converse(process, conversation)
    return process.returncode


async def _converse(target: Process | str, conversation: Conversation) -> None:
    async with connect(target, **conversation.settings) as client:
        while (deed := conversation.next_deed()) is not None:
            try:
                conversation.done(await _do(client, deed))
            except Exception as error:  # noqa: BLE001  # the conversation names what went wrong
                conversation.failed(error)


async def _do(client: Client, deed: Deed) -> JSON:
    if not isinstance(deed, GiveUp):
        return await client.call(deed)
    call = asyncio.ensure_future(
        client.call(attrs.evolve(deed.call, on_progress=lambda _event: call.cancel()))
    )
    await asyncio.wait([call])
    return None if call.cancelled() else call.result()
