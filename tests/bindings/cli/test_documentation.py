"""What the page on the command line shows is what happens."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.bindings.cli.commands import GUARD, SANSMCP

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "command-line.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SHOWN = [shown for block in BLOCKS for shown in re.split(r"^\$ ", block, flags=re.MULTILINE) if shown]


@pytest.mark.parametrize("shown", SHOWN, ids=[shown.splitlines()[0] for shown in SHOWN])
def test_a_command_shows_what_the_page_says(shown) -> None:
    line, _, expected = shown.partition("\n")
    words = [sys.executable if word == "python" else word for word in shlex.split(line)]
    assert words[0] == "sansmcp"
    done = subprocess.run(
        [*SANSMCP, *words[1:]],
        cwd=DOCS / "examples",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=GUARD,
        check=False,
    )
    assert done.stdout.rstrip("\n") == expected.rstrip("\n")


def test_the_page_has_an_example_of_each_command() -> None:
    assert {shlex.split(shown)[1] for shown in SHOWN} >= {"list", "call", "read"}
