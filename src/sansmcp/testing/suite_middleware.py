"""The middleware of the published suite: one function for each role and direction."""

from typing import Final

import attrs

from sansmcp import schema
from sansmcp.client import ClientSettings, accept
from sansmcp.errors import ToolError
from sansmcp.server import Server
from sansmcp.session import Delay, Incoming, IncomingRequest, Outgoing, OutgoingRequest, OutgoingResult
from sansmcp.session.middleware import Proceed, Steps
from sansmcp.testing.suite_server import NOTE


def wrap_suite_server(server: Server) -> None:
    """Put middleware around what the server of the suite receives and sends, before it is served.

    It adds 100 to what `add` adds, refuses `fail`, calls `falter` again when it failed, drops the
    notification with the number 13, and puts "=" before each text that a tool answers with.

    Args:
        server: made by `suite_server`.
    """
    server.middleware(_received)
    server.sending_middleware(_answered)


def _received(message: Incoming, proceed: Proceed) -> Steps:
    if message.method == NOTE:
        return None if message.params["number"] == 13 else (yield from proceed(message))
    if not isinstance(message, IncomingRequest):
        return (yield from proceed(message))
    match message.name:
        case "fail":
            raise ToolError("not today")
        case "falter":
            return (yield from _retried(message, proceed))
        case "add":
            return (yield from proceed(message.with_params(_more(message.params, "b", 100))))
        case _:
            return (yield from proceed(message))


def _retried(message: IncomingRequest, proceed: Proceed) -> Steps:
    try:
        return (yield from proceed(message))
    except ValueError:
        yield Delay(0.01)
    return (yield from proceed(message))


def _answered(message: Outgoing, proceed: Proceed) -> Steps:
    if isinstance(message, OutgoingResult) and isinstance(message.result, schema.CallToolResult):
        content = tuple(_signed(block) for block in message.result.content)
        message = message.with_result(attrs.evolve(message.result, content=content))
    return (yield from proceed(message))


def _signed(block: schema.ContentBlock) -> schema.ContentBlock:
    return attrs.evolve(block, text=f"={block.text}") if isinstance(block, schema.TextContent) else block


def _called(message: Outgoing, proceed: Proceed) -> Steps:
    if isinstance(message, OutgoingRequest) and message.name == "add":
        message = message.with_params(_more(message.params, "a", 10))
    return (yield from proceed(message))


def _asked(message: Incoming, proceed: Proceed) -> Steps:
    answer = yield from proceed(message)
    if isinstance(answer, schema.ElicitResult) and answer.content:
        return accept({name: str(value).upper() for name, value in answer.content.items()})
    return answer


def _more(params: schema.CallToolRequestParams, name: str, number: int) -> schema.CallToolRequestParams:
    arguments = dict(params.arguments or {})
    return attrs.evolve(params, arguments={**arguments, name: arguments[name] + number})


CLIENT_MIDDLEWARE: Final[ClientSettings] = {"middleware": (_asked,), "sending_middleware": (_called,)}
"""That of the client: it adds 10 to what `add` adds, and answers the user's questions in capitals."""
