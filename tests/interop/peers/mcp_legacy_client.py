"""A client of the official Python SDK's first line, which knows the legacy era alone.

It is run like `mcp_client.py`; MODE is a legacy revision.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import anyio
from mcp import ClientSession, StdioServerParameters, stdio_client, types
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import McpError
from pydantic import AnyUrl
from taking import STEPS, Notebook, OnProgress, Seen, Talk, main, say, take


class Callbacks:
    """What the SDK calls, noted down."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    async def elicited(self, _context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        """Answer a form with a fixed name."""
        self._notebook.questions.append(params.model_dump(by_alias=True, mode="json", exclude_none=True))
        return types.ElicitResult(action="accept", content={"name": "Ada"})

    async def sampled(
        self, _context: Any, _params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult:
        """Answer as a model that says one word."""
        content = types.TextContent(type="text", text="hello")
        return types.CreateMessageResult(
            role="assistant", content=content, model="fixed", stopReason="endTurn"
        )

    async def rooted(self, _context: Any) -> types.ListRootsResult:
        """Offer one root."""
        return types.ListRootsResult(roots=[types.Root(uri="file:///project", name="project")])  # type: ignore[arg-type]

    async def logged(self, params: types.LoggingMessageNotificationParams) -> None:
        """Keep a log record."""
        self._notebook.logs.append({"level": params.level, "data": params.data, "logger": params.logger})
        self._notebook.wake()

    async def noticed(self, message: Any) -> None:
        """Keep the name of a notification, or what the transport could not read."""
        if isinstance(message, Exception):
            self._notebook.faults.append(str(message))
        elif isinstance(message, types.ServerNotification):
            self._notebook.notices.append(message.root.method)
        self._notebook.wake()


class SdkTalk(Talk):
    """A connected session of the SDK."""

    error = McpError

    def __init__(self, notebook: Notebook, revision: str, session: ClientSession) -> None:
        super().__init__(notebook, revision)
        self.session = session

    @staticmethod
    def error_of(error: Exception) -> Seen:
        assert isinstance(error, McpError)
        return {"code": error.error.code, "message": error.error.message}

    async def tools(self) -> list[str]:
        return [tool.name for tool in (await self.session.list_tools()).tools]

    async def resources(self) -> tuple[list[str], list[str]]:
        found = await self.session.list_resources()
        templates = await self.session.list_resource_templates()
        return (
            [str(resource.uri) for resource in found.resources],
            [template.uriTemplate for template in templates.resourceTemplates],
        )

    async def prompts(self) -> list[str]:
        return [prompt.name for prompt in (await self.session.list_prompts()).prompts]

    async def read(self, uri: str) -> list[Seen]:
        contents = (await self.session.read_resource(AnyUrl(uri))).contents
        return [item.model_dump(by_alias=True, mode="json", exclude_none=True) for item in contents]

    async def prompt(self, name: str, arguments: Mapping[str, str]) -> list[str]:
        result = await self.session.get_prompt(name, dict(arguments))
        return [message.content.text for message in result.messages if message.content.type == "text"]

    async def ping(self) -> None:
        await self.session.send_ping()

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_progress: OnProgress | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's own
        meta: Seen | None = None,
    ) -> Seen:
        result = await self.session.call_tool(
            name,
            dict(arguments or {}),
            progress_callback=on_progress,
            read_timeout_seconds=None if timeout is None else timedelta(seconds=timeout),
            meta=meta,
        )
        texts = [block.text for block in result.content if isinstance(block, types.TextContent)]
        return {"texts": texts, "structured": result.structuredContent, "is_error": result.isError}

    async def set_level(self, level: str) -> None:
        await self.session.set_logging_level(level)  # type: ignore[arg-type]  # one of the levels

    async def give_up(self, name: str) -> bool:
        """Cancel by hand: this SDK says nothing to the server when a call of it is cancelled."""
        begun = anyio.Event()

        async def report(_value: float, _total: float | None, _message: str | None) -> None:
            begun.set()

        async with anyio.create_task_group() as group:
            group.start_soon(lambda: self.call(name, on_progress=report))
            await begun.wait()
            params = types.CancelledNotificationParams(requestId=self.session._request_id - 1)
            notification = types.CancelledNotification(params=params)
            await self.session.send_notification(types.ClientNotification(notification))
            group.cancel_scope.cancel()
        return group.cancel_scope.cancelled_caught


def way_to(command: list[str]) -> AbstractAsyncContextManager[Any]:
    """Return what leads to a server: a command that starts one, or the URL of one."""
    if len(command) > 1 or not command[0].startswith("http"):
        return stdio_client(StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ)))
    return sse_client(command[0]) if command[0].endswith("/sse") else streamable_http_client(command[0])


async def converse(mode: str, command: list[str], only: list[str], notebook: Notebook) -> bool:
    """Connect and take the steps."""
    # It has no way to offer another than its newest one.
    types.LATEST_PROTOCOL_VERSION = mode
    callbacks = Callbacks(notebook)
    async with (
        way_to(command) as (reading, writing, *_),
        ClientSession(
            reading,
            writing,
            sampling_callback=callbacks.sampled,
            elicitation_callback=callbacks.elicited,
            list_roots_callback=callbacks.rooted,
            logging_callback=callbacks.logged,
            message_handler=callbacks.noticed,
            client_info=types.Implementation(name="peer-client", version="3.2.1"),
        ) as session,
    ):
        answer = await session.initialize()
        revision = str(answer.protocolVersion)
        say(
            "connect",
            revision=revision,
            server=answer.serverInfo.model_dump(by_alias=True, exclude_none=True),
            capabilities=answer.capabilities.model_dump(by_alias=True, exclude_none=True),
            instructions=answer.instructions,
        )
        return await take(STEPS, SdkTalk(notebook, revision, session), only)


if __name__ == "__main__":
    sys.exit(main(converse))
