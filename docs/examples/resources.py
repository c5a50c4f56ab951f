"""Resources and templates of resources, and a client that reads them."""

from sansmcp import RequestFailed, ResourceNotFound, Server
from sansmcp.schema import UriTemplate
from sansmcp.testing import connect

NOTES = {("home", 1): "Buy milk", ("work", 2): "Write the report"}

server = Server("notes", version="1.0")
server.add_resource("notes://logo", b"\x89PNG", mime_type="image/png")


@server.resource("notes://all")
def all_notes() -> list[str]:
    """List the URIs of all notes."""
    return [f"notes://{folder}/{number}" for folder, number in NOTES]


@server.resource("notes://{folder}/{number}", mime_type="text/plain")
def note(folder: str, number: int) -> str:
    """Read one note."""
    if (folder, number) not in NOTES:
        raise ResourceNotFound(f"notes://{folder}/{number}")
    return NOTES[folder, number]


with connect(server) as client:
    (template,) = client.list_resource_templates().resource_templates
    uri = UriTemplate(template.uri_template).expand({"folder": "home", "number": 1})
    print(uri, client.read_resource(uri).contents[0])
    for uri in ("notes://home/7", "notes://home/seven", "notes://../2"):
        try:
            client.read_resource(uri)
        except RequestFailed as error:
            print(error.is_resource_not_found, error.message)
