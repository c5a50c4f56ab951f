"""The list of what waits for later work is well formed, and nothing on it is claimed elsewhere."""

import re
from pathlib import Path

from tests.requirements.deferred import deferred_cases, deferred_parts, listed_cases, rows, works

TESTS = Path(__file__).parents[1]


def test_every_row_has_a_well_formed_id_and_stands_once() -> None:
    assert [row for row in rows() if not re.fullmatch(r"[A-Z][1-9][0-9]?", row)] == []
    assert len(set(rows())) == len(rows())


def test_every_deferred_part_belongs_to_a_known_row() -> None:
    assert {part.row for part in deferred_parts()} - set(rows()) == set()


def test_deferred_parts_stand_in_the_order_of_the_rows() -> None:
    order = rows()
    positions = [order.index(part.row) for part in deferred_parts()]
    assert positions == sorted(positions)


def test_no_part_and_no_case_is_deferred_twice() -> None:
    parts = [(part.row, part.part) for part in deferred_parts()]
    assert len(set(parts)) == len(parts)
    assert len(deferred_cases()) == len(listed_cases())


def test_every_deferred_piece_says_why_and_waits_for_a_known_work() -> None:
    pieces = [(piece.due, piece.reason) for piece in deferred_parts()]
    pieces += [(piece.due, piece.reason) for piece in listed_cases()]
    assert {due for due, _ in pieces} == set(works())
    assert [reason for _, reason in pieces if not reason.endswith(".")] == []


def test_every_deferred_case_has_a_well_formed_id() -> None:
    assert [case for case in deferred_cases() if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", case)] == []


def test_no_deferred_case_is_named_by_a_test() -> None:
    for path in sorted(TESTS.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        named = [case for case in deferred_cases() if case in text]
        assert named == [], f"{path.relative_to(TESTS)} names cases that deferred.toml says are not run"
