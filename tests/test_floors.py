"""The floors of the core, its ban on I/O, and its size budget; and that each breach would be seen."""

from pathlib import Path

import pytest
from tests.floors import (
    breaches_of_floors,
    cycles,
    findings,
    foreign_imports,
    impure_code,
    modules_under,
    mostly_long,
    oversize,
)

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src"


@pytest.fixture(scope="module")
def core():
    return modules_under(SOURCES)


def written(folder, files):
    """Write modules, each under its path within the package, and parse them."""
    for name, text in files.items():
        path = folder.joinpath("sansmcp", name).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return modules_under(folder)


def test_the_walk_sees_the_whole_core(core):
    folders = {module.folder for module in core}
    assert {"", "errors", "values", "wire", "schema", "session", "testing"} <= folders


def test_a_module_imports_from_its_own_folder_or_below(core):
    assert breaches_of_floors(core) == []


def test_the_core_imports_only_what_reaches_nothing_outside(core):
    assert foreign_imports(core) == []


def test_the_core_does_no_io_reads_no_clock_and_has_no_coroutine(core):
    assert impure_code(core) == []


def test_no_modules_import_each_other(core):
    assert cycles(core) == []


def test_files_and_functions_stay_within_their_budget(core):
    assert oversize(core) == []
    assert mostly_long(core) == []


@pytest.mark.parametrize("folder", ["bindings", "benchmarks", "tests", "docs"])
def test_what_stands_around_the_core_stays_within_its_budget_too(folder):
    modules = modules_under(ROOT / folder)
    assert modules
    assert oversize(modules) == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"wire/a": "from sansmcp.schema import Codec\n"}, "sansmcp.schema, which is not below wire"),
        ({"wire/a": "from sansmcp import schema\n", "schema/__init__": ""}, "sansmcp.schema, which is not"),
        ({"server/a": "import sansmcp.client.calls\n"}, "sansmcp.client.calls, which is not below server"),
        ({"session/a": "from sansmcp import Server\n"}, "sansmcp, which is not below session"),
        ({"wire/a": "from . import b\n"}, "write the whole name"),
        ({"attic/a": "x = 1\n"}, "'attic' is on no floor"),
    ],
)
def test_an_import_of_another_floor_is_found(tmp_path, files, said):
    (found,) = breaches_of_floors(written(tmp_path, files))
    assert said in found


@pytest.mark.parametrize(
    "line",
    [
        "import socket",
        "import asyncio",
        "from concurrent.futures import Future",
        "import os.path",
        "from time import monotonic",
        "import random",
        "import logging",
        "from urllib.request import urlopen",
        "import http.client",
        "import cattrs",
        "import pydantic",
    ],
)
def test_an_import_of_a_foreign_module_is_found(tmp_path, line):
    (found,) = foreign_imports(written(tmp_path, {"session/a": f"{line}\n"}))
    assert "imports " in found


@pytest.mark.parametrize(
    "line",
    [
        "x = open('f')",
        "print('hello')",
        "show = print",
        "x = input()",
        "import datetime; x = datetime.datetime.now()",
        "from datetime import date; x = date.today()",
        "import uuid; x = uuid.uuid4()",
        "from uuid import uuid4",
        "import sys; x = sys.stdin",
        "async def f(): ...",
        "eval('1')",
    ],
)
def test_what_reaches_outside_is_found(tmp_path, line):
    assert impure_code(written(tmp_path, {"session/a": f"{line}\n"}))


def test_modules_that_import_each_other_are_found(tmp_path):
    modules = written(
        tmp_path,
        {
            "wire/a": "from sansmcp.wire.b import x\n",
            "wire/b": "import sansmcp.wire.c\n",
            "wire/c": "def f():\n    from sansmcp.wire import a\n",
        },
    )
    assert cycles(modules) == [
        "sansmcp.wire.a imports sansmcp.wire.b imports sansmcp.wire.c imports sansmcp.wire.a"
    ]


def test_what_is_past_the_budget_is_found(tmp_path):
    lines = "    x = 1\n"
    modules = written(
        tmp_path,
        {
            "wire/long": "x = 1\n" * 501,
            "wire/function": f"def f():\n{lines * 61}",
            "schema/many": "".join(f"def f{number}():\n{lines * 31}" for number in range(2)),
        },
    )
    found = [*oversize(modules), *mostly_long(modules)]
    assert [sentence for sentence in found if "501 lines" in sentence]
    assert [sentence for sentence in found if "f has 61 lines" in sentence]
    assert [sentence for sentence in found if sentence.startswith("schema: nine in ten")]


def test_all_checks_run_together(tmp_path):
    assert findings(written(tmp_path, {"wire/a": "import socket\nprint(1)\n"})) != []
