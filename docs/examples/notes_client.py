"""A client of the notes server: `python notes_client.py DATABASE`, with a database that has no notes yet."""

import sys
from pathlib import Path

import attrs

from sansmcp.client import accept
from sansmcp.schema import (
    ElicitRequestParams,
    ElicitResult,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)
from sansmcp_threads import connect

SERVER = Path(__file__).with_name("notes_server.py")


@attrs.frozen
class Note:
    """One note, as the server tells it."""

    id: int
    title: str
    text: str
    tag: str


def ask_user(question: ElicitRequestParams) -> ElicitResult:
    """Answer what the server asks; a program for people would ask them."""
    print("the server asks:", question.message)
    return accept({"value": True})


def main() -> None:
    """Go through what the server offers."""
    with connect([sys.executable, str(SERVER), sys.argv[1]], elicitation=ask_user) as client:
        print("connected in revision", client.revision)
        print("tools:", *(tool.name for tool in client.tools()))

        # A call, with its result as a value of a type of ours.
        note = client.call_tool(
            "add_note",
            {"title": "Bread", "text": "Flour, water, salt.", "tag": "kitchen"},
            result_type=Note,
        )
        print("added:", note)

        # A call that takes its time.
        many = {"notes": ["Soup\nLeeks and potatoes.", "Tea\nThree minutes."], "tag": "kitchen"}
        with client.start_tool("import_notes", many, result_type=int) as running:
            for step in running:
                print(f"{step.progress:.0f} of {step.total:.0f}: {step.message}")
            print("imported:", running.result())

        # Resources, and what may stand in their URIs.
        template = ResourceTemplateReference(uri="notes://tag/{tag}")
        print("tags:", client.complete(template, "tag", "k").completion.values)
        for contents in client.read_resource(f"notes://note/{note.id}").contents:
            if isinstance(contents, TextResourceContents):
                print(contents.text)

        # A prompt.
        for message in client.get_prompt("summary", {"tag": "kitchen"}).messages:
            if isinstance(message.content, TextContent):
                print(f"{message.role}: {message.content.text.splitlines()[0]}")

        # A change of a resource, which another program may have made.
        with client.resource_updates("notes://tag/kitchen") as updates:
            client.call_tool("add_note", {"title": "Rice", "text": "One part to two.", "tag": "kitchen"})
            print("changed:", next(updates))

        # A question of the server's.
        for block in client.call_tool("delete_note", {"note": note.id}).content:
            if isinstance(block, TextContent):
                print(block.text)


if __name__ == "__main__":
    main()
