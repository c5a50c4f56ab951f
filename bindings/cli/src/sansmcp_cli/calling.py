"""`sansmcp call`: calls a tool and prints what it returns."""

import argparse
import sys
from collections.abc import Sequence

from sansmcp.client import Address
from sansmcp.errors import RequestFailed
from sansmcp.schema import INVALID_PARAMS, Tool, codec_for
from sansmcp_cli.arguments import arguments_for, near, read_arguments
from sansmcp_cli.content import text_of
from sansmcp_cli.faults import TOOL_FAILED, Fault, giving_up
from sansmcp_cli.options import open_client
from sansmcp_cli.printing import say, say_document
from sansmcp_cli.schemas import input_lines, signature
from sansmcp_cli.screen import Screen, visible
from sansmcp_threads import Client


def run_call(
    chosen: argparse.Namespace, address: Address, words: Sequence[str] | None, screen: Screen
) -> int:
    """Call a tool.

    Args:
        chosen: the options.
        address: where the server is.
        words: what stood behind `--`: the tool and its arguments.
        screen: where everything but the result is shown.

    Returns:
        The exit code.

    Raises:
        Fault: something on the command line cannot be meant.
        SansmcpError: the call has no result.
    """
    if not words:
        raise Fault("no tool is named; expected: sansmcp call COMMAND... -- TOOL NAME=VALUE ...")
    name, *rest = words
    arguments = read_arguments(rest, chosen.arguments)
    with open_client(chosen, address, screen) as client:
        tool = _find(client, name)
        values = arguments_for(tool, arguments)
        try:
            with giving_up():
                result = client.call_tool(name, values, on_progress=screen.progress)
        except RequestFailed as error:
            if error.code == INVALID_PARAMS:
                raise Fault(f"the server refused the call: {error.message}", *input_lines(tool)) from error
            raise
        screen.clear()
        if chosen.json:
            say_document(sys.stdout, codec_for(client.revision).unstructure(result))
        elif result.is_error:
            screen.say(text_of(result))
        else:
            text = text_of(result)
            say(sys.stdout, visible(text) if sys.stdout.isatty() else text)
    return TOOL_FAILED if result.is_error else 0


def _find(client: Client, name: str) -> Tool:
    if client.server_capabilities.tools is None:
        raise Fault("the server has no tools; `sansmcp list` shows what it has")
    tools = {tool.name: tool for tool in client.tools()}
    if name not in tools:
        there_is = ["there is:", *(f"  {signature(tool)}" for tool in tools.values())]
        raise Fault(f"the server has no tool {name!r}{near(name, list(tools))}", *there_is)
    return tools[name]
