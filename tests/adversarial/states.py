"""Mint a request state as a case says, and bring it back changed in every way that the case names."""

import attrs
from tests.adversarial.running import Run, measured
from tests.server.conversation import Conversation, environment

from sansmcp.server import Context, Server

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOW = 1_000_000.0
LIFETIME = 600.0
ACCEPTED = {"sure": {"action": "accept", "content": {"value": True}}}


@attrs.frozen(kw_only=True)
class Retry:
    """One request that brings a state, and the circumstances under which it comes."""

    state: object
    tool: str
    args: dict
    principal: str
    now: float = NOW
    key: bytes = KEY


class Bench:
    """A server that moves money once its user is sure."""

    def __init__(self, revision, *, principal, now=NOW, key=KEY):
        self.calls = []
        server = Server("bank", version="1", state_keys=[key], state_lifetime=LIFETIME)
        for name in ("transfer", "refund"):
            server.add_tool(self._tool(name), name=name)
        around = environment(lambda: now)
        self.peer = Conversation(server, revision, around=around, principal=principal)

    def _tool(self, name):
        def tool(amount: int, ctx: Context) -> str:
            ctx.elicit("sure", "Sure?", bool)
            self.calls.append((name, amount))
            return "moved"

        return tool

    @property
    def events(self):
        return self.peer.events

    def mint(self, step):
        """Let a tool ask, and return the state that it leaves with the client."""
        asked = self.peer.result("tools/call", name=step["tool"], arguments=step["args"])
        assert self.calls == []
        return asked["requestState"]

    def bring(self, retry):
        """Bring a state back, with the answers that were asked for."""
        (self.answer,) = self.peer.request(
            "tools/call",
            name=retry.tool,
            arguments=retry.args,
            requestState=retry.state,
            inputResponses=ACCEPTED,
        )

    def of(self, kind):
        """Return the events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def codes(self):
        return {self.answer["error"]["code"]} if "error" in self.answer else set()


def mints_state(stimulus):
    """Say whether a case begins with a state that a server leaves with its client."""
    steps = stimulus.input.get("steps") or [{}]
    return steps[0].get("do") == "mint_state"


def run_states(stimulus):
    """Bring a state back once for each change; the state as it is moves the money."""
    mint, retry = stimulus.input["steps"]
    bench = Bench(stimulus.revision, principal=mint["principal"])
    state = bench.mint(mint)
    good = Retry(state=state, tool=mint["tool"], args=mint["args"], principal=mint["principal"])
    assert run_retry(stimulus, good, "as it is").bench.calls == [(mint["tool"], mint["args"]["amount"])]
    ahead = Bench(stimulus.revision, principal=mint["principal"], now=NOW + 61).mint(mint)
    return [
        run_retry(stimulus, changed, mutation)
        for mutation in retry["mutations"]
        for changed in changes(mutation, good, ahead)
    ]


def changes(mutation, good, ahead):
    """Return the requests that a change stands for."""
    name, _, value = mutation.partition("=")
    if mutation == "flip:*":
        texts = [
            good.state[:place] + chr(ord(letter) ^ 1 << bit) + good.state[place + 1 :]
            for place, letter in enumerate(good.state)
            for bit in range(7)
        ]
    elif mutation == "truncate:*":
        texts = [good.state[:length] for length in range(len(good.state))]
    else:
        others = {
            "empty": lambda: {"state": ""},
            "12": lambda: {"state": 12},
            "tool": lambda: {"tool": value},
            "args.amount": lambda: {"args": {"amount": int(value)}},
            "principal": lambda: {"principal": value},
            "now+ttl+1": lambda: {"now": NOW + LIFETIME + 1},
            "issued+61": lambda: {"state": ahead},
            "other_key": lambda: {"key": OTHER_KEY},
        }
        return [attrs.evolve(good, **others[name]())]
    return [attrs.evolve(good, state=text) for text in texts]


def run_retry(stimulus, retry, way):
    """Bring a state to a server of its own."""
    bench = Bench(stimulus.revision, principal=retry.principal, now=retry.now, key=retry.key)
    run = Run(bench=bench, way=way)
    with measured(run):
        bench.bring(retry)
    return run
