"""The everything client: plays one scenario of the suite against a server, and exits with 0 if all went well.

Run as `python -m tests.conformance.client [--binding asyncio|trio|threads] [--find-out] URL`. The suite says
the rest in variables: `MCP_CONFORMANCE_SCENARIO` names the scenario, `MCP_CONFORMANCE_PROTOCOL_VERSION` the
revision and `MCP_CONFORMANCE_CONTEXT` holds its data as JSON. Without a scenario it lists tools; without a
revision, or with `--find-out`, it finds out by itself what the server speaks.
"""

import argparse
import asyncio
import json
import os
import sys
import threading
from collections.abc import Mapping
from importlib import import_module

from tests.conformance.scenarios import SCENARIOS, Scenario, list_what_there_is
from tests.conformance.verdicts import PLAYED

from sansmcp import accept
from sansmcp.client import ClientSettings, Roots
from sansmcp.schema import (
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    Implementation,
    TextContent,
)

PATIENCE = 50.0
"""Seconds until the process gives up, in place of hanging: the suite waits for it to end."""

BINDINGS = ("asyncio", "trio", "threads")

FILLED_IN = {
    "confirmed": True,
    "ok": True,
    "name": "Alice",
    "username": "alice",
    "email": "alice@example.com",
    "color": "blue",
    "context": "conformance",
    "untitledSingle": "option1",
    "titledSingle": "value2",
    "legacyEnum": "opt1",
    "untitledMulti": ["option1", "option3"],
    "titledMulti": ["value1"],
}
"""What the user writes into the fields of forms; fields with a default are left as they are."""


def ask_user(question: ElicitRequestParams) -> ElicitResult:
    """Fill in a form."""
    if not isinstance(question, ElicitRequestFormParams):
        return accept()
    fields = question.requested_schema.properties
    empty = [name for name, field in fields.items() if getattr(field, "default", None) is None]
    return accept({name: FILLED_IN[name] for name in empty if name in FILLED_IN})


def ask_model(request: CreateMessageRequestParams) -> CreateMessageResult:
    """Say something."""
    text = f"An answer of at most {request.max_tokens} tokens."
    return CreateMessageResult(role="assistant", content=TextContent(text=text), model="none")


def settings_of(revision: str | None) -> ClientSettings:
    """Return how the client is set up: it can be asked everything."""
    settings: ClientSettings = {
        "info": Implementation(name="sansmcp-everything-client", version="1.0.0"),
        "elicitation": ask_user,
        "sampling": ask_model,
        "roots": Roots(["file:///home/alice"]),
    }
    if revision is not None:
        settings["revisions"] = [revision]
    return settings


async def play_awaiting(connect, url: str, settings: ClientSettings, scenario: Scenario) -> None:
    """Play a scenario with a client that is awaited."""
    async with connect(url, **settings) as client:
        play = scenario.send
        given = None
        while True:
            try:
                call = play(given)
            except StopIteration:
                return
            try:
                play, given = scenario.send, await client.call(call)
            except Exception as error:  # noqa: BLE001 - the scenario knows what it expected
                play, given = scenario.throw, error


def play_blocking(connect, url: str, settings: ClientSettings, scenario: Scenario) -> None:
    """Play a scenario with a client that blocks."""
    with connect(url, **settings) as client:
        play = scenario.send
        given = None
        while True:
            try:
                call = play(given)
            except StopIteration:
                return
            try:
                play, given = scenario.send, client.call(call)
            except Exception as error:  # noqa: BLE001 - the scenario knows what it expected
                play, given = scenario.throw, error


def play(binding: str, url: str, settings: ClientSettings, scenario: Scenario) -> None:
    """Play a scenario on a binding, to its end.

    Raises:
        Exception: what the scenario did not expect.
    """
    connect = import_module(f"sansmcp_{binding}").connect
    match binding:
        case "asyncio":
            asyncio.run(play_awaiting(connect, url, settings, scenario))
        case "trio":
            import_module("trio").run(play_awaiting, connect, url, settings, scenario)
        case _:
            play_blocking(connect, url, settings, scenario)


def give_up() -> None:
    """End the process, whatever it waits for."""
    print(f"gave up after {PATIENCE:.0f} s", file=sys.stderr, flush=True)
    os._exit(3)


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Play the scenario that the environment names."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.client")
    parser.add_argument("--binding", choices=BINDINGS, default="asyncio")
    parser.add_argument("--find-out", action="store_true", help="take no notice of the revision that is said")
    parser.add_argument("url")
    chosen = parser.parse_args()
    name = environ.get("MCP_CONFORMANCE_SCENARIO")
    if name is not None and name not in SCENARIOS:
        print(f"no scenario {name!r}: expected one of {', '.join(SCENARIOS)}", file=sys.stderr)
        return 2
    data = json.loads(environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    scenario = list_what_there_is(data) if name is None else SCENARIOS[name](data)
    timer = threading.Timer(PATIENCE, give_up)
    timer.daemon = True
    timer.start()
    revision = None if chosen.find_out else environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION")
    settings = settings_of(revision)
    play(chosen.binding, chosen.url, settings, scenario)
    timer.cancel()
    print(PLAYED)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
