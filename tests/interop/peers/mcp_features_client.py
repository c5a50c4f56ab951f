"""A client of the official Python SDK that looks at everything our server offers, run like `mcp_client`."""

import sys
import warnings
from typing import Any

import mcp.client.session
from featuring import FEATURES, TOLD, Surface, filled, plain
from mcp import Client
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_client import Callbacks, way_to
from mcp_types import (
    CreateMessageResultWithTools,
    ElicitRequestURLParams,
    ElicitResult,
    SamplingCapability,
    SamplingToolsCapability,
    TextContent,
    ToolUseContent,
)
from taking import LEGACY, MODERN, Notebook, main, say, take

# Logging, sampling and roots are deprecated in the newest revision and still part of every revision.
warnings.simplefilter("ignore", MCPDeprecationWarning)


class Answering(Callbacks):
    """The callbacks, with answers to all that our server asks."""

    async def elicited(self, _context: Any, params: Any) -> ElicitResult:
        """Fill in a form, or visit a page."""
        self._notebook.questions.append(plain(params))
        if isinstance(params, ElicitRequestURLParams):
            return ElicitResult(action="accept")
        return ElicitResult(action="accept", content=filled(params.requested_schema))

    async def sampled(self, _context: Any, params: Any) -> CreateMessageResultWithTools:
        """Call the tool once, then say what came of it."""
        self._notebook.questions.append(plain(params))
        last = params.messages[-1].content
        blocks = last if isinstance(last, list) else [last]
        heard = [block for block in blocks if block.type == "tool_result"]
        if heard:
            said: Any = TextContent(type="text", text=f"it is {heard[0].content[0].text}")
            reason = "endTurn"
        else:
            said = ToolUseContent(type="tool_use", id="use-1", name="lookup", input={"city": "Rome"})
            reason = "toolUse"
        return CreateMessageResultWithTools(role="assistant", content=said, model="fixed", stop_reason=reason)


def surface_of(notebook: Notebook, client: Client) -> Surface:
    """Return the client in the words of the steps."""
    return Surface(
        notebook,
        client.protocol_version,
        client=client,
        lists={
            "tools": client.list_tools,
            "resources": client.list_resources,
            "resourceTemplates": client.list_resource_templates,
            "prompts": client.list_prompts,
        },
        read=client.read_resource,
        prompt=client.get_prompt,
        call=lambda name, arguments, meta: client.call_tool(name, arguments, meta=meta),
        complete=lambda ref, argument, context: client.complete(ref, argument, context_arguments=context),
    )


async def roots_change(surface: Surface) -> dict[str, Any]:
    """Say that the roots are others now; only legacy servers hear of it."""
    if not surface.modern:
        await surface.client.send_roots_list_changed()
    # What was sent before is read before.
    return plain(await surface.call("roots_changes", {}, None))


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
        elicitation_callback=callbacks.elicited,
        sampling_callback=callbacks.sampled,
        sampling_capabilities=SamplingCapability(tools=SamplingToolsCapability()),
        list_roots_callback=callbacks.rooted,
        logging_callback=callbacks.logged,
        message_handler=callbacks.noticed,
    )
    async with client:
        say(
            "connect",
            revision=client.protocol_version,
            server=plain(client.server_info) if client.server_info else None,
            capabilities=plain(client.server_capabilities),
        )
        return await take([*FEATURES, *TOLD, roots_change], surface_of(notebook, client), only)


if __name__ == "__main__":
    sys.exit(main(converse))
