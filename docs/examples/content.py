"""What tools may return besides text and data."""

from sansmcp import Server
from sansmcp.schema import REVISIONS, Annotations, ImageContent, ResourceLink, TextContent, bytes_of
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


for revision in (REVISIONS[0], REVISIONS[-1]):
    with connect(server, revisions=[revision]) as client:
        print(revision)
        for block in client.call_tool("photograph", {"camera": "north"}).content:
            match block:
                case TextContent():
                    print("text:", block.text)
                case ImageContent():
                    print("picture:", bytes_of(block))
                case ResourceLink():
                    print("link:", block.uri)
                case _:
                    print("something else")
