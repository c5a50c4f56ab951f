"""A server of notes: `python notes_server.py DATABASE`."""

import sqlite3
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Annotated, Literal

import attrs

from sansmcp import Context, Description, Elicit, Ge, Le, MinLength, ResourceNotFound, Server, ToolError
from sansmcp.server import Complete
from sansmcp_threads import serve_stdio

if len(sys.argv) != 2:
    sys.exit("usage: python notes_server.py DATABASE")
DATABASE = sys.argv[1]

server = Server("notes", version="1.0", instructions="Search before you add a note on the same subject.")


@attrs.frozen
class Note:
    """One note."""

    id: int
    title: str
    text: str
    tag: str


@contextmanager
def database() -> Generator[sqlite3.Connection]:
    """Open the database for one step; what is done in it is done whole or not at all."""
    with closing(sqlite3.connect(DATABASE)) as connection, connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, title TEXT, text TEXT, tag TEXT)"
        )
        yield connection


def select(condition: str, *values: object) -> list[Note]:
    """Return the notes that meet a condition, in the order in which they were added."""
    with database() as connection:
        found = connection.execute(
            f"SELECT id, title, text, tag FROM notes WHERE {condition} ORDER BY id",  # noqa: S608 - ours alone
            values,
        )
        return [Note(*row) for row in found]


def insert(title: str, text: str, tag: str) -> Note:
    """Add a note."""
    with database() as connection:
        row = connection.execute("INSERT INTO notes (title, text, tag) VALUES (?, ?, ?)", (title, text, tag))
        return Note(row.lastrowid or 0, title, text, tag)


@server.tool
def add_note(title: Annotated[str, MinLength(1)], text: str, tag: str = "inbox") -> Note:
    """Add a note.

    Args:
        title: a few words that say what it is about.
        text: the note itself.
        tag: the one word under which it is filed.
    """
    note = insert(title, text, tag)
    server.resource_updated(f"notes://tag/{tag}")
    return note


@server.tool
def search_notes(words: str, limit: Annotated[int, Ge(1), Le(100)] = 10) -> list[Note]:
    """Find the notes that have all of the words in their title or text."""
    wanted = words.casefold().split()
    notes = ((note, f"{note.title} {note.text}".casefold()) for note in select("TRUE"))
    return list(islice((note for note, said in notes if all(word in said for word in wanted)), limit))


@server.resource("notes://note/{note}", mime_type="text/markdown")
def read_note(note: int) -> str:
    """One note, as Markdown."""
    found = select("id = ?", note)
    if not found:
        raise ResourceNotFound(f"notes://note/{note}")
    return f"# {found[0].title}\n\n{found[0].text}\n"


@server.resource("notes://tag/{tag}")
def notes_of(tag: str) -> list[Note]:
    """All notes under a tag, as JSON."""
    return select("tag = ?", tag)


@server.completer("notes://tag/{tag}", "tag")
def tags(typed: str) -> list[str]:
    """Propose the tags that begin with what was typed."""
    return sorted({note.tag for note in select("TRUE") if note.tag.startswith(typed)})


@server.prompt
def summary(
    tag: Annotated[str, Description("the tag of the notes"), Complete(tags)],
    length: Literal["short", "long"] = "short",
) -> str:
    """Sum up the notes under a tag."""
    notes = "\n\n".join(f"# {note.title}\n\n{note.text}" for note in select("tag = ?", tag))
    return f"Write a {length} summary of these notes:\n\n{notes}"


@server.tool
def import_notes(notes: list[str], ctx: Context, tag: str = "inbox") -> int:
    """Add many notes at once: the first line of each is its title. Returns how many."""
    for done, note in enumerate(notes, start=1):
        ctx.raise_if_cancelled()
        title, _, text = note.partition("\n")
        insert(title, text.strip(), tag)
        ctx.progress(done, len(notes), title)
    server.resource_updated(f"notes://tag/{tag}")
    return len(notes)


@server.tool
def delete_note(note: int, sure: Annotated[bool, Elicit("Delete note {note} for good?")]) -> str:
    """Delete a note, if the user agrees."""
    if not sure:
        return f"Note {note} stays."
    found = select("id = ?", note)
    if not found:
        raise ToolError(f"there is no note {note}; search_notes tells which there are")
    with database() as connection:
        connection.execute("DELETE FROM notes WHERE id = ?", (note,))
    server.resource_updated(f"notes://tag/{found[0].tag}")
    return f"Note {note} is deleted."


if __name__ == "__main__":
    serve_stdio(server)
