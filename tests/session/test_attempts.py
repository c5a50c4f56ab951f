"""A run of a handler inside of middleware, as a binding sees it."""

from sansmcp.session import Chain, Deadlines
from sansmcp.session.attempts import Attempt


class Handler:
    """A handler that takes note of what happens to it."""

    name = "handler"
    is_async = True
    blocks = False

    def __init__(self):
        self.happened = []

    def call(self):
        self.happened.append("call")
        return "value"

    def cancel(self):
        self.happened.append("cancel")

    def settle(self, value, now):
        return f"{value} at {now}"

    def settle_raised(self, now):
        self.happened.append(now)


def ride(act):
    def straight(message, proceed):
        return (yield from proceed(message))

    endings = []
    chain = Chain((straight,), Deadlines(), act=act, ended=lambda *ending: endings.append(ending), now=0.0)
    chain.begin("message")
    return chain, endings


def test_a_binding_takes_it_for_the_handler():
    handler = Handler()
    chain, _ = ride(lambda _message, _chain: None)
    attempt = Attempt(handler, chain)
    assert (attempt.name, attempt.is_async, attempt.blocks) == ("handler", True, False)
    assert attempt.call() == "value"
    attempt.cancel()
    assert handler.happened == ["call", "cancel"]


def test_its_outcome_goes_to_the_middleware_and_nowhere_once_that_is_over():
    handler = Handler()
    chain, endings = ride(lambda _message, _chain: None)
    attempt = Attempt(handler, chain)
    attempt.succeed("value", 3.0)
    attempt.succeed("again", 4.0)
    attempt.raised(ValueError(), 5.0)
    assert endings == [("value at 3.0", None, None)]
    assert handler.happened == []
