"""A client whose server answers from a table, and the same client awaited: nothing ever blocks."""

from concurrent.futures import Future
from functools import partial

from tests.client.told import Told

from sansmcp import schema
from sansmcp.client import AwaitableClient, Call
from sansmcp.session import RequestReceived

NO_ANSWER = object()
LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
STRUCTURED = ("2025-06-18", "2025-11-25", "2026-07-28")


class Answering(Told):
    """A client whose server answers from a table of functions, or values, by method."""

    def __init__(self, revision="2026-07-28", *, answers=None, **settings):
        super().__init__(revision, answer=False, **settings)
        self.answers = answers or {}
        self._answered = set()

    def settle(self):
        while True:
            self.both.settle()
            open_requests = [event for event in self.requests() if id(event) not in self._answered]
            if not open_requests:
                return
            for event in open_requests:
                self._answered.add(id(event))
                self._answer(event)

    def connect(self):
        self.both.connect()
        self.settle()
        return self

    def advance(self, seconds):
        self.both.advance(seconds)
        self.settle()

    def ask(self, call):
        """Make a call, let the server answer, and return what came of it."""
        waiter = self.begin(call)
        return waiter.result(timeout=0)

    def begin(self, call):
        waiter = Future()
        self.connection.send(call, waiter, self.both.now)
        self.settle()
        return waiter

    def asked(self, method):
        return [event for event in self.requests() if event.method == method]

    def publish(self, *changes):
        for change in changes:
            self.server.publish(change, self.both.now)
        self.settle()

    def _answer(self, event):
        answer = self.answers.get(event.method, NO_ANSWER)
        found = answer(event) if callable(answer) else answer
        if isinstance(found, Exception):
            self.server.fail(event.request_id, -1, str(found), self.both.now)
        elif isinstance(found, dict | schema.InputRequiredResult):
            ask = found if isinstance(found, dict) else found.input_requests
            self.server.require_input(event.request_id, ask, self.both.now)
        elif found is not NO_ANSWER:
            self.server.respond(event.request_id, found, self.both.now)


class Awaited(AwaitableClient):
    """The same connection, for those who await."""

    def __init__(self, told):
        self.told = told
        self._connection = told.connection
        self._endpoint = told.endpoint

    def perform(self, command):
        try:
            return command(self.told.both.now)
        finally:
            self.told.settle()

    async def call(self, call: Call):
        waiter = Future()
        pending = self._connection.send(call, waiter, self.told.both.now)
        self.told.settle()
        if pending is None:
            return call.read(None)
        try:
            await until(waiter.done)
            return waiter.result(timeout=0)
        finally:
            if not waiter.done():
                self.perform(partial(self._connection.give_up, pending))


class until:  # noqa: N801 - it reads as a word
    def __init__(self, condition):
        self.condition = condition

    def __await__(self):
        while not self.condition():
            yield


class Task:
    """A coroutine that goes on when it is told to."""

    def __init__(self, coroutine):
        self.coroutine = coroutine
        self.is_over = False
        self.value = self.error = None
        self.go_on()

    def go_on(self):
        try:
            self.coroutine.send(None)
        except StopIteration as stop:
            self.is_over, self.value = True, stop.value
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.is_over, self.error = True, error
        return self

    def result(self):
        if not self.is_over:
            self.go_on()
        assert self.is_over
        if self.error is not None:
            raise self.error
        return self.value

    def stop(self):
        self.coroutine.close()


def awaiting(awaitable):
    async def work():
        return await awaitable

    return Task(work())


__all__ = ["LEGACY", "NO_ANSWER", "STRUCTURED", "Answering", "Awaited", "RequestReceived", "Task", "awaiting"]
