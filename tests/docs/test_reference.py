"""The reference has a page for every part of the core and for every binding that is imported."""

import pkgutil
from pathlib import Path

import pytest

import sansmcp

API = Path(__file__).parents[2] / "docs" / "api"
PARTS = [f"sansmcp.{found.name}" for found in pkgutil.iter_modules(sansmcp.__path__)]


@pytest.mark.parametrize("part", [*PARTS, "sansmcp_asyncio"])
def test_every_part_is_in_the_reference(part):
    pages = "".join(path.read_text(encoding="utf-8") for path in API.glob("*.md"))
    assert f".. public-names:: {part}\n" in pages
