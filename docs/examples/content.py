"""What tools may return besides text and data."""

from sansmcp import Server
from sansmcp.schema import Annotations, ResourceLink, bytes_of
from sansmcp.server import Content, Image, Text
from sansmcp.testing import connect

server = Server("cameras", version="1.0")


@server.tool
def photograph(camera: str) -> list[Content]:
    """Take a picture."""
    return [
        Text(f"Camera {camera}, just now.", annotations=Annotations(audience=("user",))),
        Image(b"\x89PNG", "image/png"),
        ResourceLink(uri=f"cameras://{camera}", name=camera, title="The camera"),
    ]


for revision in ("2024-11-05", "2026-07-28"):
    with connect(server, revisions=[revision]) as client:
        text, image, link = client.call_tool("photograph", {"camera": "north"}).content
        print(text.text, bytes_of(image), type(link).__name__)
