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
        self._client = connect(self.server, serving=setup.server, cut=self._cut, **setup.client)
        return self._client.revision

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
