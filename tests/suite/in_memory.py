"""The harness without a runtime: both endpoints joined by hand under a virtual clock."""

from sansmcp.errors import NotConnected
from sansmcp.server import Context
from sansmcp.testing import (
    Ability,
    Pause,
    Raised,
    Returned,
    Setup,
    WasCancelled,
    WorkCancelled,
    connect,
    connect_http,
    suite_server,
    whole,
    wrap_suite_server,
)


async def hold(seconds: float, ctx: Context):  # noqa: ARG001  # every hold has both
    """Wait on the virtual clock."""
    await Pause(seconds)
    return "held"


async def talk(records: int, size: int, ctx: Context):
    """Log and drain."""
    for _ in range(records):
        ctx.info("x" * size)
        await ctx.drain()
    return "said"


class MemoryHarness:
    """Plays the suite on nothing at all."""

    abilities = frozenset(Ability) - {Ability.PEERS, Ability.SHOUTS}

    def __init__(self, cut=whole):
        self.server = suite_server(hold, talk)
        self._cut = cut
        self._client = None
        self._calls = {}

    def open(self, setup: Setup):
        if setup.wrapped:
            wrap_suite_server(self.server)
        self._client = self.connected(setup)
        return self._client.revision

    def connected(self, setup: Setup):
        return connect(self.server, serving=setup.server, cut=self._cut, **setup.client)

    async def never(self, request):  # noqa: ARG002  # whatever is asked
        await Pause(1e9)

    def begin(self, label, call):
        try:
            self._calls[label] = self._client.begin(call)
        except NotConnected as error:
            self._calls[label] = error

    def wait(self, label):
        found = self._calls[label]
        if isinstance(found, NotConnected):
            return Raised(found)
        try:
            return Returned(self._client.wait(found))
        except WorkCancelled:
            return WasCancelled()
        except Exception as error:  # noqa: BLE001  # the suite judges it
            return Raised(error)

    def cancel(self, label):
        self._client.give_up(self._calls[label])

    def notify(self, method, params):
        self._client.session.notify(method, params, self._client.now)
        self._client.settle()

    def subscribe(self, uri):
        self._updates = self._client.resource_updates(uri)
        self._updates.__enter__()

    def next_update(self):
        return next(self._updates)

    def wait_until(self, condition):
        self._client.run_until(condition)

    def close(self):
        self._client.close()

    def begin_close(self):
        self._client.begin_close()

    def close_elsewhere(self, times):
        for _ in range(times):
            self._client.close()

    def break_off(self):
        self._client.break_off()

    def end_output(self):
        self._client.end_output()

    def stop_reading(self, side):
        self._client.stop_reading(side)

    def go_on_reading(self):
        self._client.go_on_reading()

    def end(self):
        return []


class HttpMemoryHarness(MemoryHarness):
    """Plays the suite over HTTP, on nothing at all."""

    abilities = MemoryHarness.abilities - {Ability.HALF_CLOSE, Ability.CONNECTED}

    def break_off(self):
        self._client.cut_off()

    def connected(self, setup: Setup):
        # Clients of the first revision have an endpoint of their own.
        path = "/sse" if setup.revision == "2024-11-05" else "/mcp"
        return connect_http(
            self.server,
            serving={**setup.server, "http_sse": True},
            cut=self._cut,
            url=f"http://127.0.0.1:8000{path}",
            **setup.client,
        )
