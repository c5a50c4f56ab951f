"""Every requirement of the specification has a test or a reason, and every test named exists."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

from tests.requirements.book import (
    BEHAVIOURS,
    LISTS,
    REVISIONS,
    UNASSIGNED,
    format_behaviours,
    format_list,
    parse_behaviours,
    parse_list,
    read_behaviours,
    read_entries,
    read_pages,
    read_reasons,
)
from tests.requirements.sentences import STRENGTH

ROOT = Path(__file__).parents[2]


def test_every_requirement_has_been_decided() -> None:
    assert [str(entry) for entry in read_entries() if entry.key == UNASSIGNED] == []


def test_every_requirement_leads_to_one_reason_or_one_behaviour() -> None:
    reasons, behaviours = read_reasons(), read_behaviours()
    assert reasons.keys() & behaviours.keys() == set()
    known = reasons.keys() | behaviours.keys()
    assert [f"{entry} {entry.key}" for entry in read_entries() if entry.key not in known] == []


def test_every_behaviour_is_asked_for_by_a_requirement() -> None:
    assert read_behaviours().keys() - {entry.key for entry in read_entries()} == set()


def test_every_reason_is_given_somewhere() -> None:
    directly = {entry.key for entry in read_entries()}
    for_behaviours = {behaviour.reason for behaviour in read_behaviours().values()}
    assert read_reasons().keys() - directly - for_behaviours == set()


def test_no_behaviour_has_both_tests_and_a_reason() -> None:
    for key, behaviour in read_behaviours().items():
        assert not behaviour.tests or behaviour.reason is None, key
        assert behaviour.reason is None or behaviour.reason in read_reasons(), key


def test_every_behaviour_that_is_ours_has_a_test() -> None:
    assert [key for key, behaviour in read_behaviours().items() if behaviour.is_pending] == []


def test_every_test_named_exists_and_runs() -> None:
    for key, behaviour in read_behaviours().items():
        for name in behaviour.tests:
            file, separator, function = name.partition("::")
            assert separator, f"{key}: {name!r} is no test; expected 'tests/part/test_file.py::test_name'"
            assert function in running_tests(file), f"{key}: {name} does not exist, or is skipped"


def test_no_behaviour_names_a_test_twice() -> None:
    for key, behaviour in read_behaviours().items():
        assert [name for name, count in Counter(behaviour.tests).items() if count > 1] == [], key


def test_one_sentence_on_the_same_page_of_several_revisions_has_one_key() -> None:
    keys: dict[tuple[str, str], set[str]] = {}
    for entry in read_entries():
        keys.setdefault((entry.page, entry.digest), set()).add(entry.key)
    assert {place: found for place, found in keys.items() if len(found) > 1} == {}


def test_no_requirement_stands_twice() -> None:
    counts = Counter(entry.identity for entry in read_entries())
    assert [identity for identity, count in counts.items() if count > 1] == []


def test_the_lists_hold_all_revisions_and_nothing_but_places_levels_and_hashes() -> None:
    assert sorted(path.name for path in LISTS.iterdir()) == sorted(REVISIONS)
    for entry in read_entries():
        assert re.fullmatch(r"[0-9a-f]{64}", entry.digest), entry
        assert entry.level in STRENGTH, entry
        assert re.fullmatch(r"[\w./-]+", entry.page), entry
        assert re.fullmatch(r"[\w-]+", entry.anchor), entry


def test_all_files_are_written_as_the_commands_write_them() -> None:
    for path in LISTS.glob("*/*.txt"):
        text = path.read_text(encoding="utf-8")
        assert format_list(parse_list(path.parent.name, text)) == text, path
    for path in BEHAVIOURS.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert format_behaviours(parse_behaviours(text)) == text, path


def test_a_page_that_is_left_out_has_a_reason_and_is_not_in_the_lists() -> None:
    pages = {(entry.revision, entry.page) for entry in read_entries()}
    for name, page in read_pages().items():
        assert page.reason, name
        assert set(page.revisions) <= set(REVISIONS), name
        assert [revision for revision in page.revisions if (revision, name) in pages] == [], name


@cache
def running_tests(file: str) -> frozenset[str]:
    path = ROOT / file
    if not file.startswith("tests/") or not path.is_file():
        return frozenset()
    functions = [
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    return frozenset(function.name for function in functions if not is_switched_off(function))


def is_switched_off(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    marks = " ".join(ast.unparse(decorator) for decorator in function.decorator_list)
    return re.search(r"\.mark\.(skip|xfail)\b", marks) is not None
