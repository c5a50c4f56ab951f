"""What lists of tools show, and a schema that is written by hand."""

from tests.server.conversation import MODERN, Conversation


def listed(server, revision=MODERN):
    return Conversation(server, revision).result("tools/list")["tools"]


RAW = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
