"""The pages on what a server offers show what their examples print, and values become what a table says."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from tests.server.conversation import Conversation

from sansmcp.schema import CallToolResult, ResourceLink
from sansmcp.server import Audio, Embedded, Image, Server, Text

DOCS = Path(__file__).parents[2] / "docs"
TABLE = dict(
    re.findall(r"^\| `(.*)` \| (.*) \|$", (DOCS / "guide/content.md").read_text("utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("name", ["resources", "prompts", "completion", "content"])
def test_an_example_prints_what_its_page_shows(name):
    page = (DOCS / "guide" / f"{name}.md").read_text("utf-8")
    (shown,) = re.findall(rf"\$ python {name}\.py\n(.*?)```", page, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", f"{name}.py"],
        cwd=DOCS / "examples",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", shown)


@dataclasses.dataclass
class DataClass:
    a: int


@attrs.frozen
class AttrsClass:
    a: int


NAMES = {
    cls.__name__: cls
    for cls in (Text, Image, Audio, Embedded, ResourceLink, CallToolResult, DataClass, AttrsClass)
}

TEXT = {"type": "text", "text": "text"}
PICTURE = {"type": "image", "data": "Ynl0ZXM=", "mimeType": "image/png"}
STRUCTURED = {"content": [{"type": "text", "text": '{"a":1}'}], "structuredContent": {"a": 1}}

BECOMES = {
    "a text": {"content": [TEXT]},
    "an embedded resource with a name made of its hash": {
        "content": [
            {
                "type": "resource",
                "resource": {
                    "uri": "ni:///sha-256;J3CJ2RwL308uaGK6fkoHYFEZQx9dE_cm3TUrBvGyBqk",
                    "blob": "Ynl0ZXM=",
                    "mimeType": "application/octet-stream",
                },
            }
        ]
    },
    "no content": {"content": []},
    "a picture": {"content": [PICTURE]},
    "a sound": {"content": [{"type": "audio", "data": "Ynl0ZXM=", "mimeType": "audio/wav"}]},
    "an embedded resource": {
        "content": [
            {"type": "resource", "resource": {"uri": "a:b", "text": "text", "mimeType": "text/plain"}}
        ]
    },
    "a link": {"content": [{"type": "resource_link", "uri": "a:b", "name": "b"}]},
    "each of them, in order": {"content": [TEXT, PICTURE]},
    "structured content, and its JSON as a text": STRUCTURED,
    "itself": {"content": []},
}


@pytest.mark.parametrize(("value", "becomes"), TABLE.items(), ids=TABLE)
def test_a_value_becomes_what_the_table_says(value, becomes):
    made = eval(value, dict(NAMES))  # noqa: S307 - it stands in our own page
    server = Server("values", version="1")
    server.add_tool(lambda: made, name="bare")
    peer = Conversation(server)

    def result(name):
        found = peer.call(name)
        return {member: found[member] for member in ("content", "structuredContent") if member in found}

    plain, _, more = becomes.partition("; with the annotation `")
    if plain == "its JSON as a text":
        text = str(made).replace(" ", "")
        assert result("bare") == {"content": [{"type": "text", "text": text}]}
        annotation = eval(more.partition("`")[0])  # noqa: S307 - it stands in our own page

        def annotated():
            return made

        annotated.__annotations__["return"] = annotation
        server.add_tool(annotated)
        assert result("annotated") == {**result("bare"), "structuredContent": made}
    else:
        assert result("bare") == BECOMES[plain]


def test_the_table_has_every_kind_of_value_that_is_promised():
    kinds = {type(eval(value, dict(NAMES))) for value in TABLE}  # noqa: S307 - it stands in our own page
    assert kinds >= {str, bytes, dict, *NAMES.values()} - {CallToolResult}
