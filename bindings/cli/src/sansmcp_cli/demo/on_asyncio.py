"""A conversation of the demo on asyncio."""

import asyncio
from collections.abc import Sequence

import attrs

from sansmcp.values import JSON
from sansmcp_asyncio import Client, connect, start_process
from sansmcp_cli.demo.acts import Deed, GiveUp
from sansmcp_cli.demo.conversation import Conversation


def talk(command: Sequence[str], conversation: Conversation) -> int | None:
    """Start the server, have the conversation in a loop of its own, and return the server's exit code.

    Args:
        command: starts the server.
        conversation: what is done, and who is told.
    """
    return asyncio.run(_talk(command, conversation))


async def _talk(command: Sequence[str], conversation: Conversation) -> int | None:
    process = await start_process(command)
    async with connect(process, **conversation.settings) as client:
        while (deed := conversation.next_deed()) is not None:
            try:
                conversation.done(await _do(client, deed))
            except Exception as error:  # noqa: BLE001  # the conversation names what went wrong
                conversation.failed(error)
    return process.returncode


async def _do(client: Client, deed: Deed) -> JSON:
    if not isinstance(deed, GiveUp):
        return await client.call(deed)
    call = asyncio.ensure_future(
        client.call(attrs.evolve(deed.call, on_progress=lambda _event: call.cancel()))
    )
    await asyncio.wait([call])
    return None if call.cancelled() else call.result()
