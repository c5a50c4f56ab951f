"""A client of fastmcp, run like `mcp_client.py` and with its modes."""

import os
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import mcp.client.session
from fastmcp import Client
from fastmcp.client.transports import ClientTransport, SSETransport, StdioTransport, StreamableHttpTransport
from fastmcp.exceptions import ToolError
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp_types import CreateMessageResult, ElicitRequestParams, Implementation, Root, TextContent
from taking import LEGACY, MODERN, STEPS, Notebook, OnProgress, Seen, Talk, main, say, take

# Logging, sampling and roots are deprecated in the newest revision and still part of every revision.
warnings.simplefilter("ignore", MCPDeprecationWarning)


class Callbacks:
    """What fastmcp calls, noted down."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    async def elicited(
        self, _message: str, _type: Any, params: ElicitRequestParams, _context: Any
    ) -> dict[str, Any]:
        """Answer a form with a fixed name."""
        self._notebook.questions.append(params.model_dump(by_alias=True, mode="json", exclude_none=True))
        return {"name": "Ada"}

    async def sampled(self, _messages: Any, _params: Any, _context: Any) -> CreateMessageResult:
        """Answer as a model that says one word."""
        content = TextContent(type="text", text="hello")
        return CreateMessageResult(role="assistant", content=content, model="fixed", stop_reason="endTurn")

    async def logged(self, params: Any) -> None:
        """Keep a log record."""
        self._notebook.logs.append({"level": params.level, "data": params.data, "logger": params.logger})
        self._notebook.wake()

    async def noticed(self, message: Any) -> None:
        """Keep the name of a notification, or what the transport could not read."""
        if isinstance(message, Exception):
            self._notebook.faults.append(str(message))
        else:
            self._notebook.notices.append(message.method)
        self._notebook.wake()


class FastmcpTalk(Talk):
    """A connected client of fastmcp."""

    error = MCPError

    def __init__(self, notebook: Notebook, revision: str, client: Client[Any]) -> None:
        super().__init__(notebook, revision)
        self.client = client

    @staticmethod
    def error_of(error: Exception) -> Seen:
        assert isinstance(error, MCPError)
        return {"code": error.code, "message": error.message}

    async def tools(self) -> list[str]:
        return [tool.name for tool in await self.client.list_tools()]

    async def resources(self) -> tuple[list[str], list[str]]:
        found = await self.client.list_resources()
        templates = await self.client.list_resource_templates()
        return [str(item.uri) for item in found], [item.uri_template for item in templates]

    async def prompts(self) -> list[str]:
        return [prompt.name for prompt in await self.client.list_prompts()]

    async def read(self, uri: str) -> list[Seen]:
        contents = await self.client.read_resource(uri)
        return [item.model_dump(by_alias=True, mode="json", exclude_none=True) for item in contents]

    async def prompt(self, name: str, arguments: Mapping[str, str]) -> list[str]:
        result = await self.client.get_prompt(name, dict(arguments))
        return [message.content.text for message in result.messages if message.content.type == "text"]

    async def ping(self) -> None:
        await self.client.ping()

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_progress: OnProgress | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - fastmcp's own
        meta: Seen | None = None,
    ) -> Seen:
        result = await self.client.call_tool(
            name,
            dict(arguments or {}),
            progress_handler=on_progress,
            timeout=timeout,
            meta=meta,
            raise_on_error=False,
        )
        texts = [block.text for block in result.content if isinstance(block, TextContent)]
        return {"texts": texts, "structured": result.structured_content, "is_error": result.is_error}

    async def set_level(self, level: str) -> None:
        await self.client.set_logging_level(level)  # type: ignore[arg-type]  # one of the levels


async def raises(talk: FastmcpTalk) -> Seen:
    """Call a tool that fails, in the way that raises for it."""
    try:
        await talk.client.call_tool("fails", {"reason": "because"})
    except ToolError as error:
        return {"raised": str(error)}
    raise AssertionError("expected ToolError, found a result")


def way_to(command: list[str]) -> ClientTransport:
    """Return what leads to a server: a command that starts one, or the URL of one."""
    if len(command) > 1 or not command[0].startswith("http"):
        return StdioTransport(command[0], command[1:], env=dict(os.environ), keep_alive=False)
    return SSETransport(command[0]) if command[0].endswith("/sse") else StreamableHttpTransport(command[0])


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
        elicitation_handler=callbacks.elicited,
        sampling_handler=callbacks.sampled,
        roots=[Root(uri="file:///project", name="project")],
        log_handler=callbacks.logged,
        message_handler=callbacks.noticed,
    )
    async with client:
        revision = client.session.protocol_version
        info = client.session.server_info
        say(
            "connect",
            revision=revision,
            server=info.model_dump(by_alias=True, exclude_none=True) if info else None,
        )
        return await take([*STEPS, raises], FastmcpTalk(notebook, revision, client), only)


if __name__ == "__main__":
    sys.exit(main(converse))
