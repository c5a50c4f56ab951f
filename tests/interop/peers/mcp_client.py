"""A client of the official Python SDK, for our server to talk to.

Run under the interpreter of the peer's environment:

    python mcp_client.py [--only STEP,STEP] MODE COMMAND [ARGUMENT ...]

COMMAND is the server to start, or the URL of one. MODE is a legacy revision (handshake that offers it),
`modern` (no probe) or `auto` (probe, then perhaps handshake). Each step prints one line of JSON with its name
and what it saw; one that fails prints `failed` instead. The exit code is 0 only when every step went well.
The server needs the tools of `mcp_server.py`.
"""

import os
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import anyio
import mcp.client.session
from mcp import Client, StdioServerParameters
from mcp.client._transport import Transport
from mcp.client.session import ClientRequestContext, IncomingMessage
from mcp.client.sse import sse_client
from mcp.client.subscriptions import ResourceUpdated, SubscriptionLost
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp_types import (
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    Implementation,
    ListRootsResult,
    LoggingMessageNotificationParams,
    PromptReference,
    Root,
    TextContent,
)
from taking import LEGACY, MODERN, NOTE, PATIENCE, STEPS, Notebook, OnProgress, Seen, Talk, main, say, take

# Logging, sampling and roots are deprecated in the newest revision and still part of every revision.
warnings.simplefilter("ignore", MCPDeprecationWarning)


