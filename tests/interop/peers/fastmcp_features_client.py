"""A client of fastmcp that looks at what our server offers; run like `mcp_client.py`."""

import sys
import warnings
from typing import Any

import mcp.client.session
from fastmcp import Client
from fastmcp_client import Callbacks, way_to
from featuring import FEATURES, Surface, changes, filled, plain
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_types import ElicitRequestURLParams, ElicitResult, Root, SamplingCapability
from taking import LEGACY, MODERN, Notebook, main, say, take

# Logging, sampling and roots are deprecated in the newest revision and still part of every revision.
warnings.simplefilter("ignore", MCPDeprecationWarning)


class Answering(Callbacks):
    """The callbacks, with answers to all that our server asks."""

    async def elicited(self, _message: str, _type: Any, params: Any, _context: Any) -> Any:
        """Fill in a form, or visit a page."""
        self._notebook.questions.append(plain(params))
        if isinstance(params, ElicitRequestURLParams):
            return ElicitResult(action="accept")
        return filled(params.requested_schema)


def surface_of(notebook: Notebook, client: Client[Any]) -> Surface:
    """Return the client in the words of the steps."""
    return Surface(
        notebook,
        client.session.protocol_version,
        client=client,
        lists={
            "tools": client.list_tools_mcp,
            "resources": client.list_resources_mcp,
            "resourceTemplates": client.list_resource_templates_mcp,
            "prompts": client.list_prompts_mcp,
        },
        read=client.read_resource_mcp,
        prompt=client.get_prompt_mcp,
        call=lambda name, arguments, meta: client.call_tool_mcp(name, arguments, meta=meta),
        complete=client.complete_mcp,
    )


async def converse(mode: str, command: list[str], only: list[str], notebook: Notebook) -> bool:
    """Connect and take the steps."""
    if mode in LEGACY:
        # It has no way to offer another than its newest one.
        mcp.client.session.LATEST_HANDSHAKE_VERSION = mode
        mode = "legacy"
    callbacks = Answering(notebook)
    client = Client(
        way_to(command),
        mode=MODERN if mode == "modern" else mode,
        elicitation_handler=callbacks.elicited,
        sampling_handler=callbacks.sampled,
        sampling_capabilities=SamplingCapability(),
        roots=[Root(uri="file:///project", name="project")],
        log_handler=callbacks.logged,
        message_handler=callbacks.noticed,
    )
    async with client:
        info = client.session.server_info
        say(
            "connect",
            revision=client.session.protocol_version,
            server=plain(info) if info else None,
            capabilities=plain(client.session.server_capabilities),
        )
        surface = surface_of(notebook, client)
        # It hears of changes, but has no way to listen for them.
        return await take(FEATURES if surface.modern else [*FEATURES, changes], surface, only)


if __name__ == "__main__":
    sys.exit(main(converse))
