"""One server made of others: one by mounting it, and one of an OpenAPI document."""

from collections.abc import Callable, Mapping
from typing import Any

from sansmcp import Server
from sansmcp.schema import CallToolResult, TextContent
from sansmcp_threads import connect

notes = Server("notes", version="1.0")
notes.add_resource("notes://today", "Buy milk")


@notes.tool
def search(text: str) -> str:
    """Search all notes."""
    return f"nothing about {text}"


OPENAPI: dict[str, Any] = {
    "paths": {
        "/pets": {
            "get": {
                "operationId": "listPets",
                "summary": "List all pets.",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}
                ],
            }
        },
        "/pets/{petId}": {
            "get": {
                "operationId": "showPet",
                "summary": "Show one pet.",
                "parameters": [
                    {"name": "petId", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
            }
        },
    }
}


def sender(method: str, path: str) -> Callable[[Mapping[str, Any]], str]:
    """Return what sends a request; a real one uses an HTTP client, and encodes what goes into the path."""

    def send(arguments: Mapping[str, Any]) -> str:
        query = {name: value for name, value in arguments.items() if f"{{{name}}}" not in path}
        return f"{method.upper()} {path.format(**arguments)} {query}"

    return send


def server_of(document: Mapping[str, Any]) -> Server:
    """Make a server with one tool for each operation of an OpenAPI document."""
    server = Server("pets", version="1.0")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = operation["parameters"]
            server.add_tool(
                sender(method, path),
                name=operation["operationId"],
                description=operation["summary"],
                input_schema={
                    "type": "object",
                    "properties": {parameter["name"]: parameter["schema"] for parameter in parameters},
                    "required": [parameter["name"] for parameter in parameters if parameter.get("required")],
                },
            )
    return server


def said(result: CallToolResult) -> None:
    """Print the texts of a result."""
    print(*(block.text for block in result.content if isinstance(block, TextContent)))


server = Server("all", version="1.0")
server.mount(notes, "notes")
pets = server.mount(server_of(OPENAPI), "pets")

with connect(server) as client:
    print([tool.name for tool in client.tools()])
    said(client.call_tool("notes_search", {"text": "tea"}))
    said(client.call_tool("pets_showPet", {"petId": "7"}))
    print(client.read_resource("notes://notes/today").contents[0].uri)
    # What is registered in a mounted server later is offered too, until it is taken away.
    notes.add_tool(lambda: None, name="late")
    pets.remove()
    print([tool.name for tool in client.tools()])
