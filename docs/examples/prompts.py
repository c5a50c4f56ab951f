"""A prompt with typed arguments, and a client that fills it in."""

from typing import Annotated, Literal

from sansmcp import Description, RequestFailed, Server
from sansmcp.schema import PromptMessage, TextContent
from sansmcp.testing import connect

server = Server("reviewer", version="1.0")


@server.prompt
def review(
    title: str,
    words: Annotated[int, Description("How long.")] = 100,
    tone: Literal["kind", "frank"] = "kind",
) -> list[str | PromptMessage]:
    """Review a book.

    Args:
        title: Which book.
    """
    return [
        f"Review {title} in {words} words; be {tone}.",
        PromptMessage(role="assistant", content=TextContent(text="I have read it twice.")),
    ]


with connect(server) as client:
    (prompt,) = client.list_prompts().prompts
    for argument in prompt.arguments or ():
        print(argument.name, argument.required, argument.description)
    for message in client.get_prompt("review", {"title": "Emma", "words": "20"}).messages:
        if isinstance(message.content, TextContent):
            print(f"{message.role}: {message.content.text}")
    try:
        client.get_prompt("review", {"title": "Emma", "words": "few"})
    except RequestFailed as error:
        print(error.message)
