"""What the everything server offers that needs nothing of the client: tools, prompts and resources."""

import base64
import time
from typing import Annotated

from sansmcp import Audio, Complete, Context, Embedded, Header, Image, Server, Text, ToolError
from sansmcp.schema import PromptMessage, TextContent
from sansmcp.values import JSON

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
"""A picture of one pixel."""

WAV = (
    b"RIFF\x26\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
    b"\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x02\x00\x00\x00\x80\x80"
)
"""A sound of two samples."""

PAUSE = 0.05
"""Seconds between two reports of a tool that takes a while."""

WATCHED = "test://watched-resource"
"""The resource that peers subscribe to."""

ADDRESS_SCHEMA: JSON = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "postal",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "reach_by": {"type": "string", "enum": ["phone", "mail"]},
        "phone": {"type": "string"},
        "mail": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["mail"]}]}],
    "if": {"properties": {"reach_by": {"const": "phone"}}, "required": ["reach_by"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["mail"]},
    "additionalProperties": False,
}
"""A schema with the keywords that a server which rebuilds schemas would lose."""


def add_content_tools(server: Server) -> None:
    """Tools of one kind of content each; the first one is what peers call without knowing it."""

    @server.tool
    def test_simple_text() -> str:
        """Return a text."""
        return "This is a text."

    @server.tool
    def test_image_content() -> Image:
        """Return a picture."""
        return Image(PNG, "image/png")

    @server.tool
    def test_audio_content() -> Audio:
        """Return a sound."""
        return Audio(WAV, "audio/wav")

    @server.tool
    def test_embedded_resource() -> Embedded:
        """Return a resource with its contents."""
        return Embedded("test://embedded", "What is embedded.", "text/plain")

    @server.tool
    def test_multiple_content_types() -> list[Text | Image | Embedded]:
        """Return a text, a picture and a resource."""
        embedded = Embedded("test://mixed", '{"mixed": true}', "application/json")
        return [Text("Three kinds of content:"), Image(PNG, "image/png"), embedded]

    @server.tool
    def test_error_handling() -> str:
        """Fail, for the model to see."""
        raise ToolError("This tool always fails.")


def add_slow_tools(server: Server) -> None:
    """Tools that tell how far they are, or log."""

    @server.tool
    def test_tool_with_progress(ctx: Context) -> str:
        """Report progress three times."""
        for done in (0, 50, 100):
            ctx.progress(done, total=100, message=f"{done} of 100")
            time.sleep(PAUSE)
        return "All is done."

    @server.tool
    def test_tool_with_logging(ctx: Context) -> str:
        """Log three records."""
        for text in ("started", "half way", "finished"):
            ctx.info(text)
            time.sleep(PAUSE)
        return "All is logged."

    @server.tool
    def test_logging_tool(ctx: Context) -> str:
        """Log a record of each of three levels."""
        ctx.debug("for those who look closely")
        ctx.info("for those who listen")
        ctx.warning("for everybody")
        return "Logged at three levels."

    @server.tool
    def test_reconnection(ctx: Context) -> str:
        """End the response in the middle of the call; the result is for those who come again."""
        ctx.release(retry=0.1)
        time.sleep(0.2)
        return "You came again."


def add_schema_tools(server: Server) -> None:
    """Tools whose schemas say more than types do."""

    @server.tool(input_schema=ADDRESS_SCHEMA)
    def json_schema_2020_12_tool(arguments: JSON) -> str:
        """Take an address, as its schema says."""
        return f"Reached {arguments.get('name', 'somebody')}."

    @server.tool
    def test_x_mcp_header(region: Annotated[str, Header("Region")] = "") -> str:
        """Return the region, which clients repeat in a header."""
        return f"region: {region}"


def add_changes(server: Server) -> None:
    """Tools that change what is offered."""

    def test_added_tool() -> str:
        """Be there now and then."""
        return "here"

    def test_added_prompt() -> str:
        """Be there now and then."""
        return "here"

    tool, prompt = server.add_tool(test_added_tool), server.add_prompt(test_added_prompt)
    tool.disable()
    prompt.disable()

    @server.tool
    def test_trigger_tool_change() -> str:
        """Add a tool, or take it away again."""
        tool.disable() if tool.is_enabled else tool.enable()
        return "The tools have changed."

    @server.tool
    def test_trigger_prompt_change() -> str:
        """Add a prompt, or take it away again."""
        prompt.disable() if prompt.is_enabled else prompt.enable()
        return "The prompts have changed."

    @server.tool
    def test_trigger_resource_update() -> str:
        """Tell that the watched resource changed; the suite never looks whether anybody is told."""
        server.resource_updated(WATCHED)
        return "The watched resource has changed."


def add_prompts(server: Server) -> None:
    """One prompt of each kind."""

    @server.prompt
    def test_simple_prompt() -> str:
        """Say one thing."""
        return "This is a prompt."

    @server.prompt
    def test_prompt_with_arguments(
        arg1: Annotated[str, Complete(["test one", "test two", "other"])], arg2: str
    ) -> str:
        """Say both arguments."""
        return f"First {arg1}, then {arg2}."

    @server.prompt
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[Embedded | str]:  # noqa: N803 - the peers' word
        """Show a resource, and ask about it."""
        return [Embedded(resourceUri, "What the resource holds.", "text/plain"), "What is in it?"]

    @server.prompt
    def test_prompt_with_image() -> list[Image | PromptMessage]:
        """Show a picture, and ask about it."""
        question = PromptMessage(role="user", content=TextContent(text="What is in it?"))
        return [Image(PNG, "image/png"), question]


def add_resources(server: Server) -> None:
    """Resources with text and bytes; the first one is what peers read without knowing it."""
    server.add_resource(
        "test://static-text",
        "This resource never changes.",
        name="static-text",
        description="A text.",
        mime_type="text/plain",
    )
    server.add_resource(
        "test://static-binary", PNG, name="static-binary", description="A picture.", mime_type="image/png"
    )

    @server.resource(WATCHED, name="watched-resource", mime_type="text/plain")
    def watched() -> str:
        """Hold what peers subscribe to."""
        return "Watch this."

    @server.resource("test://template/{id}/data", name="template", mime_type="application/json")
    def templated(id: str) -> dict[str, str]:  # noqa: A002 - the peers' word
        """Hold the data of one id."""
        return {"id": id, "data": f"The data of {id}."}
