"""A conversation of the demo on trio."""

from collections.abc import Sequence

import attrs
import trio

from sansmcp.values import JSON
from sansmcp_cli.demo.acts import Deed, GiveUp
from sansmcp_cli.demo.conversation import Conversation
from sansmcp_trio import Client, Process, connect, start_process


def talk(command: Sequence[str], conversation: Conversation) -> int | None:
    """Start the server, have the conversation in a run of its own, and return the server's exit code.

    Args:
        command: starts the server.
        conversation: what is done, and who is told.
    """
    return trio.run(_talk, command, conversation)


async def _talk(command: Sequence[str], conversation: Conversation) -> int | None:
    failure: BaseException | None = None
    async with trio.open_nursery() as nursery:
        process = await start_process(nursery, command)
        try:
            await _converse(process, conversation)
        except BaseException as error:  # noqa: BLE001  # past the nursery it would be in a group
            failure = error
    if failure is not None:
        raise failure
    return process.returncode


async def _converse(process: Process, conversation: Conversation) -> None:
    async with connect(process, **conversation.settings) as client:
        while (deed := conversation.next_deed()) is not None:
            try:
                conversation.done(await _do(client, deed))
            except Exception as error:  # noqa: BLE001  # the conversation names what went wrong
                conversation.failed(error)


async def _do(client: Client, deed: Deed) -> JSON:
    if not isinstance(deed, GiveUp):
        return await client.call(deed)
    with trio.CancelScope() as scope:
        return await client.call(attrs.evolve(deed.call, on_progress=lambda _event: scope.cancel()))
    return None
