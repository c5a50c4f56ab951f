"""A client of the official Python SDK over stdio, for our server to talk to.

Run under the interpreter of the peer's environment:

    python mcp_client.py [--only STEP,STEP] MODE COMMAND [ARGUMENT ...]

COMMAND is the server to start. MODE is `legacy` (handshake that offers the newest legacy revision),
a legacy revision (handshake that offers it), `modern` (no probe) or `auto` (probe, then perhaps handshake).
Each step prints one line of JSON with its name and what it saw; a step that fails prints `failed` instead.
The exit code is 0 only when every step went well. The server needs the tools of `mcp_server.py`.
"""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import mcp.client.session
import mcp.client.stdio
from mcp import Client, StdioServerParameters
from mcp.client.session import ClientRequestContext, IncomingMessage
from mcp.client.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp_types import (
    CallToolResult,
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
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION, MODERN_PROTOCOL_VERSIONS

# Logging, sampling and roots are deprecated in the newest revision and still part of every revision.
warnings.simplefilter("ignore", MCPDeprecationWarning)

NOTE = "note://greeting"

# Generous: it ends a step that hangs, and nothing waits for it when all is well.
PATIENCE = 20.0

Seen = dict[str, Any]


class Notebook:
    """What reached the client's callbacks, and a way to wait for it."""

    def __init__(self) -> None:
        self.questions: list[Seen] = []
        self.logs: list[Seen] = []
        self.notices: list[str] = []
        self.faults: list[str] = []
        self.killed = False
        self._changed = anyio.Event()

    async def elicited(
        self, _context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult | ErrorData:
        """Answer a form with a fixed name."""
        self.questions.append(params.model_dump(by_alias=True, mode="json", exclude_none=True))
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
        self.logs.append({"level": params.level, "data": params.data, "logger": params.logger})
        self._wake()

    async def noticed(self, message: IncomingMessage) -> None:
        """Keep the name of a notification, or what the transport could not read."""
        if isinstance(message, Exception):
            self.faults.append(str(message))
        else:
            self.notices.append(message.method)
        self._wake()

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until something that reached the callbacks makes the condition true."""
        with anyio.fail_after(PATIENCE):
            while not met():
                await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A connected client and what its callbacks saw."""

    client: Client
    notebook: Notebook


def text_of(result: CallToolResult) -> Seen:
    """Reduce a tool's result to what tests compare."""
    texts = [block.text for block in result.content if isinstance(block, TextContent)]
    return {"texts": texts, "structured": result.structured_content, "is_error": result.is_error}


def modern(client: Client) -> bool:
    """Whether the connection is of the modern era."""
    return client.protocol_version in MODERN_PROTOCOL_VERSIONS


async def tools(talk: Talk) -> Seen:
    return {"names": [tool.name for tool in (await talk.client.list_tools()).tools]}


async def resources(talk: Talk) -> Seen:
    found = await talk.client.list_resources()
    templates = await talk.client.list_resource_templates()
    return {
        "uris": [resource.uri for resource in found.resources],
        "templates": [template.uri_template for template in templates.resource_templates],
    }


async def reads(talk: Talk) -> Seen:
    result = await talk.client.read_resource(NOTE)
    return {
        "contents": [
            item.model_dump(by_alias=True, mode="json", exclude_none=True) for item in result.contents
        ]
    }


async def reads_nothing(talk: Talk) -> Seen:
    return await error_of(lambda: talk.client.read_resource("note://nothing"))


async def prompts(talk: Talk) -> Seen:
    return {"names": [prompt.name for prompt in (await talk.client.list_prompts()).prompts]}


async def prompt(talk: Talk) -> Seen:
    result = await talk.client.get_prompt("greet", {"name": "Ada"})
    return {"texts": [message.content.text for message in result.messages if message.content.type == "text"]}


async def completes(talk: Talk) -> Seen:
    reference = PromptReference(type="ref/prompt", name="greet")
    result = await talk.client.complete(reference, {"name": "tone", "value": "k"})
    return {"values": result.completion.values}


async def pings(talk: Talk) -> Seen:
    if modern(talk.client):
        return await error_of(talk.client.send_ping)
    await talk.client.send_ping()
    return {}


async def add(talk: Talk) -> Seen:
    return text_of(await talk.client.call_tool("add", {"a": 1, "b": 2}))


async def weather(talk: Talk) -> Seen:
    return text_of(await talk.client.call_tool("weather", {"city": "Rome"}))


async def fails(talk: Talk) -> Seen:
    return text_of(await talk.client.call_tool("fails", {"reason": "because"}))


async def unknown(talk: Talk) -> Seen:
    """Call a tool that does not exist: some servers answer with an error, some with a failed result."""
    return await outcome_of(talk, "no-such-tool")


async def slow(talk: Talk) -> Seen:
    progress: list[Seen] = []

    async def report(value: float, total: float | None, message: str | None) -> None:
        progress.append({"progress": value, "total": total, "message": message})

    result = await talk.client.call_tool("slow", {"steps": 3}, progress_callback=report)
    return {**text_of(result), "progress": progress}


async def asks(talk: Talk) -> Seen:
    """Answer a form; before 2025-06-18 there is none, and the call ends with an error."""
    before = len(talk.notebook.questions)
    seen = await outcome_of(talk, "asks")
    return {**seen, "questions": talk.notebook.questions[before:]}


async def asks_twice(talk: Talk) -> Seen:
    return await outcome_of(talk, "asks_twice")


async def samples(talk: Talk) -> Seen:
    return text_of(await talk.client.call_tool("samples", {}))


async def lists_roots(talk: Talk) -> Seen:
    return text_of(await talk.client.call_tool("lists_roots", {}))


async def logs(talk: Talk) -> Seen:
    if not modern(talk.client):
        await talk.client.set_logging_level("warning")
    before = len(talk.notebook.logs)
    result = await talk.client.call_tool("logs", {"text": "x"}, meta=level_of(talk.client))
    await talk.notebook.until(
        lambda: any(record["level"] == "warning" for record in talk.notebook.logs[before:])
    )
    return {**text_of(result), "logs": talk.notebook.logs[before:]}


async def cancels(talk: Talk) -> Seen:
    """Cancel a call once its first progress came, and ask the server whether it noticed."""
    with anyio.CancelScope() as scope:

        async def report(_value: float, _total: float | None, _message: str | None) -> None:
            scope.cancel()

        await talk.client.call_tool("waits", {}, progress_callback=report)
    counted = await talk.client.call_tool("cancelled_calls", {})
    return {"cancelled": scope.cancelled_caught, **text_of(counted)}


async def times_out(talk: Talk) -> Seen:
    return await error_of(lambda: talk.client.call_tool("waits", {}, read_timeout_seconds=0.2))


async def listens(talk: Talk) -> Seen:
    """Subscribe in the way of the era and see the changes that a tool announces."""
    if not modern(talk.client):
        await talk.client.subscribe_resource(NOTE)
        before = len(talk.notebook.notices)
        await talk.client.call_tool("changes", {})
        await talk.notebook.until(lambda: "notifications/resources/updated" in talk.notebook.notices[before:])
        await talk.client.unsubscribe_resource(NOTE)
        return {"events": sorted(talk.notebook.notices[before:])}
    async with talk.client.listen(tools_list_changed=True, resource_subscriptions=[NOTE]) as subscription:
        await talk.client.call_tool("changes", {})
        events: list[str] = []
        with anyio.fail_after(PATIENCE):
            async for event in subscription:
                events.append(type(event).__name__)
                if isinstance(event, ResourceUpdated):
                    break
    return {"events": events, "honored": subscription.honored.model_dump(by_alias=True, exclude_none=True)}


Step = Callable[[Talk], Awaitable[Seen]]

STEPS: tuple[Step, ...] = (
    tools,
    resources,
    reads,
    reads_nothing,
    prompts,
    prompt,
    completes,
    pings,
    add,
    weather,
    fails,
    unknown,
    slow,
    asks,
    asks_twice,
    samples,
    lists_roots,
    logs,
    cancels,
    times_out,
    listens,
)


def level_of(client: Client) -> Any:
    """The log level of one modern request."""
    return {"io.modelcontextprotocol/logLevel": "warning"} if modern(client) else None


async def error_of(call: Callable[[], Awaitable[Any]]) -> Seen:
    """Return the error a call must end with."""
    try:
        await call()
    except MCPError as error:
        return {"code": error.code, "message": error.message}
    raise AssertionError("expected an error, found a result")


async def outcome_of(talk: Talk, tool: str) -> Seen:
    """Return the result or the error of a call that may end with either."""
    try:
        return text_of(await talk.client.call_tool(tool, {}))
    except MCPError as error:
        return {"code": error.code, "message": error.message}


def say(step: str, **seen: Any) -> None:
    """Print one line."""
    sys.stdout.write(json.dumps({"step": step, **seen}) + "\n")
    sys.stdout.flush()


def failure(error: BaseException) -> str:
    """Name the errors inside a group, which is all that says what happened."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(failure(inner) for inner in error.exceptions)
    return f"{type(error).__name__}: {error}"


def watch_killing(notebook: Notebook) -> None:
    """Note whether the SDK had to kill the server: it waits two seconds after closing its input."""
    kill = mcp.client.stdio._terminate_process_tree

    async def noted(process: Any) -> None:
        notebook.killed = True
        await kill(process)

    mcp.client.stdio._terminate_process_tree = noted


def offer(revision: str) -> None:
    """Make the handshake offer that revision: the SDK always offers its newest one."""
    mcp.client.session.LATEST_HANDSHAKE_VERSION = revision


async def run(mode: str, command: list[str], only: list[str]) -> bool:
    """Run the scenario, and return whether all went well."""
    notebook = Notebook()
    watch_killing(notebook)
    if mode in HANDSHAKE_PROTOCOL_VERSIONS:
        offer(mode)
        mode = "legacy"
    client = Client(
        StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ)),
        mode=LATEST_MODERN_VERSION if mode == "modern" else mode,
        client_info=Implementation(name="peer-client", version="3.2.1"),
        elicitation_callback=notebook.elicited,
        sampling_callback=notebook.sampled,
        list_roots_callback=notebook.rooted,
        logging_callback=notebook.logged,
        message_handler=notebook.noticed,
    )
    well = True
    try:
        async with client:
            info = client.server_info
            say(
                "connect",
                revision=client.protocol_version,
                server=info.model_dump(by_alias=True, exclude_none=True) if info else None,
                capabilities=client.server_capabilities.model_dump(by_alias=True, exclude_none=True),
                instructions=client.instructions,
            )
            for step in STEPS:
                if not only or step.__name__ in only:
                    well &= await take(step, Talk(client=client, notebook=notebook))
    except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
        say("connect", failed=failure(error))
        return False
    say("close", killed=notebook.killed, faults=notebook.faults)
    return well and not notebook.killed and not notebook.faults


async def take(step: Step, talk: Talk) -> bool:
    """Take one step, and return whether it went well."""
    try:
        with anyio.fail_after(PATIENCE):
            seen = await step(talk)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
        say(step.__name__, failed=failure(error))
        return False
    say(step.__name__, **seen)
    return True


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("mode", choices=[*HANDSHAKE_PROTOCOL_VERSIONS, "legacy", "modern", "auto"])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    only = [name for name in arguments.only.split(",") if name]
    return 0 if anyio.run(run, arguments.mode, arguments.command, only) else 1


if __name__ == "__main__":
    sys.exit(main())
