"""The page about the suite says what is expected, and what is left to later."""

from tests.conformance.page import PAGE, written


def test_the_tables_of_the_page_are_up_to_date():
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page, "run `uv run python -m tests.conformance.page`"
