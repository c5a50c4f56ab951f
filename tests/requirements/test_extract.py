"""A specification is compared with the lists, and the lists are brought up to date. Samples are invented."""

from pathlib import Path

import attrs
import pytest
from tests.requirements import book
from tests.requirements.assign import assign
from tests.requirements.book import REVISIONS, UNASSIGNED, Behaviour, Entry, Page
from tests.requirements.extract import differences, listed, main, read_specification, with_known_keys


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for revision in REVISIONS:
        page = tmp_path / revision / "basic" / "bees.mdx"
        page.parent.mkdir(parents=True)
        page.write_text("# Flight\n\nBees MUST fly. Bees SHOULD rest.\n", encoding="utf-8")
    (tmp_path / "2024-11-05" / "news.mdx").write_text("Nothing is asked here.\n", encoding="utf-8")
    return tmp_path


NEWS = {"news": Page(revisions=("2024-11-05",), empty=True, reason="It is news.")}


def entries_of(folder: Path) -> list[Entry]:
    return list(read_specification(folder).sentences)


def test_a_specification_is_read_page_by_page_for_all_revisions(folder: Path) -> None:
    specification = read_specification(folder)
    assert list(specification.sentences.values()) == ["Bees MUST fly.", "Bees SHOULD rest."] * 5
    assert ("2024-11-05", "news") in specification.pages
    entry = entries_of(folder)[0]
    assert (entry.revision, entry.page, entry.anchor, entry.level) == (
        "2024-11-05",
        "basic/bees",
        "flight",
        "MUST",
    )


def test_a_revision_without_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="2024-11-05"):
        read_specification(tmp_path)


def test_lists_that_agree_have_no_differences(folder: Path) -> None:
    assert differences(read_specification(folder), entries_of(folder), NEWS) == []


def test_what_is_missing_is_named_with_its_sentence_and_what_is_superfluous_with_its_key(
    folder: Path,
) -> None:
    entries = entries_of(folder)
    stale = attrs.evolve(entries[0], digest="0" * 64, key="flight")
    lines = differences(read_specification(folder), [stale, *entries[1:]], NEWS)
    assert lines == [
        f"missing: 2024-11-05/basic/bees#flight MUST {entries[0].digest}\n    Bees MUST fly.",
        f"superfluous: 2024-11-05/basic/bees#flight MUST {'0' * 64} (flight)",
    ]


def test_a_changed_level_is_missing_and_superfluous(folder: Path) -> None:
    entries = entries_of(folder)
    changed = attrs.evolve(entries[0], level="SHOULD")
    lines = differences(read_specification(folder), [changed, *entries[1:]], NEWS)
    assert [line.partition(":")[0] for line in lines] == ["missing", "superfluous"]


def test_a_page_that_nobody_decided_on_is_named(folder: Path) -> None:
    lines = differences(read_specification(folder), entries_of(folder), {})
    assert lines == ["missing page: 2024-11-05/news is neither in the lists nor in pages.toml"]


def test_a_page_that_is_gone_is_named(folder: Path) -> None:
    gone = {**NEWS, "old": Page(revisions=("2024-11-05",), empty=True, reason="It was.")}
    lines = differences(read_specification(folder), entries_of(folder), gone)
    assert lines == ["superfluous page: 2024-11-05/old stands in pages.toml"]


def test_a_page_left_out_as_empty_is_missed_when_it_begins_to_ask(folder: Path) -> None:
    known = entries_of(folder)
    (folder / "2024-11-05" / "news.mdx").write_text("Bees MUST be heard.\n", encoding="utf-8")
    assert len(differences(read_specification(folder), known, NEWS)) == 1
    repeats = {"news": attrs.evolve(NEWS["news"], empty=False)}
    assert differences(read_specification(folder), known, repeats) == []


def test_a_known_sentence_keeps_its_key_and_a_new_one_has_none(folder: Path) -> None:
    wanted = list(listed(read_specification(folder), NEWS))
    known = [attrs.evolve(wanted[0], key="flight", anchor="moved"), attrs.evolve(wanted[2], key="elsewhere")]
    keyed = with_known_keys(wanted, known)
    assert [entry.key for entry in keyed[:4]] == ["flight", UNASSIGNED, "elsewhere", UNASSIGNED]
    assert keyed[4].key == "flight"


def test_a_list_is_written_and_read_as_the_same_entries(folder: Path) -> None:
    entries = [attrs.evolve(entry, key="flight") for entry in entries_of(folder)[:2]]
    text = book.format_list(entries)
    assert text.startswith("basic/bees\n  flight MUST ")
    assert book.parse_list("2024-11-05", text) == entries


def test_the_command_shows_every_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == 0
    assert capsys.readouterr().out.count("Bees MUST fly.") == 5


def test_the_check_ends_with_1_when_the_lists_are_of_another_specification(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), "--check"]) == 1
    output = capsys.readouterr().out
    assert "missing: 2024-11-05/basic/bees#flight MUST" in output
    assert output.endswith(" differences\n")


def test_a_test_is_added_to_a_behaviour_once_and_takes_the_place_of_a_reason(tmp_path: Path) -> None:
    behaviours = {"fly": Behaviour(says='Bees "fly".', reason="later"), "rest": Behaviour(says="Bees rest.")}
    file = tmp_path / "bees.toml"
    file.write_text(book.format_behaviours(behaviours), encoding="utf-8")
    for _ in range(2):
        assign(tmp_path, "fly", ["tests/test_bees.py::test_fly"])
    read = book.parse_behaviours(file.read_text(encoding="utf-8"))
    assert read == {
        "fly": Behaviour(says='Bees "fly".', tests=("tests/test_bees.py::test_fly",)),
        "rest": behaviours["rest"],
    }
    with pytest.raises(KeyError, match="sting"):
        assign(tmp_path, "sting", ["tests/test_bees.py::test_sting"])
