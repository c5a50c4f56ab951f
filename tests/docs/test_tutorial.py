"""The tutorial's server and client do what its page says, in every revision."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sansmcp import RequestFailed, accept
from sansmcp.schema import REVISIONS, PromptReference, ResourceTemplateReference
from sansmcp_threads import connect

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
PATIENCE = 60


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder of the examples."""
    return subprocess.run(words, cwd=EXAMPLES, capture_output=True, text=True, timeout=PATIENCE, check=False)


def shown_for(command: str) -> str:
    """Return what the page shows for a command."""
    (shown,) = re.findall(rf"\$ {re.escape(command)}\n(.*?)```", PAGE, re.DOTALL)
    return shown


def python(*words: str) -> list[str]:
    return [sys.executable, "-W", "error", *words]


def test_the_client_prints_what_the_page_shows(tmp_path) -> None:
    done = run(*python("notes_client.py", str(tmp_path / "notes.db")))
    assert (done.returncode, done.stderr) == (0, "")
    # A report of progress may be overtaken by the next one before it left.
    overtaken = re.sub(r"(?m)^1 of 2: .*\n", "", shown_for("python notes_client.py notes.db"))
    assert re.sub(r"(?m)^1 of 2: .*\n", "", done.stdout) == overtaken


def test_the_terminal_shows_what_the_page_shows(tmp_path) -> None:
    server = [*python("notes_server.py"), str(tmp_path / "notes.db")]
    sansmcp = [sys.executable, "-m", "sansmcp_cli.main"]
    called = run(*sansmcp, "call", *server, "--", "add_note", "title=Bread", "text=Flour, water, salt.")
    assert called.stdout == shown_for(
        'sansmcp call python notes_server.py notes.db -- add_note title=Bread text="Flour, water, salt."'
    )
    refused = run(*sansmcp, "call", *server, "--", "search_notes", "words=bread", "limit=1000")
    assert refused.returncode == 1
    assert refused.stderr == shown_for(
        "sansmcp call python notes_server.py notes.db -- search_notes words=bread limit=1000"
    )
    read = run(*sansmcp, "read", *server, "--", "notes://note/1")
    assert read.stdout == shown_for("sansmcp read python notes_server.py notes.db -- notes://note/1")


def test_the_server_without_a_database_says_how_it_is_used() -> None:
    done = run(*python("notes_server.py"))
    assert (done.returncode, done.stderr) == (1, "usage: python notes_server.py DATABASE\n")


@pytest.mark.parametrize("revision", REVISIONS)
def test_everything_works_in_every_revision(revision, tmp_path) -> None:
    command = python(str(EXAMPLES / "notes_server.py"), str(tmp_path / "notes.db"))
    asked: list[str] = []

    def ask_user(question):
        asked.append(question.message)
        return accept({"value": True})

    with connect(command, revisions=[revision], elicitation=ask_user) as client:
        assert client.revision == revision
        with client.resource_updates("notes://tag/kitchen") as updates:
            added = client.call_tool("add_note", {"title": "Bread", "text": "Flour", "tag": "kitchen"})
            assert '"id":1' in added.content[0].text
            assert next(updates) == "notes://tag/kitchen"
        client.call_tool("import_notes", {"notes": ["Soup\nLeeks", "Tea\nMint"]})
        found = client.call_tool("search_notes", {"words": "leeks"})
        assert "Soup" in found.content[0].text
        assert client.read_resource("notes://note/1").contents[0].text == "# Bread\n\nFlour\n"
        with pytest.raises(RequestFailed) as missing:
            client.read_resource("notes://note/99")
        assert missing.value.is_resource_not_found
        template = ResourceTemplateReference(uri="notes://tag/{tag}")
        assert client.complete(template, "tag", "k").completion.values == ("kitchen",)
        prompt = PromptReference(name="summary")
        assert client.complete(prompt, "length", "s").completion.values == ("short",)
        said = client.get_prompt("summary", {"tag": "kitchen", "length": "long"}).messages[0].content.text
        assert said.startswith("Write a long summary")
        deleted = client.call_tool("delete_note", {"note": 1})
        # Forms came with 2025-06-18.
        assert (asked == ["Delete note 1 for good?"]) == (revision >= "2025-06-18")
        assert deleted.is_error is not (revision >= "2025-06-18")
        left = client.call_tool("search_notes", {"words": "bread"}).content[0].text
        assert ("Bread" in left) == (revision < "2025-06-18")