class Callbacks:
    """What the SDK calls, noted down."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    async def elicited(
        self, _context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult | ErrorData:
        """Answer a form with a fixed name."""
        self._notebook.questions.append(params.model_dump(by_alias=True, mode="json", exclude_none=True))
        return ElicitResult(action="accept", content={"name": "Ada"})

    async def sampled(
        self, _context: ClientRequestContext, _params: CreateMessageRequestParams
    ) -> CreateMessageResult | ErrorData:
        """Answer as a model that says one word."""
        content = TextContent(type="text", text="hello")
        return CreateMessageResult(role="assistant", content=content, model="fixed", stop_reason="endTurn")

    async def rooted(self, _context: ClientRequestContext) -> ListRootsResult | ErrorData:
        """Offer one root."""
        return ListRootsResult(roots=[Root(uri="file:///project", name="project")])

    async def logged(self, params: LoggingMessageNotificationParams) -> None:
        """Keep a log record."""
        self._notebook.logs.append({"level": params.level, "data": params.data, "logger": params.logger})
        self._notebook.wake()

    async def noticed(self, message: IncomingMessage) -> None:
        """Keep the name of a notification, or what the transport could not read."""
        if isinstance(message, Exception):
            self._notebook.faults.append(str(message))
        else:
            self._notebook.notices.append(message.method)
        self._notebook.wake()


class SdkTalk(Talk):
    """A connected client of the SDK."""

    error = MCPError

    def __init__(self, notebook: Notebook, client: Client) -> None:
        super().__init__(notebook, client.protocol_version)
        self.client = client

    @staticmethod
    def error_of(error: Exception) -> Seen:
        assert isinstance(error, MCPError)
        return {"code": error.code, "message": error.message}

    async def tools(self) -> list[str]:
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def resources(self) -> tuple[list[str], list[str]]:
        found = await self.client.list_resources()
        templates = await self.client.list_resource_templates()
        return (
            [resource.uri for resource in found.resources],
            [template.uri_template for template in templates.resource_templates],
        )

    async def prompts(self) -> list[str]:
        return [prompt.name for prompt in (await self.client.list_prompts()).prompts]

    async def read(self, uri: str) -> list[Seen]:
        contents = (await self.client.read_resource(uri)).contents
        return [item.model_dump(by_alias=True, mode="json", exclude_none=True) for item in contents]

    async def prompt(self, name: str, arguments: Mapping[str, str]) -> list[str]:
        result = await self.client.get_prompt(name, dict(arguments))
        return [message.content.text for message in result.messages if message.content.type == "text"]

    async def ping(self) -> None:
        await self.client.send_ping()

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_progress: OnProgress | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's own
        meta: Seen | None = None,
    ) -> Seen:
        result = await self.client.call_tool(
            name,
            dict(arguments or {}),
            progress_callback=on_progress,
            read_timeout_seconds=timeout,
            meta=meta,  # type: ignore[arg-type]  # a TypedDict of the SDK
        )
        texts = [block.text for block in result.content if isinstance(block, TextContent)]
        return {"texts": texts, "structured": result.structured_content, "is_error": result.is_error}

    async def set_level(self, level: str) -> None:
        await self.client.set_logging_level(level)  # type: ignore[arg-type]  # one of the levels


async def completes(talk: SdkTalk) -> Seen:
    reference = PromptReference(type="ref/prompt", name="greet")
    result = await talk.client.complete(reference, {"name": "tone", "value": "k"})
    return {"values": result.completion.values}


async def comes_back(talk: SdkTalk) -> Seen:
    """Call a tool whose server ends the response for a while."""
    progress: list[float] = []

    async def report(value: float, _total: float | None, _message: str | None) -> None:
        progress.append(value)

    return {**await talk.call("comes_back", on_progress=report), "progress": progress}


async def sees_the_end(talk: SdkTalk) -> Seen:
    """Listen until the server ends the subscription, and tell how it did."""
    try:
        async with talk.client.listen(tools_list_changed=True) as subscription:
            say("listening")
            async for _event in subscription:
                pass
    except SubscriptionLost as error:
        return {"end": str(error)}
    return {"end": "graceful"}


async def listens(talk: SdkTalk) -> Seen:
    """Subscribe in the way of the era and see the changes that a tool announces."""
    notebook = talk.notebook
    if not talk.modern:
        await talk.client.subscribe_resource(NOTE)
        before = len(notebook.notices)
        await talk.client.call_tool("changes", {})
        await notebook.until(lambda: "notifications/resources/updated" in notebook.notices[before:])
        await talk.client.unsubscribe_resource(NOTE)
        return {"events": sorted(notebook.notices[before:])}
    async with talk.client.listen(tools_list_changed=True, resource_subscriptions=[NOTE]) as subscription:
        await talk.client.call_tool("changes", {})
        events: list[str] = []
        with anyio.fail_after(PATIENCE):
            async for event in subscription:
                events.append(type(event).__name__)
                if isinstance(event, ResourceUpdated):
                    break
    return {"events": events, "honored": subscription.honored.model_dump(by_alias=True, exclude_none=True)}


def way_to(command: list[str]) -> StdioServerParameters | Transport | str:
    """Return what leads to a server: a command that starts one, or the URL of one."""
    if len(command) > 1 or not command[0].startswith("http"):
        return StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
    return sse_client(command[0]) if command[0].endswith("/sse") else command[0]


async def converse(mode: str, command: list[str], only: list[str], notebook: Notebook) -> bool:
    """Connect and take the steps."""
    if mode in LEGACY:
        # It has no way to offer another than its newest one.
        mcp.client.session.LATEST_HANDSHAKE_VERSION = mode
        mode = "legacy"
    callbacks = Callbacks(notebook)
    client = Client(
        way_to(command),
        mode=MODERN if mode == "modern" else mode,
        client_info=Implementation(name="peer-client", version="3.2.1"),
        elicitation_callback=callbacks.elicited,
        sampling_callback=callbacks.sampled,
        list_roots_callback=callbacks.rooted,
        logging_callback=callbacks.logged,
        message_handler=callbacks.noticed,
    )
    async with client:
        info = client.server_info
        say(
            "connect",
            revision=client.protocol_version,
            server=info.model_dump(by_alias=True, exclude_none=True) if info else None,
            capabilities=client.server_capabilities.model_dump(by_alias=True, exclude_none=True),
            instructions=client.instructions,
        )
        wanted = [step for step in (comes_back, sees_the_end) if step.__name__ in only]
        return await take([*STEPS, completes, listens, *wanted], SdkTalk(notebook, client), only)


if __name__ == "__main__":
    sys.exit(main(converse))
