"""The pages hang together: each can be reached from the first, and each page of the guide from its table."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
GUIDE = sorted(path.name for path in (DOCS / "guide").glob("*.md") if path.name != "index.md")


def lead_to(page: Path) -> set[Path]:
    """Return the pages that the lists of contents of a page name."""
    found: set[Path] = set()
    for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line and not line.startswith(":"):
                found |= set(page.parent.glob(f"{line}.md"))
    return found - {page}


def test_every_page_can_be_reached_from_the_first() -> None:
    reached: set[Path] = set()
    left = {DOCS / "index.md"}
    while left:
        page = left.pop()
        reached.add(page)
        left |= lead_to(page) - reached
    assert reached == set(PAGES)


@pytest.mark.parametrize("name", GUIDE)
def test_a_page_of_the_guide_is_in_its_table(name: str) -> None:
    assert f"]({name})" in (DOCS / "guide" / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+\.(?:md|py))(?:#[\w-]+)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
