"""A client that talks with the one tool of a server."""

import attrs
from tests.server.conversation import MODERN, Conversation

from sansmcp.server import Server

TOKEN = {"progressToken": "t"}
DEBUG = {"io.modelcontextprotocol/logLevel": "debug"}


@attrs.frozen
class Person:
    name: str
    age: int = 18


def serving(function, **options):
    server = Server("context", version="1")
    server.add_tool(function, name="tool", **options)
    return server


def talk(function, revision=MODERN, **options):
    return Conversation(serving(function), revision, **options)


def notifications(messages, method):
    return [message["params"] for message in messages if message.get("method") == method]


def ask(peer, name="tool", **arguments):
    """Call a tool that asks, and return the params of its one question."""
    peer.asked = {"name": name, "arguments": arguments}
    (message,) = peer.request("tools/call", **peer.asked)
    if peer.revision != MODERN:
        peer.question = message["id"]
        return message["params"]
    assert message["result"]["resultType"] == "input_required"
    peer.state = message["result"]["requestState"]
    ((peer.key, question),) = message["result"]["inputRequests"].items()
    return question["params"]


def answer(peer, result):
    """Answer the question, and return all that is sent back."""
    if peer.revision != MODERN:
        return peer.say({"id": peer.question, "result": result})
    return peer.request(
        "tools/call", **peer.asked, requestState=peer.state, inputResponses={peer.key: result}
    )
