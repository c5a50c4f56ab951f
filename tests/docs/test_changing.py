"""The pages on servers that change, on lists and on mounting show what their examples print."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("page", "example"),
    [
        ("changing-at-run-time", "changing"),
        ("lists-and-caching", "paging"),
        ("one-server-of-many", "mounting"),
    ],
)
def test_an_example_prints_what_its_page_shows(page, example):
    text = (DOCS / "guide" / f"{page}.md").read_text("utf-8")
    (shown,) = re.findall(rf"\$ python {example}\.py\n(.*?)```", text, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", f"{example}.py"],
        cwd=DOCS / "examples",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", shown)
