"""A conversation of the demo on trio."""

from collections.abc import Sequence

import attrs
import trio

from sansmcp.values import JSON
from sansmcp_cli.demo.acts import Deed, GiveUp
from sansmcp_cli.demo.conversation import Conversation
from sansmcp_trio import Client, Process, connect, start_process


def talk(target: Sequence[str] | str, conversation: Conversation) -> int | None:
    """Have the conversation in a run of its own, and return the exit code of the server that was started.

    Args:
        target: starts the server, or its URL, for which 0 is returned.
        conversation: what is done, and who is told.
    """
    if isinstance(target, str):
        trio.run(_converse, target, conversation)
        return 0
    return trio.run(_talk, target, conversation)


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
    with trio.CancelScope() as scope:
        return await client.call(attrs.evolve(deed.call, on_progress=lambda _event: scope.cancel()))
    return None
