"""`sansmcp read`: reads a resource and prints what it holds."""

import argparse
import base64
import sys
from collections.abc import Sequence

from sansmcp.client import Address
from sansmcp.errors import RequestFailed
from sansmcp.schema import BlobResourceContents, ReadResourceResult, codec_for
from sansmcp_cli.arguments import near
from sansmcp_cli.content import size_of
from sansmcp_cli.faults import Fault, giving_up
from sansmcp_cli.options import open_client
from sansmcp_cli.printing import say, say_document, write, write_bytes
from sansmcp_cli.screen import Screen, visible
from sansmcp_threads import Client


def run_read(
    chosen: argparse.Namespace, address: Address, words: Sequence[str] | None, screen: Screen
) -> int:
    """Read a resource.

    Args:
        chosen: the options.
        address: where the server is.
        words: what stood behind `--`: its URI.
        screen: where everything but the result is shown.

    Returns:
        The exit code.

    Raises:
        Fault: something on the command line cannot be meant.
        SansmcpError: the server does not give it.
    """
    if words is None or len(words) != 1:
        raise Fault("no URI is named; expected: sansmcp read COMMAND... -- URI")
    with open_client(chosen, address, screen) as client:
        result = _read(client, words[0])
        if chosen.json:
            say_document(sys.stdout, codec_for(client.revision).unstructure(result))
        else:
            _show(result)
    return 0


def _read(client: Client, uri: str) -> ReadResourceResult:
    if client.server_capabilities.resources is None:
        raise Fault("the server has no resources; `sansmcp list` shows what it has")
    try:
        with giving_up():
            return client.read_resource(uri)
    except RequestFailed as error:
        if not error.is_resource_not_found:
            raise
        there = [resource.uri for resource in client.resources()]
        raise Fault(
            f"the server has no resource {uri!r}: {error.message}{near(uri, there)}",
            *(["there is:", *(f"  {found}" for found in there)] if there else []),
        ) from error


def _show(result: ReadResourceResult) -> None:
    for contents in result.contents:
        if not isinstance(contents, BlobResourceContents):
            is_seen = sys.stdout.isatty()
            write(sys.stdout, visible(contents.text) if is_seen else contents.text)
            if is_seen and not contents.text.endswith("\n"):
                say(sys.stdout, "")
        elif sys.stdout.isatty():
            kind = contents.mime_type or "no named type"
            raise Fault(
                f"{contents.uri} is {size_of(contents.blob)} bytes of {kind}, nothing for a terminal; "
                "redirect the output, as in: sansmcp read ... > FILE"
            )
        else:
            write_bytes(sys.stdout, base64.b64decode(contents.blob))
