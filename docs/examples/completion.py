"""Proposals for what users type into the arguments of prompts and templates."""

from typing import Annotated, Literal

from sansmcp import Server
from sansmcp.schema import CompleteRequestParams, PromptReference, ResourceTemplateReference
from sansmcp.server import Complete
from sansmcp.testing import connect

BOOKS = {"Austen": ["Emma", "Persuasion"], "Melville": ["Moby-Dick"]}

server = Server("library", version="1.0")


@server.prompt
def review(
    author: Annotated[str, Complete(list(BOOKS))],
    title: str,
    tone: Literal["kind", "frank"] = "kind",
) -> str:
    """Review a book."""
    return f"Review {title} by {author}; be {tone}."


@server.completer("review", "title")
def titles(typed: str, settled: dict[str, str]) -> list[str]:
    books = BOOKS.get(settled.get("author", ""), [])
    return [title for title in books if title.startswith(typed)]


@server.resource("books://{author}")
def books(author: str) -> list[str]:
    """List the books of an author."""
    return BOOKS[author]


@server.completer
def everything_else(asked: CompleteRequestParams) -> list[str]:
    return [author for author in BOOKS if author.startswith(asked.argument.value)]


with connect(server) as client:
    prompt = PromptReference(name="review")
    print(client.complete(prompt, "author", "a").completion.values)
    print(client.complete(prompt, "title", "", context={"author": "Austen"}).completion.values)
    print(client.complete(prompt, "tone", "").completion.values)
    template = ResourceTemplateReference(uri="books://{author}")
    print(client.complete(template, "author", "M").completion)
