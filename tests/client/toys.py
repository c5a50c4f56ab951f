"""A client of each colour over a pair, with a server that answers from a table; no loop and no thread."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping

from sansmcp import schema
from sansmcp.client import AwaitableCalls, BlockingCalls, Call, value_of
from sansmcp.schema import Revision
from sansmcp.session import (
    CallHandle,
    ClientEvent,
    ProgressReceived,
    RequestFailed,
    RequestLost,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    ServerEvent,
)
from sansmcp.testing import Pair, connected_pair

Answer = Callable[[RequestReceived], object]


class PairClient(BlockingCalls):
    """Blocks until the virtual clock has come to the outcome."""

    def __init__(self, answers: Mapping[str, Answer], revision: Revision = "2025-11-25", **options) -> None:
        self.received: list[RequestReceived] = []
        self.answers = answers
        self._outcomes: dict[CallHandle, ClientEvent] = {}
        self._calls: dict[CallHandle, Call] = {}
        self.pair: Pair = connected_pair(
            revision, on_server_event=self._serve, on_client_event=self._hear, **options
        )

    def call(self, call):
        handle = call.send(self.pair.client, self.pair.now)
        if handle is None:
            return call.read(None)
        self._calls[handle] = call
        self.pair.run_until(lambda: handle in self._outcomes)
        return value_of(call, self._outcomes[handle])

    def _serve(self, event: ServerEvent) -> None:
        if isinstance(event, RequestReceived):
            self.received.append(event)
            answer = self.answers[event.method](event)
            if answer is not None:
                self.pair.server.respond(event.request_id, answer, self.pair.now)

    def _hear(self, event: ClientEvent) -> None:
        if isinstance(event, ProgressReceived):
            self._calls[event.handle].on_progress(event)
        if isinstance(event, ResponseReceived | RequestFailed | RequestTimedOut | RequestLost):
            self._outcomes[event.handle] = event


class AwaitedClient(AwaitableCalls):
    """The same, awaited; the coroutines never really wait."""

    def __init__(self, client: PairClient) -> None:
        self._client = client

    def call(self, call) -> Awaitable:
        return self._call(call)

    async def _call(self, call):
        return self._client.call(call)


def run(coroutine: Coroutine):
    """Run a coroutine that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits for something")


TOOL = schema.Tool(name="add", input_schema={"type": "object"})
PROMPT = schema.Prompt(name="greet")
RESOURCE = schema.Resource(uri="config://app", name="config")
TEMPLATE = schema.ResourceTemplate(uri_template="config://{name}", name="configs")
TEXT = schema.TextContent(text="5")


def numbered_tools(*numbers: int) -> tuple[schema.Tool, ...]:
    return tuple(schema.Tool(name=f"tool{number}", input_schema={"type": "object"}) for number in numbers)
