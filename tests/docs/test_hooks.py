"""The sixteen hooks of the guide, each run as the page has it (rows H3 and H4), and its first example."""

import re
from functools import partial
from pathlib import Path

import attrs
import pytest

from sansmcp import Accepted, Context, Server
from sansmcp.client import accept
from sansmcp.session import (
    IncomingNotification,
    IncomingRequest,
    OutgoingNotification,
    OutgoingRequest,
    OutgoingResult,
    SessionEnded,
    SessionOpened,
)
from sansmcp.testing import connect
from sansmcp.trace import Tap

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "hooks-and-middleware.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ((?:server|client): [^|]+) \| (.+) \|$", PAGE, re.MULTILINE)
SNIPPETS = {hook: "\n".join(re.findall(r"`([^`]+)`", cell.replace("<br>", " "))) for hook, cell in ROWS}

RAN = "the tool ran"
WANTED = {
    "server: before a message": ("before message", bytes),
    "server: before decoding": ("bytes", bytes),
    "server: before a request": ("before request", IncomingRequest),
    "server: before a notification": ("before notification", IncomingNotification),
    "server: before a tool call": ("before tool", IncomingRequest),
    "server: after a tool call": ("after tool", object),
    "server: before a response": ("before response", OutgoingResult),
    "server: before a notification is sent": ("before sent", OutgoingNotification),
    "server: session created": ("created", SessionOpened),
    "server: session ending": ("ending", SessionEnded),
    "client: before a request is sent": ("before call", OutgoingRequest),
    "client: before a notification is sent": ("before telling", OutgoingNotification),
    "client: raw message received": ("raw", bytes),
    "client: before a response": ("before result", object),
    "client: before a notification": ("before hearing", IncomingNotification),
    "client: before a request": ("before asking", IncomingRequest),
}
"""The hooks that rows H3 and H4 name, with what each of them is to see."""

AFTER = {"server: after a tool call", "client: before a response", "server: before a response"}
BEFORE = {
    "server: before a message",
    "server: before decoding",
    "server: before a request",
    "server: before a tool call",
    "server: session created",
    "client: before a request is sent",
}


@attrs.frozen
class Name:
    """Who somebody is."""

    name: str


class Stage:
    """A server on which a snippet is played, and all that it noted."""

    def __init__(self):
        self.noted = []
        self.serving = {}
        self.server = Server("hooked", version="1.0")

        @self.server.tool
        def work(ctx: Context) -> str:
            ctx.log("warning", "working")
            match ctx.elicit("name", "Who?", Name):
                case Accepted(value=found):
                    self.noted.append((RAN, None))
                    return found.name
                case other:
                    return type(other).__name__

    def note(self, label, value):
        self.noted.append((label, value))
        return value

    def play(self, snippet):
        joined = partial(
            connect,
            serving=self.serving,
            revisions=["2025-11-25"],
            validate="off",
            roots=["file:///home"],
            roots_change=True,
            elicitation=lambda _request: accept({"name": "Ada"}),
        )
        scope = {
            "IncomingRequest": IncomingRequest,
            "OutgoingNotification": OutgoingNotification,
            "OutgoingResult": OutgoingResult,
            "SessionEnded": SessionEnded,
            "SessionOpened": SessionOpened,
            "Tap": Tap,
            "connect": joined,
            "note": self.note,
            "serve": lambda _server, **settings: self.serving.update(settings),
            "server": self.server,
        }
        exec(snippet, scope)  # noqa: S102 - it is our own page
        client = scope.get("client") or joined(self.server)
        with client:
            client.set_log_level("debug")
            assert client.call_tool("work").content[0].text == "Ada"
            client.notify("notifications/roots/list_changed")


def test_the_page_has_the_sixteen_hooks_and_each_is_three_lines():
    assert list(SNIPPETS) == list(WANTED)
    assert {len(snippet.splitlines()) for snippet in SNIPPETS.values()} == {3}


@pytest.mark.parametrize("hook", WANTED)
def test_each_hook_does_what_the_page_says(hook):
    stage = Stage()
    stage.play(SNIPPETS[hook])
    label, kind = WANTED[hook]
    seen = [
        number
        for number, (noted, value) in enumerate(stage.noted)
        if noted == label and isinstance(value, kind)
    ]
    ran = stage.noted.index((RAN, None))
    assert seen
    if hook in BEFORE:
        assert seen[0] < ran
    if hook in AFTER:
        assert seen[-1] > ran


def test_the_first_example_of_the_page_runs(capsys):
    (example,) = re.findall(r"```python\n(from sansmcp import Incoming.*?)```", PAGE, re.DOTALL)
    scope = {}
    exec(example, scope)  # noqa: S102 - it is our own page
    scope["server"].add_tool(lambda: "", name="work", description="nothing")
    with connect(scope["server"], validate="off") as client:
        client.call_tool("work")
    assert capsys.readouterr().out == "tools/call 0.0\n"
