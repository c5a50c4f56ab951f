"""`sansmcp list`: shows what a server has."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from sansmcp.client import Address
from sansmcp.errors import RequestFailed
from sansmcp.schema import METHOD_NOT_FOUND, Prompt, Resource, ResourceTemplate, Tool, codec_for
from sansmcp.values import JSON
from sansmcp_cli.arguments import near
from sansmcp_cli.faults import Fault
from sansmcp_cli.options import open_client
from sansmcp_cli.printing import say, say_document
from sansmcp_cli.schemas import signature
from sansmcp_cli.screen import Screen, visible
from sansmcp_threads import Client

KINDS: Final = ("tools", "prompts", "resources", "templates")
"""What can be listed."""

_INSTRUCTIONS: Final = 5
"""How many lines of how the server wants to be used are shown."""

Item: TypeAlias = Tool | Prompt | Resource | ResourceTemplate


def run_list(
    chosen: argparse.Namespace, address: Address, words: Sequence[str] | None, screen: Screen
) -> int:
    """Show what a server has.

    Args:
        chosen: the options.
        address: where the server is.
        words: what stood behind `--`: the kinds to show; by default all.
        screen: where everything but the result is shown.

    Returns:
        The exit code.

    Raises:
        Fault: something on the command line cannot be meant.
        SansmcpError: the server does not tell.
    """
    for kind in words or ():
        if kind not in KINDS:
            raise Fault(f"expected some of {', '.join(KINDS)} behind --, found {kind!r}{near(kind, KINDS)}")
    with open_client(chosen, address, screen) as client:
        there = {kind: _items(client, kind) for kind in KINDS if not words or kind in words}
        if chosen.json:
            say_document(sys.stdout, _document(client, there))
        else:
            say(sys.stdout, *map(visible, _lines(client, there, explicit=bool(words))))
    return 0


def _items(client: Client, kind: str) -> list[Item]:
    capabilities = client.server_capabilities
    walks: dict[str, tuple[object, Callable[[], Iterator[Item]]]] = {
        "tools": (capabilities.tools, client.tools),
        "prompts": (capabilities.prompts, client.prompts),
        "resources": (capabilities.resources, client.resources),
        "templates": (capabilities.resources, client.resource_templates),
    }
    declared, walk = walks[kind]
    if declared is None:
        return []
    try:
        return list(walk())
    except RequestFailed as error:
        # Who has resources need not know of templates.
        if error.code != METHOD_NOT_FOUND:
            raise
        return []


def _document(client: Client, there: dict[str, list[Item]]) -> JSON:
    codec = codec_for(client.revision)
    info = client.server_info
    return {
        "revision": client.revision,
        "server": None if info is None else codec.unstructure(info),
        "instructions": client.instructions,
        **{kind: [codec.unstructure(item) for item in items] for kind, items in there.items()},
    }


def _lines(client: Client, there: dict[str, list[Item]], *, explicit: bool) -> Iterator[str]:
    info = client.server_info
    name = "the server" if info is None else f"{info.name} {info.version}"
    yield f"{name} speaks {client.revision}"
    # They are for a model and may be long.
    instructions = (client.instructions or "").strip().splitlines()
    yield from (f"  {line}" for line in instructions[:_INSTRUCTIONS])
    if len(instructions) > _INSTRUCTIONS:
        yield f"  ... ({len(instructions)} lines; --json shows all)"
    for kind, items in there.items():
        if items or explicit:
            yield from ("", kind if items else f"no {kind}")
        for item in items:
            # One line each, whatever stands in a name.
            yield f"  {' '.join(_head(item).splitlines())}"
            if summary := _summary(item):
                yield f"      {summary}"
    if not any(there.values()) and not explicit:
        yield "  it has nothing to list"


def _head(item: Item) -> str:
    match item:
        case Tool():
            return signature(item)
        case Prompt():
            arguments = [
                argument.name if argument.required else f"[{argument.name}]"
                for argument in item.arguments or ()
            ]
            return f"{item.name}({', '.join(arguments)})"
        case Resource():
            return f"{item.uri}  {_kind(item)}"
        case ResourceTemplate():
            return f"{item.uri_template}  {_kind(item)}"


def _kind(item: Resource | ResourceTemplate) -> str:
    return f"{item.name}, {item.mime_type}" if item.mime_type else item.name


def _summary(item: Item) -> str:
    """Return the first line of what the server says about it."""
    for line in (item.description or item.title or "").splitlines():
        if line.strip():
            return line.strip()
    return ""
