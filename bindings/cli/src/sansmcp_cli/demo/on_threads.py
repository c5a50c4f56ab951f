"""A conversation of the demo on plain threads."""

import signal
import threading
from collections.abc import Sequence

import attrs

from sansmcp.values import JSON
from sansmcp_cli.demo.acts import Deed, GiveUp
from sansmcp_cli.demo.conversation import Conversation
from sansmcp_threads import Client, Process, connect, start_process


def talk(target: Sequence[str] | str, conversation: Conversation) -> int | None:
    """Have the conversation on the main thread, and return the exit code of the server that was started.

    Args:
        target: starts the server, or its URL, for which 0 is returned.
        conversation: what is done, and who is told.
    """
    if isinstance(target, str):
        _converse(target, conversation)
        return 0
    process = start_process(target)
    _converse(process, conversation)
    return process.returncode


def _converse(target: Process | str, conversation: Conversation) -> None:
    with connect(target, **conversation.settings) as client:
        while (deed := conversation.next_deed()) is not None:
            try:
                conversation.done(_do(client, deed))
            except Exception as error:  # noqa: BLE001  # the conversation names what went wrong
                conversation.failed(error)


def _do(client: Client, deed: Deed) -> JSON:
    if not isinstance(deed, GiveUp):
        return client.call(deed)
    # What interrupts a wait gives its call up: here what Ctrl-C does, also where that is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    caller = threading.get_ident()
    interrupted = attrs.evolve(
        deed.call, on_progress=lambda _event: signal.pthread_kill(caller, signal.SIGINT)
    )
    try:
        return client.call(interrupted)
    except KeyboardInterrupt:
        return None
    finally:
        signal.signal(signal.SIGINT, before)
