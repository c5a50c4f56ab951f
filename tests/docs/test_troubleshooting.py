"""Each text on the page about troubleshooting is what a user sees, and each advice on it helps."""

import importlib
import re
from pathlib import Path

import pytest
import tests.docs.http_troubles  # noqa: F401 - it registers its entries
from tests.docs.troubles import ANSWERS, TROUBLES, as_shown, of_call, of_program, sums

import sansmcp_asyncio
import sansmcp_threads
import sansmcp_trio
from sansmcp import LocalProtocolError
from sansmcp.schema import REVISIONS, Revision
from sansmcp.session import Timeouts

for part in ("at_start", "of_calls"):
    importlib.import_module(f"tests.docs.troubles_{part}")
PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ENTRIES = {
    entry: re.findall(r"```text\n(.*?)\n```", body, re.DOTALL)
    for entry, body in re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
}


def test_every_entry_is_produced() -> None:
    assert sorted(ENTRIES) == sorted(TROUBLES)
    assert len(ENTRIES) >= 20


@pytest.mark.parametrize("entry", TROUBLES)
def test_the_text_of_an_entry_is_what_is_seen(entry: str) -> None:
    produced = as_shown(TROUBLES[entry]())
    assert produced
    # A long list is cut on the page.
    expected = [
        text.removesuffix("...") if text.endswith(" ...") else text for text in ENTRIES.get(entry, [])
    ]
    cut = [
        text[: len(shown)] if whole.endswith(" ...") else text
        for text, shown, whole in zip(produced, expected, ENTRIES[entry], strict=True)
    ]
    assert cut == expected


@pytest.mark.parametrize("revision", REVISIONS)
def test_wrong_arguments_are_a_result_from_the_revision_on_that_the_page_names(revision: Revision) -> None:
    text = of_call(sums(), "add", {"a": "one", "b": 2}, revisions=[revision])
    is_result = text == "arguments.a: expected an integer, found 'one'"
    assert is_result is (revision >= "2025-11-25")


def test_a_setting_has_the_same_words_on_every_runtime() -> None:
    said = set()
    for binding in (sansmcp_asyncio, sansmcp_threads, sansmcp_trio):
        with pytest.raises(LocalProtocolError) as caught:
            binding.connect(sums(), timeout=3)
        said.add(str(caught.value))
    assert len(said) == 1


def test_a_result_that_breaks_its_schema_can_be_let_through() -> None:
    source = f'{ANSWERS}    else: answer({{"structuredContent": {{}}, "content": []}})'
    seen = []

    def use(client: sansmcp_threads.Client) -> None:
        seen.append(client.call_tool("add").structured_content)
        raise InterruptedError

    assert of_program(source, use, validate="off") == "InterruptedError"
    assert seen == [{}]


def test_the_defaults_that_the_page_names_are_so() -> None:
    timeouts = Timeouts()
    assert (timeouts.request, timeouts.request_maximum) == (60.0, 600.0)
    assert "timeouts=Timeouts(probe=" in PAGE
    assert timeouts.probe == 5.0


def test_the_first_of_a_name_makes_room() -> None:
    server = sums()
    server.tools["add"].remove()
    server.add_tool(lambda: 1, name="add")
    assert list(server.tools) == ["add"]
