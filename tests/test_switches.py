"""Switches for changed behaviour (row L17): each is a constructor's argument, and has an end and a test."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import sansmcp
from sansmcp.switches import SWITCHES, Switch

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r"\d+\.\d+\.\d+")


def numbers(version):
    assert VERSION.fullmatch(version), version
    return tuple(int(part) for part in version.split("."))


def faults(switch, version, tests):
    """Say what is wrong with a row.

    Args:
        switch: the row.
        version: the version of this tree.
        tests: the texts of all tests.
    """
    module, _, name = switch.owner.rpartition(".")
    owner = getattr(importlib.import_module(module), name, None)
    found = []
    parameter = None if owner is None else inspect.signature(owner).parameters.get(switch.argument)
    if parameter is None:
        found.append(f"{switch.owner}(...) has no argument {switch.argument}")
    elif parameter.default is inspect.Parameter.empty:
        found.append(f"{switch.owner}({switch.argument}=...) has no default, which is the new behaviour")
    if not numbers(switch.since) < numbers(switch.removed_in):
        found.append(f"{switch.argument} is removed in {switch.removed_in}, before it came in {switch.since}")
    if numbers(switch.removed_in) <= numbers(version):
        found.append(f"{switch.argument} was to be removed in {switch.removed_in}; this is {version}")
    if len(re.findall(rf"\b{switch.argument}\s*=", tests)) < 2:
        found.append(f"{switch.argument} is not tested both ways")
    return found


def version():
    (found,) = re.findall(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    return found


def all_tests():
    paths = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_each_switch_is_an_argument_with_a_default_an_end_and_tests_of_both_ways():
    tests = all_tests()
    assert [fault for switch in SWITCHES for fault in faults(switch, version(), tests)] == []
    assert len({(switch.owner, switch.argument) for switch in SWITCHES}) == len(SWITCHES)


GOOD = {
    "owner": "sansmcp.server.Server",
    "argument": "reveal_errors",
    "since": "0.1.0",
    "removed_in": "99.0.0",
    "meaning": "Clients are told what handlers raise.",
}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"argument": "no_such"}, "has no argument no_such"),
        ({"owner": "sansmcp.server.NoSuch"}, "has no argument reveal_errors"),
        ({"argument": "version"}, "has no default"),
        ({"removed_in": "0.0.9"}, "before it came in"),
        ({"since": "0.0.1", "removed_in": "0.0.2"}, "was to be removed"),
        ({"argument": "website_url"}, None),
    ],
)
def test_a_row_that_promises_what_is_not_so_is_found(change, fault):
    found = faults(Switch(**{**GOOD, **change}), "0.1.0", "reveal_errors=True reveal_errors=False")
    assert any(fault in text for text in found) if fault else found[-1].endswith("not tested both ways")


def test_a_row_that_is_so_passes():
    assert faults(Switch(**GOOD), "0.1.0", "reveal_errors=True, reveal_errors = False") == []


def test_the_core_reads_no_environment():
    for path in Path(sansmcp.__file__).parent.rglob("*.py"):
        assert not re.search(r"\bos\.environ|getenv", path.read_text(encoding="utf-8")), path
